/** Makes the script that other people's pages load from its sources: `npm run embed`. A test sees that it was not forgotten. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./wrangler.ts";

const folder = join(root, "src", "assurance", "controls", "embed");

/** Where the made module lies. */
export const embedScriptPath = join(folder, "script.ts");

/** The module: one classic script, small and without dependencies, as text. */
export async function embedScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, "browser", "element.ts")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
  });
  const text = outputFiles.map((file) => file.text).join("");
  return `/** Made of \`browser/element.ts\` by \`npm run embed\`. */\nexport const elementScript =\n  ${JSON.stringify(text)};\n`;
}

if (import.meta.main) writeFileSync(embedScriptPath, await embedScript());

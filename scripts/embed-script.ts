/** `npm run embed`: builds the script for other pages from its sources. A house test checks that it is up to date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./wrangler.ts";

const folder = join(root, "src", "assurance", "controls", "embed");

/** The path of the built module. */
export const embedScriptPath = join(folder, "script.ts");

/** The module: one classic script without dependencies, as text. */
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

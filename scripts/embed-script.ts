/** `npm run embed`: builds the scripts that run in browsers from their sources. A house test checks that they are up to date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./wrangler.ts";

/** A script of the service, and the module that carries it as text. */
interface BrowserScript {
  /** Relative to `folder`. */
  readonly source: string;
  readonly folder: string;
  readonly target: string;
  readonly name: string;
}

export const browserScripts: readonly BrowserScript[] = [
  {
    folder: "src/assurance/controls/embed",
    source: "browser/element.ts",
    target: "script.ts",
    name: "elementScript",
  },
];

/** The path of the built module. */
export const pathOf = ({ folder, target }: BrowserScript): string => join(root, folder, target);

/** The module: one classic script without dependencies, as text. */
export async function moduleOf({ folder, source, name }: BrowserScript): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, folder, source)],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
  });
  const text = outputFiles.map((file) => file.text).join("");
  return `/** Made of \`${source}\` by \`npm run embed\`. */\nexport const ${name} =\n  ${JSON.stringify(text)};\n`;
}

if (import.meta.main) {
  for (const script of browserScripts) writeFileSync(pathOf(script), await moduleOf(script));
}

/** `npm run scaffold:pack`: packs the templates of the starter projects into a module of the Worker. A house test compares them. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { root } from "./wrangler.ts";

const room = join(root, "src/identity/scaffold");
const languages = join(room, "languages");

/** The path of the packed module. */
export const packedPath = join(room, "templates.ts");

/** Folders that the tools of a language make. They are not part of a project. */
const made = ["node_modules", "dist", "target", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache"];

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (made.includes(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** The files of each language, by their path in the project. Those with its SDK are in `<language>-sdk`. */
function filesByLanguage(suffix = ""): Record<string, Record<string, string>> {
  const filesOf = (language: string) => {
    const folder = join(languages, language + suffix);
    const entries = filesUnder(folder).map((file) => [
      relative(folder, file).split(sep).join("/"),
      readFileSync(file, "utf8"),
    ]);
    return Object.fromEntries(entries.sort());
  };
  const present = ["go", "java", "python", "rust", "typescript"].map((language) => [language, filesOf(language)]);
  return Object.fromEntries(present.filter(([, files]) => Object.keys(files ?? {}).length > 0));
}

function packed(languages: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const texts = Object.entries(languages).map(([language, files]) => {
    const lines = Object.entries(files).map(([path, text]) => `    ${JSON.stringify(path)}: ${JSON.stringify(text)},`);
    return `  ${language}: {\n${lines.join("\n")}\n  },`;
  });
  return texts.join("\n");
}

/** The module: a line for each file. */
export function packedModule(): string {
  return `/** Made of \`languages/\` by \`npm run scaffold:pack\`. */
import type { ScaffoldLanguage } from "./schema.ts";

export const templates: Readonly<Record<ScaffoldLanguage, Readonly<Record<string, string>>>> = {
${packed(filesByLanguage())}
};

/** The same projects with the SDK of their language, without the files that are equal. */
export const sdkTemplates: Readonly<Partial<Record<ScaffoldLanguage, Readonly<Record<string, string>>>>> = {
${packed(filesByLanguage("-sdk"))}
};
`;
}

if (import.meta.main) writeFileSync(packedPath, packedModule());

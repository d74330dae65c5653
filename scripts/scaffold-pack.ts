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

/** The files in the folder of a form, by their path in the project; null where there is no such form. */
function filesOf(form: string): Record<string, string> | null {
  const folder = join(languages, form);
  const entries = filesUnder(folder).map((file) => [
    relative(folder, file).split(sep).join("/"),
    readFileSync(file, "utf8"),
  ]);
  return entries.length === 0 ? null : Object.fromEntries(entries.sort());
}

interface Form {
  readonly language: string;
  /** Of its constant. */
  readonly name: string;
  readonly hasSdk: boolean;
  readonly files: Readonly<Record<string, string>>;
}

/** The form with an SDK comes right after the plain one: gzip then finds what they have in common. */
function forms(): readonly Form[] {
  return ["go", "java", "python", "rust", "typescript"].flatMap((language) =>
    [false, true].flatMap((hasSdk) => {
      const files = filesOf(hasSdk ? `${language}-sdk` : language);
      return files ? [{ language, name: hasSdk ? `${language}Sdk` : language, hasSdk, files }] : [];
    }),
  );
}

function constantOf({ name, files }: Form): string {
  const lines = Object.entries(files).map(([path, text]) => `  ${JSON.stringify(path)}: ${JSON.stringify(text)},`);
  return `const ${name}: Files = {\n${lines.join("\n")}\n};\n`;
}

const membersOf = (all: readonly Form[]): string =>
  all.map(({ language, name }) => (language === name ? name : `${language}: ${name}`)).join(", ");

/** The module: a line for each file. */
export function packedModule(): string {
  const all = forms();
  return `/** Made of \`languages/\` by \`npm run scaffold:pack\`. */
import type { ScaffoldLanguage } from "./schema.ts";

type Files = Readonly<Record<string, string>>;

${all.map(constantOf).join("\n")}
export const templates: Readonly<Record<ScaffoldLanguage, Files>> = { ${membersOf(all.filter(({ hasSdk }) => !hasSdk))} };

/** The same projects with the SDK of their language, without the files that are equal. */
export const sdkTemplates: Readonly<Partial<Record<ScaffoldLanguage, Files>>> = { ${membersOf(all.filter(({ hasSdk }) => hasSdk))} };
`;
}

if (import.meta.main) writeFileSync(packedPath, packedModule());

/** The files of `src/` and `scripts/` as the house tests see them: their paths, their imports, their rooms and their floors. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export const root = join(import.meta.dirname, "..", "..");
const source = join(root, "src");

export interface Import {
  /** A package, or a file of this project relative to `src/`. */
  readonly target: string;
  readonly isPackage: boolean;
  /** `import type`: it shares a shape and calls nothing. */
  readonly isType: boolean;
}

export interface Module {
  /** Relative to `src/`, such as `identity/agents/store.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)(?<type>\stype)?\s(?:[^;"']*?\sfrom\s)?\s*["'](?<fixed>[^"']+)["']|\bimport\(\s*["'](?<dynamic>[^"']+)["']/g;

/** All files below a folder, as absolute paths. */
export function filesUnder(directory: string, skipped: readonly string[] = []): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.includes(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesUnder(path, skipped) : [path];
  });
}

function moduleAt(file: string): Module {
  const text = readFileSync(file, "utf8");
  const imports = [...text.matchAll(importPattern)].map(({ groups = {} }): Import => {
    const specifier = groups.fixed ?? groups.dynamic ?? "";
    const isPackage = !specifier.startsWith(".");
    return {
      target: isPackage ? specifier : relative(source, join(dirname(file), specifier)),
      isPackage,
      isType: groups.type !== undefined,
    };
  });
  return { path: relative(source, file), text, imports };
}

/** `languages`: the templates of the starter projects, which are texts for the Worker. */
const modulesUnder = (folder: string) =>
  filesUnder(folder, ["languages"])
    .filter((file) => file.endsWith(".ts"))
    .map(moduleAt);

/** The modules of the Worker. */
export const modules: readonly Module[] = modulesUnder(source);
/** The programs beside it; their paths begin with `../scripts/`. */
export const scripts: readonly Module[] = modulesUnder(join(root, "scripts"));

/** The modules of the pages for browsers, and of their build; what is generated is left out. */
export const pages: readonly Module[] = filesUnder(join(root, "web"), ["node_modules", "dist", ".cache"])
  .filter((file) => /\.tsx?$/.test(file) && !/[\\/]api[\\/]schema\.ts$/.test(file))
  .map(moduleAt);

/** The floors, lowest first. A file imports from its own floor and from those below it. */
export const floors: readonly (readonly string[])[] = [
  ["platform"],
  ["access"],
  ["events"],
  ["wing.ts"],
  ["ledger"],
  ["keys", "deliveries"],
  ["tenancy"],
  ["identity"],
  ["tasks", "messaging"],
  ["assurance"],
  ["app.ts", "wings.ts"],
  ["worker.ts"],
];

/** The floors whose folders are rooms. */
export const wings = ["tenancy", "identity", "tasks", "messaging", "assurance"];

/** The number of a file's floor, 0 for the lowest; -1 for a file that stands on none. */
export function floorOf(path: string): number {
  const [first = ""] = path.split("/");
  return floors.findIndex((floor) => floor.includes(first));
}

/** `identity/agents` for a file of that room; null for every other file. */
export function roomOf(path: string): string | null {
  const [wing = "", room = "", ...rest] = path.split("/");
  return wings.includes(wing) && rest.length > 0 ? `${wing}/${room}` : null;
}

/** What a file counts as when circles are looked for: its room, or the folder of its floor. */
export const unitOf = (path: string): string => roomOf(path) ?? path.split("/")[0] ?? path;

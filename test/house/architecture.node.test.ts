/** Keeps the house rules: who may import whom, how long a file may be, and what no file may mention. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const source = join(root, "src");
const longestLines = 300;

interface Import {
  /** A package, or a file of this project relative to `src/`. */
  readonly target: string;
  readonly isPackage: boolean;
  /** `import type`: it shares a shape and calls nothing. */
  readonly isType: boolean;
}

interface Module {
  /** Relative to `src/`, such as `identity/agents/store.ts`. */
  readonly path: string;
  readonly imports: readonly Import[];
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)(?<type>\stype)?\s(?:[^;"']*?\sfrom\s)?\s*["'](?<fixed>[^"']+)["']|\bimport\(\s*["'](?<dynamic>[^"']+)["']/g;

function filesUnder(directory: string, skipped: readonly string[] = []): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.includes(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesUnder(path, skipped) : [path];
  });
}

function moduleAt(file: string): Module {
  const imports = [...readFileSync(file, "utf8").matchAll(importPattern)].map(({ groups = {} }): Import => {
    const specifier = groups.fixed ?? groups.dynamic ?? "";
    const isPackage = !specifier.startsWith(".");
    return {
      target: isPackage ? specifier : relative(source, join(dirname(file), specifier)),
      isPackage,
      isType: groups.type !== undefined,
    };
  });
  return { path: relative(source, file), imports };
}

const modules = filesUnder(source)
  .filter((file) => file.endsWith(".ts"))
  .map(moduleAt);

type Among = (path: string) => boolean;

const under =
  (...folders: readonly string[]): Among =>
  (path) =>
    folders.some((folder) => path.startsWith(`${folder}/`));

/** `identity/agents` for a file of that room; null for every other file. */
function roomOf(path: string): string | null {
  const [wing = "", room = "", ...rest] = path.split("/");
  return ["identity", "messaging", "tasks"].includes(wing) && rest.length > 0 ? `${wing}/${room}` : null;
}

const inRoom: Among = (path) => roomOf(path) !== null;
const inRoomNamed =
  (...names: readonly string[]): Among =>
  (path) =>
    inRoom(path) && names.includes(basename(path));
/** `service.ts` and the plain modules beside it. */
const isRule: Among = (path) => inRoom(path) && !inRoomNamed("routes.ts", "store.ts", "schema.ts")(path);

/** Every import of the importers that is not allowed, as `importer → imported`. */
function violations(importers: Among, allowed: (imported: Import, importer: string) => boolean): string[] {
  return modules
    .filter(({ path }) => importers(path))
    .flatMap(({ path, imports }) => {
      return imports.filter((one) => !allowed(one, path)).map((one) => `${path} → ${one.target}`);
    });
}

/** The same, for the files of this project only. */
const wrongArrows = (importers: Among, allowed: (imported: string, importer: string) => boolean) =>
  violations(importers, ({ isPackage, target }, importer) => isPackage || allowed(target, importer));

const everything: Among = () => true;
const isHouse: Among = (path) => path === "app.ts" || path === "worker.ts";

describe("arrows run one way", () => {
  it("the rules below see the files and their imports", () => {
    const targets = (path: string) => modules.find((one) => one.path === path)?.imports.map(({ target }) => target);
    expect(targets("worker.ts")).toContain("app.ts");
    expect(targets("app.ts")).toContain("identity/agents/routes.ts");
    expect(targets("platform/http/app.ts")).toContain("@hono/zod-openapi");
  });

  it("nobody imports worker.ts, and only worker.ts imports app.ts", () => {
    const allowed = (imported: string, importer: string) => {
      return imported === "app.ts" ? importer === "worker.ts" : imported !== "worker.ts";
    };
    expect(wrongArrows(everything, allowed)).toStrictEqual([]);
  });

  it("platform imports nothing but platform", () => {
    const allowed = (imported: string) => under("platform")(imported) || imported === "../package.json";
    expect(wrongArrows(under("platform"), allowed)).toStrictEqual([]);
  });

  it("events imports nothing above platform", () => {
    expect(wrongArrows(under("events"), under("events", "platform"))).toStrictEqual([]);
  });

  it("ledger imports nothing above events", () => {
    expect(wrongArrows(under("ledger"), under("ledger", "events", "platform"))).toStrictEqual([]);
  });

  it("a room reaches another room only through its service.ts", () => {
    const allowed = (imported: string, importer: string) => {
      return !inRoom(imported) || roomOf(imported) === roomOf(importer) || basename(imported) === "service.ts";
    };
    expect(wrongArrows(inRoom, allowed)).toStrictEqual([]);
  });

  it("outside the rooms only app.ts and worker.ts import one: its routes.ts, its service.ts, its objects", () => {
    const isDoor: Among = (path) => inRoomNamed("routes.ts", "service.ts")(path) || path.endsWith(".object.ts");
    const allowed = (imported: string, importer: string) => {
      return !inRoom(imported) || (isHouse(importer) && isDoor(imported));
    };
    expect(wrongArrows((path) => !inRoom(path), allowed)).toStrictEqual([]);
  });

  it("only app.ts imports routes", () => {
    const allowed = (imported: string, importer: string) => {
      return importer === "app.ts" || basename(imported) !== "routes.ts";
    };
    expect(wrongArrows(everything, allowed)).toStrictEqual([]);
  });

  it("the programs of src/local stand outside the Worker; generators may read the registry of errors", () => {
    const isLocal = under("local");
    const isWorker: Among = (path) => !isLocal(path);
    expect(wrongArrows(isWorker, isWorker)).toStrictEqual([]);
    const allowed = (imported: string) => isLocal(imported) || imported === "platform/http/problems.ts";
    expect(wrongArrows(isLocal, allowed)).toStrictEqual([]);
  });

  it("a relative import names the file with its extension", () => {
    expect(wrongArrows(everything, (imported) => /\.\w+$/.test(imported))).toStrictEqual([]);
  });
});

describe("inside a room", () => {
  it("routes.ts asks the service: no store, no database, no ledger, no events", () => {
    const forbidden = under("platform/db", "platform/outbound", "ledger", "events");
    const allowed = (imported: string) => basename(imported) !== "store.ts" && !forbidden(imported);
    expect(wrongArrows(inRoomNamed("routes.ts"), allowed)).toStrictEqual([]);
  });

  it("store.ts calls nothing of its room; it shares shapes", () => {
    const allowed = ({ target, isPackage, isType }: Import) => {
      return isPackage || isType || under("platform")(target) || basename(target) === "schema.ts";
    };
    expect(violations(inRoomNamed("store.ts"), allowed)).toStrictEqual([]);
  });

  it("schema.ts calls nothing of its room", () => {
    const allowed = ({ target, isPackage, isType }: Import) => {
      return isPackage || isType || !inRoom(target) || basename(target) === "schema.ts";
    };
    expect(violations(inRoomNamed("schema.ts"), allowed)).toStrictEqual([]);
  });

  it("rules and queries know no Hono", () => {
    const knowsNoHono = ({ target }: Import) => target !== "hono" && !target.startsWith("hono/");
    expect(violations((path) => isRule(path) || inRoomNamed("store.ts")(path), knowsNoHono)).toStrictEqual([]);
  });

  it("queries are in store.ts", () => {
    const isNoQuery = ({ target, isType }: Import) => isType || !target.startsWith("drizzle-orm");
    const notStore: Among = (path) => inRoom(path) && basename(path) !== "store.ts";
    expect(violations(notStore, isNoQuery)).toStrictEqual([]);
  });
});

it(`no file of src has more than ${longestLines} lines`, () => {
  const lengths = filesUnder(source).map((file) => {
    return { path: relative(root, file), lines: readFileSync(file, "utf8").trimEnd().split("\n").length };
  });
  expect(lengths.filter(({ lines }) => lines > longestLines)).toStrictEqual([]);
});

it("only .ci/run knows of what lies beside the checkout", () => {
  const beside = ["..", "shared"].join("/");
  const mentioning = filesUnder(root, ["node_modules", ".git", "dist", ".wrangler", ".local"])
    .map((file) => relative(root, file))
    .filter((path) => path !== join(".ci", "run") && readFileSync(join(root, path), "utf8").includes(beside));
  expect(mentioning).toStrictEqual([]);
});

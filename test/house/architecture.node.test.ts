/** Keeps the house rules: who may import whom, how long a file may be, and what no file may mention. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, type Import, modules, pages, roomOf, root, scripts } from "./_source.ts";

const longestLines = 300;

type Among = (path: string) => boolean;

const under =
  (...folders: readonly string[]): Among =>
  (path) =>
    folders.some((folder) => path.startsWith(`${folder}/`));

const inRoom: Among = (path) => roomOf(path) !== null;
const inRoomNamed =
  (...names: readonly string[]): Among =>
  (path) =>
    inRoom(path) && names.includes(basename(path));
/** `service.ts` and the plain modules beside it. */
const isRule: Among = (path) => inRoom(path) && !inRoomNamed("routes.ts", "store.ts", "schema.ts")(path);

/** Every import of the importers that is not allowed, as `importer → imported`. */
function violations(
  importers: Among,
  allowed: (imported: Import, importer: string) => boolean,
  among = modules,
): string[] {
  return among
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
    expect(targets("worker.ts")).toEqual(expect.arrayContaining(["app.ts", "identity/wing.ts"]));
    expect(targets("identity/wing.ts")).toContain("identity/agents/routes.ts");
    expect(targets("platform/http/router.ts")).toContain("@hono/zod-openapi");
  });

  it("nobody imports worker.ts, and only worker.ts imports app.ts", () => {
    const allowed = (imported: string, importer: string) => {
      return imported === "app.ts" ? importer === "worker.ts" : imported !== "worker.ts";
    };
    expect(wrongArrows(everything, allowed)).toStrictEqual([]);
  });

  it("a room reaches another room only through its service.ts, and its schema.ts another's shapes in schema.ts", () => {
    const allowed = (imported: string, importer: string) => {
      if (!inRoom(imported) || roomOf(imported) === roomOf(importer)) return true;
      const isShape = basename(importer) === "schema.ts" && basename(imported) === "schema.ts";
      return isShape || basename(imported) === "service.ts";
    };
    expect(wrongArrows(inRoom, allowed)).toStrictEqual([]);
  });

  it("outside the rooms only its wing imports a room, its routes.ts and its service.ts; worker.ts exports its objects", () => {
    const isDoor = inRoomNamed("routes.ts", "service.ts");
    const allowed = (imported: string, importer: string) => {
      if (!inRoom(imported)) return true;
      if (importer === "worker.ts") return imported.endsWith(".object.ts");
      return importer === join(imported.split("/")[0] ?? "", "wing.ts") && isDoor(imported);
    };
    expect(wrongArrows((path) => !inRoom(path), allowed)).toStrictEqual([]);
  });

  it("only wings.ts and worker.ts import a wing, and app.ts gets them from worker.ts", () => {
    const isWing: Among = (path) => basename(path) === "wing.ts" && path !== "wing.ts";
    const allowed = (imported: string, importer: string) =>
      ["worker.ts", "wings.ts"].includes(importer) || !isWing(imported);
    expect(wrongArrows(everything, allowed)).toStrictEqual([]);
  });

  it("app.ts and worker.ts know nothing of keys/ but its wing.ts", () => {
    const allowed = (imported: string) => !under("keys")(imported) || imported === "keys/wing.ts";
    expect(wrongArrows(isHouse, allowed)).toStrictEqual([]);
  });

  it("only a wing.ts imports routes", () => {
    const allowed = (imported: string, importer: string) => {
      return basename(importer) === "wing.ts" || basename(imported) !== "routes.ts";
    };
    expect(wrongArrows(everything, allowed)).toStrictEqual([]);
  });

  it("the Worker imports nothing from outside src but its version, the list of migrations and a program to download; a program may read the registry of errors, the scopes, the events, the rules of settings and the hash of the pages' sources", () => {
    const named = ["../package.json", "../migrations/meta/_journal.json", "../scripts/verify-audit-log.mjs"];
    const inside = (imported: string) => !imported.startsWith("..") || named.includes(imported);
    expect(wrongArrows(everything, inside)).toStrictEqual([]);
    const readable = [
      "platform/problems/problems.ts",
      "platform/settings.ts",
      "access/scopes.ts",
      "events/catalogue.ts",
      "../web/build/sources.ts",
    ];
    const allowed = ({ target, isPackage }: Import) =>
      isPackage || target.startsWith("../scripts/") || readable.includes(target);
    expect(violations(everything, allowed, scripts)).toStrictEqual([]);
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

it(`no file of src, scripts or web has more than ${longestLines} lines`, () => {
  const lengths = [...modules, ...scripts, ...pages].map(({ path, text }) => ({
    path,
    lines: text.trimEnd().split("\n").length,
  }));
  expect(lengths.filter(({ lines }) => lines > longestLines)).toStrictEqual([]);
});

it("only .ci/run knows of what lies beside the checkout", () => {
  const beside = ["..", "shared"].join("/");
  /** The pages have a folder of that name in `web/`. */
  const isOfPages = (path: string, mention: string) => join(dirname(path), mention) === join("web", "shared");
  const mentioning = filesUnder(root, ["node_modules", ".git", "dist", ".cache", ".wrangler", ".local"])
    .map((file) => relative(root, file))
    .filter((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const mentions = text.includes(beside) ? (text.match(/(?:\.\.\/)+shared/g) ?? []) : [];
      return path !== join(".ci", "run") && mentions.some((mention) => !isOfPages(path, mention));
    });
  expect(mentioning).toStrictEqual([]);
});

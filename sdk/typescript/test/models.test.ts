/** Each model is the type that openapi-typescript makes of its component, but for what the library reads into types of its own. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const library = process.env.AGENTIDP_SDK_FOLDER ?? "";
const folder = join(import.meta.dirname, "../judge");
const run = promisify(execFile);

/** The library has a class of this name. */
const nameIn = (name: string) => (name === "WorkloadToken" ? "WorkloadTokenRequest" : name);

const comparison = `import type { Secret } from "@sentryagent/idp-sdk";
import type * as models from "@sentryagent/idp-sdk";
import type { components } from "./document.d.ts";

/** The values of an enum, without its open end. */
type Known<T> = T extends string ? (string extends T ? never : T) : never;
/** As it is on the wire. Enums are open in the library; in objects both are any text. */
type Wire<T> = T extends Secret | Date | string ? string
  : T extends readonly (infer Item)[] ? Wire<Item>[]
  : T extends object ? { -readonly [Key in keyof T]: Wire<T[Key]> }
  : T;
type Schemas = components["schemas"];
type Fits<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { ours: A; judged: B }) : { ours: A; judged: B };
/** The keys that must be there. */
type Needed<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? never : Key }[keyof T];
`;

test("the models are those of openapi-typescript", async () => {
  mkdirSync(folder, { recursive: true });
  const judge = join(library, "../conformance/judge");
  const documentPath = join(library, "../openapi.json");
  const options = ["--default-non-nullable=false", "--output", join(folder, "document.d.ts")];
  await run(join(judge, "node_modules/.bin/openapi-typescript"), [documentPath, ...options]);
  const { schemas } = JSON.parse(readFileSync(documentPath, "utf8")).components;
  const generated = readFileSync(join(library, "src/generated/models.ts"), "utf8");
  const names = [...generated.matchAll(/^export (interface|type) (\w+)/gm)].flatMap(([, kind, name = ""]) =>
    name in schemas ? [{ name, isEnum: kind === "type" }] : [],
  );
  assert.ok(names.length > 120);
  const lines = names.flatMap(({ name, isEnum }) =>
    isEnum
      ? [`export const ${name}: Fits<Known<models.${name}>, Schemas["${name}"]> = true;`]
      : [
          `export const ${name}: Fits<Wire<models.${nameIn(name)}>, Wire<Schemas["${name}"]>> = true;`,
          `export const ${name}Needs: Fits<Needed<models.${nameIn(name)}>, Needed<Schemas["${name}"]>> = true;`,
        ],
  );
  writeFileSync(join(folder, "judge.ts"), [comparison, ...lines, ""].join("\n"));
  const settings = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: "ES2022" };
  const modules = { module: "NodeNext", moduleResolution: "NodeNext", allowImportingTsExtensions: true };
  const lib = ["ES2022", "DOM", "DOM.Iterable", "ESNext.Disposable"];
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...settings, ...modules, lib } }));
  const { stdout } = await run(join(library, "node_modules/.bin/tsc"), ["-p", folder]).catch((error) => error);
  assert.equal(stdout, "");
});

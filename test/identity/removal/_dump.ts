/** All that is stored, as text: every table of D1, the storage of every object, and KV. */
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";

const bindings = env as unknown as Bindings;
const { DB, CACHE } = bindings;

const tablesIn = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";

/** One line a row, with the name of its place. */
async function ofDatabase(): Promise<string[]> {
  const { results } = await DB.prepare(tablesIn).all<{ name: string }>();
  const rows = await Promise.all(
    results.map(async ({ name }) => {
      const read = await DB.prepare(`SELECT * FROM "${name}"`).all();
      return read.results.map((row) => `D1 ${name} ${JSON.stringify(row)}`);
    }),
  );
  return rows.flat();
}

/** The ledgers of all organizations, also of deleted ones. The object has its name only when it is reached by it. */
export async function ledgers(): Promise<DurableObjectStub<undefined>[]> {
  const namespace = bindings.ORG_LEDGER as unknown as DurableObjectNamespace<undefined>;
  const { results } = await DB.prepare("SELECT id FROM organizations").all<{ id: string }>();
  return results.map(({ id }) => namespace.get(namespace.idFromName(id)));
}

async function others(binding: "DELEGATION_CHAIN" | "METRICS"): Promise<DurableObjectStub<undefined>[]> {
  const namespace = bindings[binding] as unknown as DurableObjectNamespace<undefined>;
  return (await listDurableObjectIds(namespace)).map((id) => namespace.get(id));
}

async function ofObjects(kind: string, objects: readonly DurableObjectStub<undefined>[]): Promise<string[]> {
  const lines: string[] = [];
  for (const object of objects) {
    await runInDurableObject(object, async (_, { storage }) => {
      for (const { name } of storage.sql.exec<{ name: string }>(tablesIn).toArray()) {
        const rows = storage.sql.exec(`SELECT * FROM "${name}"`).toArray();
        lines.push(...rows.map((row) => `${kind} ${name} ${JSON.stringify(row)}`));
      }
      for (const [key, value] of await storage.list()) lines.push(`${kind} ${key} ${JSON.stringify(value)}`);
    });
  }
  return lines;
}

async function ofCache(): Promise<string[]> {
  const { keys } = await CACHE.list();
  return Promise.all(keys.map(async ({ name }) => `KV ${name} ${await CACHE.get(name)}`));
}

/** Everything that is stored. */
export async function dump(): Promise<string[]> {
  const lines = [
    ...(await ofDatabase()),
    ...(await ofObjects("ledger", await ledgers())),
    ...(await ofObjects("delegation", await others("DELEGATION_CHAIN"))),
    ...(await ofObjects("metrics", await others("METRICS"))),
    ...(await ofCache()),
  ];
  // A dump that reads nothing must not pass.
  expect(lines.filter((line) => line.startsWith("D1 audit_events")).length).toBeGreaterThan(3);
  expect(lines.some((line) => line.startsWith("ledger chain_head"))).toBe(true);
  return lines;
}

/** The places, each once, that hold one of the values, as text or as a part of JSON. */
export function placesOf(lines: readonly string[], values: readonly string[]): string[] {
  const forms = values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
  // A value in JSON in a column is escaped a second time.
  const searched = [...forms, ...forms.map((form) => JSON.stringify(form).slice(1, -1))];
  const found = lines.filter((line) => searched.some((form) => line.includes(form)));
  return [...new Set(found.map((line) => line.split(" ").slice(0, 2).join(" ")))].sort();
}

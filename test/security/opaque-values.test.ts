/**
 * Attack: a token truncated or extended by a character, each opaque value too (CVE-2026-27840): refused. Every value at
 * the door that it opens, changed in every way that a careless reader would overlook.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../support/api.ts";
import { getWith } from "../support/with-bindings.ts";
import { type Door, doors, leaveWorld, newWorld, type Thing, things, type World } from "./_presentable.ts";

let world: World;

beforeAll(async () => {
  world = await newWorld();
});
afterAll(leaveWorld);

const replaced = (value: string, at: number) => {
  const index = at < 0 ? value.length + at : at;
  return `${value.slice(0, index)}${value[index] === "A" ? "B" : "A"}${value.slice(index + 1)}`;
};

/** What a value must not be taken for, whatever reads it. */
const changes: readonly (readonly [what: string, change: (value: string) => string, inHeader?: "not in a header"])[] = [
  ["without its last character", (value) => value.slice(0, -1)],
  ["without its last four", (value) => value.slice(0, -4)],
  ["without its first character", (value) => value.slice(1)],
  ["its first half", (value) => value.slice(0, value.length / 2)],
  ["its first 16 characters", (value) => value.slice(0, 16)],
  ["without a character in the middle", (value) => value.slice(0, 40) + value.slice(41)],
  ["with an A behind", (value) => `${value}A`],
  ["with four behind", (value) => `${value}AAAA`],
  ["with padding behind", (value) => `${value}=`],
  ["with a dot behind", (value) => `${value}.`],
  ["with another part behind", (value) => `${value}.AAAA`],
  ["with an A before", (value) => `A${value}`],
  ["twice", (value) => value + value],
  ["its first character another one", (value) => replaced(value, 0)],
  ["its last character another one", (value) => replaced(value, -1)],
  ["its middle another one", (value) => replaced(value, Math.floor(value.length / 2))],
  ["in capitals", (value) => value.toUpperCase()],
  ["in small letters", (value) => value.toLowerCase()],
  ["with a tilde for a dash", (value) => `${value.slice(0, -1)}~`],
  ["with a space behind", (value) => `${value} `, "not in a header"],
  ["with a line break behind", (value) => `${value}\n`, "not in a header"],
  ["with a NUL behind", (value) => `${value}\u0000`, "not in a header"],
  ["with a zero-width space behind", (value) => `${value}\u200b`, "not in a header"],
  ["percent-encoded", (value) => `%${value.charCodeAt(0).toString(16)}${value.slice(1)}`],
];

const pairs = Object.entries(doors).flatMap(([name, door]) =>
  door.opensFor.map((thing): [Thing, string, Door] => [thing, name, door]),
);

describe.each(pairs)("%s at %s", (thing, _, door) => {
  it("opens it as it is, and changed by a character in no way", async () => {
    const opened: string[] = [];
    for (const [what, change, inHeader] of changes) {
      if (door.isHeader && inHeader) continue;
      // Of what is good for one use, a new one each time: it is the change that is refused, and no replay.
      const value = await things[thing](world);
      const changed = change(value);
      if (changed !== value && (await door.present(world, changed))) opened.push(what);
    }
    expect(opened).toEqual([]);
    expect(await door.present(world, await things[thing](world))).toBe(true);
  });
});

describe("METRICS_TOKEN", () => {
  const metricsToken = "a-token-for-metrics-of-the-tests-only-0123456789";

  it("opens the metrics as it is, and changed by a character in no way", async () => {
    const opened: string[] = [];
    for (const [what, change, inHeader] of changes) {
      if (inHeader || change(metricsToken) === metricsToken) continue;
      const { status } = await getWith({ METRICS_TOKEN: metricsToken } as never, "/metrics", change(metricsToken));
      if (status !== 401) opened.push(what);
    }
    expect(opened).toEqual([]);
    expect((await getWith({ METRICS_TOKEN: metricsToken } as never, "/metrics", metricsToken)).status).toBe(200);
  });
});

describe("an id in a path", () => {
  it("that is a character shorter or longer is no id, whoever asks", async () => {
    const { tenant, delegatee } = world;
    for (const id of [delegatee.agentId.slice(0, -1), `${delegatee.agentId}0`, delegatee.agentId.slice(1)]) {
      expect((await call(`/api/v1/agents/${id}`, { token: tenant.token })).status).toBe(400);
    }
  });
});

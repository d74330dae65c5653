/** A change and its events over a real D1: neither without the other, whatever fails. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DomainEvent } from "../../src/events/catalogue.ts";
import { commitChange, writeChanges } from "../../src/events/outbox.ts";
import { type Context, contextOf } from "../../src/platform/context.ts";
import { insertWhere, nextVersion, previousChanged } from "../../src/platform/db/conditional.ts";
import type { Bindings } from "../../src/platform/env.ts";
import type { EventId, OrganizationId } from "../../src/platform/ids.ts";

const bindings = env as unknown as Bindings;
const things = sqliteTable("things", { id: text().primaryKey(), version: integer().notNull() });
const organizationId = "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f" as OrganizationId;
const operatorId = "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e50" as OrganizationId;

let relayed: OrganizationId[];
let relayFails: boolean;
let context: Context;

beforeAll(async () => {
  await bindings.DB.exec("CREATE TABLE things (id TEXT PRIMARY KEY, version INTEGER NOT NULL)");
});

beforeEach(async () => {
  await bindings.DB.exec("DELETE FROM things; DELETE FROM outbox;");
  await bindings.DB.exec("INSERT INTO things (id, version) VALUES ('one', 1), ('two', 1)");
  relayed = [];
  relayFails = false;
  const source = { ip: "203.0.113.7", userAgent: "test" };
  context = contextOf(
    bindings,
    { requestId: "", source },
    () => undefined,
    async (_, id) => {
      relayed.push(id);
      if (relayFails) throw new Error("The ledger does not answer");
    },
  );
});

const eventOf = (id: string, of = organizationId): DomainEvent => ({
  id: id as EventId,
  organizationId: of,
  action: "member.set",
  outcome: "success",
  agentId: null,
  actor: { agentId: null, ip: "203.0.113.7", userAgent: "test" },
  target: "one",
  details: { role: "admin" },
  occurredAtMs: 1_700_000_000_000,
});

const update = (id: string, read: number, version: number) =>
  context.db.update(things).set({ version }).where(sql`id = ${id} AND version = ${read}`);
const updateIfChanged = (id: string, version: number) =>
  context.db.update(things).set({ version }).where(sql`id = ${id} AND ${previousChanged}`);
const insert = (id: string) => context.db.insert(things).values({ id, version: 1 });
const insertIfChanged = (id: string) => insertWhere(context.db, things, { id, version: 1 }, previousChanged);

const versions = async () =>
  Object.fromEntries((await context.db.select().from(things)).map(({ id, version }) => [id, version]));
const waiting = async () =>
  (await bindings.DB.prepare("SELECT id FROM outbox ORDER BY id").all<{ id: string }>()).results.map(({ id }) => id);

describe("a change with one statement", () => {
  it("is written with its event, which is handed on", async () => {
    expect(await commitChange(context, [update("one", 1, 2)], [eventOf("e1")])).toMatchObject({ meta: { changes: 1 } });
    expect(await versions()).toStrictEqual({ one: 2, two: 1 });
    expect(await bindings.DB.prepare("SELECT * FROM outbox").first()).toStrictEqual({
      id: "e1",
      organization_id: organizationId,
      event:
        '{"id":"e1","organizationId":"0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f","action":"member.set","outcome":"success",' +
        '"agentId":null,"actor":{"agentId":null,"ip":"203.0.113.7","userAgent":"test"},"target":"one",' +
        '"details":{"role":"admin"},"occurredAtMs":1700000000000}',
      created_at: 1_700_000_000_000,
      recorded: 0,
    });
    expect(relayed).toStrictEqual([organizationId]);
  });

  it("that matches no row writes no event and hands nothing on", async () => {
    expect(await commitChange(context, [update("one", 9, 2)], [eventOf("e1")])).toBeNull();
    expect(await versions()).toStrictEqual({ one: 1, two: 1 });
    expect(await waiting()).toStrictEqual([]);
    expect(relayed).toStrictEqual([]);
  });

  it("takes place once when two read the same version", async () => {
    const both = await Promise.all([
      commitChange(context, [update("one", 1, 2)], [eventOf("e1")]),
      commitChange(context, [update("one", 1, 3)], [eventOf("e2")]),
    ]);
    expect(both.filter((written) => written === null)).toHaveLength(1);
    const winner = both[0] ? { version: 2, event: "e1" } : { version: 3, event: "e2" };
    expect(await versions()).toStrictEqual({ one: winner.version, two: 1 });
    expect(await waiting()).toStrictEqual([winner.event]);
    expect(relayed).toStrictEqual([organizationId]);
  });

  it("with RETURNING answers with the rows, and null for none", async () => {
    const touched = await commitChange(context, [update("one", 1, 2).returning()], [eventOf("e1")]);
    expect(touched).toStrictEqual([{ id: "one", version: 2 }]);
    expect(await commitChange(context, [update("one", 1, 3).returning()], [eventOf("e2")])).toBeNull();
    expect(await waiting()).toStrictEqual(["e1"]);
  });
});

describe("what fails", () => {
  it("in a statement after the events leaves neither the change nor the event", async () => {
    const written = commitChange(context, [update("one", 1, 2)], [eventOf("e1")], [insert("two")]);
    await expect(written).rejects.toThrow();
    expect(await versions()).toStrictEqual({ one: 1, two: 1 });
    expect(await waiting()).toStrictEqual([]);
    expect(relayed).toStrictEqual([]);
  });

  it("in the change leaves no event", async () => {
    await expect(commitChange(context, [insert("two")], [eventOf("e1")])).rejects.toThrow();
    expect(await waiting()).toStrictEqual([]);
  });

  it("in an event leaves no change", async () => {
    await commitChange(context, [update("one", 1, 2)], [eventOf("e1")]);
    await expect(commitChange(context, [update("one", 2, 3)], [eventOf("e2"), eventOf("e1")])).rejects.toThrow();
    expect(await versions()).toStrictEqual({ one: 2, two: 1 });
    expect(await waiting()).toStrictEqual(["e1"]);
  });

  it("in handing on leaves the change and the event", async () => {
    relayFails = true;
    expect(await commitChange(context, [update("one", 1, 2)], [eventOf("e1")])).not.toBeNull();
    expect(await versions()).toStrictEqual({ one: 2, two: 1 });
    expect(await waiting()).toStrictEqual(["e1"]);
    expect(relayed).toStrictEqual([organizationId]);
  });
});

describe("a change with several statements", () => {
  it("writes all of them", async () => {
    expect(
      await commitChange(context, [update("one", 1, 2), insertIfChanged("three")], [eventOf("e1")]),
    ).not.toBeNull();
    expect(await versions()).toStrictEqual({ one: 2, three: 1, two: 1 });
    expect(await waiting()).toStrictEqual(["e1"]);
  });

  it("writes none of them when the first matches no row", async () => {
    expect(await commitChange(context, [update("one", 9, 2), insertIfChanged("three")], [eventOf("e1")])).toBeNull();
    expect(await versions()).toStrictEqual({ one: 1, two: 1 });
    expect(await waiting()).toStrictEqual([]);
  });

  it("has its events when the last of them changes a row", async () => {
    expect(await commitChange(context, [update("one", 1, 2), updateIfChanged("none", 5)], [eventOf("e1")])).toBeNull();
    expect(await versions()).toStrictEqual({ one: 2, two: 1 });
    expect(await waiting()).toStrictEqual([]);
  });
});

describe("several events", () => {
  it("are all written, and each organization's are handed on once", async () => {
    const events = [eventOf("e1"), eventOf("e2", operatorId), eventOf("e3")];
    await commitChange(context, [update("one", 1, 2)], events);
    expect(await waiting()).toStrictEqual(["e1", "e2", "e3"]);
    expect(relayed).toStrictEqual([organizationId, operatorId]);
  });

  it("are none when the change does not take place", async () => {
    await commitChange(context, [update("one", 9, 2)], [eventOf("e1"), eventOf("e2", operatorId)]);
    expect(await waiting()).toStrictEqual([]);
  });
});

describe("what follows the events", () => {
  const following = () => [updateIfChanged("two", 7), insert("three")];
  const cases = [0, 1, 2].map((count) => Array.from({ length: count }, (_, index) => eventOf(`e${index}`)));

  it.each(cases)("may depend on the change, whatever number of events there is", async (...events) => {
    expect(await commitChange(context, [update("one", 1, 2)], events, following())).not.toBeNull();
    expect(await versions()).toStrictEqual({ one: 2, three: 1, two: 7 });
  });

  it.each(cases)("happens without the change only where it does not depend on it", async (...events) => {
    expect(await commitChange(context, [update("one", 9, 2)], events, following())).toBeNull();
    expect(await versions()).toStrictEqual({ one: 1, three: 1, two: 1 });
  });
});

it("several changes in one batch have their events each for itself, and are handed on by the caller", async () => {
  await writeChanges(context, [
    { statements: [update("one", 9, 2)], events: [eventOf("e1")], after: [insert("three")] },
    { statements: [update("two", 1, 2)], events: [eventOf("e2")] },
    { statements: [update("one", 8, 2)], events: [eventOf("e3")] },
  ]);
  expect(await versions()).toStrictEqual({ one: 1, three: 1, two: 2 });
  expect(await waiting()).toStrictEqual(["e2"]);
  expect(relayed).toStrictEqual([]);
});

it("the version of a record grows even within one millisecond, and when a clock lags", () => {
  const at = (nowMs: number) => nextVersion({ now: () => nowMs }, { updatedAt: 1000 });
  expect([at(999), at(1000), at(1001), at(5000)]).toStrictEqual([1001, 1001, 1001, 5000]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf } from "../../../src/ledger/chain.ts";
import type { AgentId, EventId, OrganizationId } from "../../../src/platform/ids.ts";
import type { StoredEvent } from "../../../src/tenancy/audit/stored-event.ts";
import { publicEvent } from "../../../src/tenancy/audit/stored-event.ts";
import { genesis, type Link, verifyChain } from "../../../src/tenancy/audit/verification.ts";

const organizationId = "0199f0c2-5a31-7000-8000-000000000001" as OrganizationId;
const agentId = "0199f0c2-5a31-7000-8000-000000000002" as AgentId;

/** A chain of so many events, as D1 would hold it. */
function chainOf(length: number): StoredEvent[] {
  const chain: StoredEvent[] = [];
  let previousHash = genesis.hash;
  for (let sequence = 1; sequence <= length; sequence++) {
    const unhashed = {
      eventId: `0199f0c2-5a31-7000-9000-${String(sequence).padStart(12, "0")}` as EventId,
      sequence,
      organizationId,
      agentId: sequence % 3 === 0 ? null : agentId,
      action: "token.issued",
      outcome: "success" as const,
      actor: { agentId, ip: "203.0.113.7", userAgent: "curl/8.9.1" },
      target: sequence % 2 === 0 ? null : `target-${sequence}`,
      details: { scope: "agents:read", count: sequence },
      timestamp: new Date(1_767_225_600_000 + sequence).toISOString(),
      previousHash,
    };
    const { organizationId: _, actor, details, ...columns } = unhashed;
    previousHash = hashOf(unhashed);
    chain.push({
      ...columns,
      actor: JSON.stringify(actor),
      details: JSON.stringify(details),
      timestamp: Date.parse(columns.timestamp),
      hash: previousHash,
    });
  }
  return chain;
}

async function* pagesOf(events: readonly StoredEvent[], size = 3) {
  for (let from = 0; from < events.length; from += size) yield events.slice(from, from + size);
}

const walk = (events: readonly StoredEvent[], start?: Link) => verifyChain(organizationId, pagesOf(events), start);

const chain = chainOf(10);
const at = (index: number) => chain[index]!;
const changed = (index: number, columns: object) =>
  chain.map((event, i) => (i === index ? { ...event, ...columns } : event));

describe("a chain that is in order", () => {
  it("holds, and the walk ends at its last event", async () => {
    expect(await walk(chain)).toStrictEqual({ link: at(9), checkedCount: 10, fault: null });
  });

  it("holds when it is empty", async () => {
    expect(await walk([])).toStrictEqual({ link: genesis, checkedCount: 0, fault: null });
  });

  it("is picked up behind any of its events", async () => {
    expect(await walk(chain.slice(4), at(3))).toStrictEqual({ link: at(9), checkedCount: 6, fault: null });
  });

  it("is read a page at a time, and no further than the fault", async () => {
    let pages = 0;
    async function* counted() {
      for await (const page of pagesOf(changed(1, { action: "token.revoked" }))) {
        pages += 1;
        yield page;
      }
    }
    await verifyChain(organizationId, counted());
    expect(pages).toBe(1);
  });
});

describe("the fault is found at the first event that is not in order", () => {
  const columns: readonly [string, object][] = [
    ["event id", { eventId: "0199f0c2-5a31-7000-9000-ffffffffffff" }],
    ["agent", { agentId: null }],
    ["action", { action: "token.revoked" }],
    ["outcome", { outcome: "failure" }],
    ["actor", { actor: JSON.stringify({ agentId, ip: "198.51.100.1", userAgent: "curl/8.9.1" }) }],
    ["actor with a field more", { actor: at(4).actor.replace("{", '{"credentialId":"x",') }],
    ["target", { target: "another" }],
    ["target removed", { target: null }],
    ["details", { details: JSON.stringify({ scope: "agents:write", count: 5 }) }],
    ["details emptied", { details: "{}" }],
    ["details that are no object", { details: "7" }],
    ["details that are null", { details: "null" }],
    ["details that are no JSON", { details: "{" }],
    ["details that no JSON library can hash", { details: '{"scope":"\\ud800"}' }],
    ["details nested beyond the stack", { details: `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}` }],
    ["details in a blob", { details: [123, 125] }],
    ["timestamp", { timestamp: at(4).timestamp + 1 }],
    ["timestamp with a fraction", { timestamp: at(4).timestamp + 0.5 }],
    ["timestamp that is no time", { timestamp: "yesterday" }],
    ["timestamp beyond all dates", { timestamp: Number.MAX_SAFE_INTEGER }],
    ["previous hash", { previousHash: "0".repeat(64) }],
    ["hash", { hash: "f".repeat(64) }],
    ["sequence", { sequence: 5.5 }],
  ];
  it.each(columns)("changed: %s", async (_, fields) => {
    expect(await walk(changed(4, fields))).toStrictEqual({
      link: at(3),
      checkedCount: 5,
      fault: { brokenAtEventId: changed(4, fields)[4]!.eventId, missing: null },
    });
  });

  it("changed, with its own hash made to fit: the event behind it", async () => {
    const { organizationId: _, hash: __, ...rest } = publicEvent(organizationId, { ...at(4), action: "token.revoked" });
    const forged = { action: "token.revoked", hash: hashOf({ organizationId, ...rest }) };
    expect((await walk(changed(4, forged))).fault?.brokenAtEventId).toBe(at(5).eventId);
  });

  it("removed: the event behind the gap", async () => {
    expect((await walk(chain.toSpliced(4, 1))).fault?.brokenAtEventId).toBe(at(5).eventId);
    expect((await walk(chain.slice(1))).fault?.brokenAtEventId).toBe(at(1).eventId);
  });

  it("swapped: the first of the two places", async () => {
    const swapped = chain.map((event, i) =>
      i === 4 ? { ...at(5), sequence: 5 } : i === 5 ? { ...at(4), sequence: 6 } : event,
    );
    expect((await walk(swapped)).fault?.brokenAtEventId).toBe(at(5).eventId);
  });

  it("inserted: the inserted one, wherever its sequence puts it", async () => {
    const inserted = { ...at(4), eventId: "0199f0c2-5a31-7000-9000-ffffffffffff" as EventId };
    for (const [index, sequence] of [
      [0, 0],
      [0, -7],
      [5, 5],
      [5, 5.5],
    ] as const) {
      const events = chain.toSpliced(index, 0, { ...inserted, sequence });
      expect((await walk(events)).fault?.brokenAtEventId).toBe(inserted.eventId);
    }
  });

  it("moved to another organization's chain", async () => {
    const other = "0199f0c2-5a31-7000-8000-00000000000f" as OrganizationId;
    expect((await verifyChain(other, pagesOf(chain))).fault?.brokenAtEventId).toBe(at(0).eventId);
  });

  it("any change of any text to any other text", async () => {
    const texts = ["eventId", "action", "outcome", "previousHash", "hash", "actor", "details"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(...texts),
        fc.oneof(fc.string(), fc.json(), fc.json({ maxDepth: 1 })),
        async (index, column, text) => {
          fc.pre(text !== at(index)[column]);
          expect((await walk(changed(index, { [column]: text }))).link).toStrictEqual(
            index === 0 ? genesis : at(index - 1),
          );
        },
      ),
    );
  });
});

describe("an event as callers see it", () => {
  it("is what was hashed, and the hash", () => {
    const { hash, ...unhashed } = publicEvent(organizationId, at(0));
    expect(hash).toBe(hashOf(unhashed));
  });

  it("shows the raw columns of a spoilt row", () => {
    expect(publicEvent(organizationId, { ...at(0), details: "{" })).toStrictEqual({
      ...at(0),
      organizationId,
      actor: { agentId: null, ip: "", userAgent: "" },
      details: { unreadable: { actor: at(0).actor, details: "{", timestamp: at(0).timestamp } },
      timestamp: "1970-01-01T00:00:00.000Z",
    });
  });
});

/** The bound of what an event holds. */
import { expect, it } from "vitest";
import { auditEventNames, type DomainEvent } from "../../src/events/catalogue.ts";
import { boundedDetails, longestDetail } from "../../src/events/details.ts";
import { newEvent } from "../../src/events/outbox.ts";
import { appendEvent } from "../../src/ledger/parts.ts";

const actor = { agentId: null, ip: "203.0.113.7", userAgent: "test" };
const facts = { agentId: null, target: null, actor, outcome: "failure" } as const;
const organizationId = "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f" as DomainEvent["organizationId"];

const jsonLength = (value: unknown) => JSON.stringify(value).length;

const large: DomainEvent["details"] = {
  text: "a".repeat(300_000),
  escaped: "\u0001".repeat(300_000),
  pairs: "😀".repeat(150_000),
  list: Array.from({ length: 5_000 }, (_, index) => `item-${index}`),
  longItem: ["b".repeat(300_000)],
  change: { from: ["c".repeat(300_000)], to: "d".repeat(300_000) },
};

/** The two ways in which an event is made. */
function made(action: DomainEvent["action"], details: DomainEvent["details"]): DomainEvent["details"][] {
  const appended: DomainEvent[] = [];
  const chain = { append: (event: DomainEvent) => void appended.push(event) };
  appendEvent({ chain, organizationId } as unknown as Parameters<typeof appendEvent>[0], action, { ...facts, details });
  const event = newEvent({ now: () => 0 }, actor, { ...facts, organizationId, action, details });
  return [event.details, ...appended.map((one) => one.details)];
}

it.each(auditEventNames)("%s: no field is longer than the bound", (action) => {
  const both = made(action, large);
  expect(both).toHaveLength(2);
  for (const details of both) {
    expect(Object.keys(details)).toEqual(Object.keys(large));
    for (const [name, value] of Object.entries(details)) {
      expect(jsonLength(value), name).toBeLessThanOrEqual(16_384);
      expect(jsonLength(value), name).toBeGreaterThan(1);
    }
    // Far below the 2,000,000 bytes of one value, also with three bytes for each character.
    expect(jsonLength(details)).toBeLessThan(200_000);
  }
});

it("what is cut ends with an ellipsis, and keeps its beginning, its form and whole characters", () => {
  const { text, pairs, list, longItem, change } = boundedDetails(large);
  expect(text === `${"a".repeat(16_381)}…`).toBe(true);
  expect((pairs as string).isWellFormed()).toBe(true);
  expect((pairs as string).endsWith("😀…")).toBe(true);
  expect((list as string[])[1]).toBe("item-1");
  expect((list as string[]).at(-1)).toBe("…");
  expect(longItem).toEqual(["…"]);
  expect(Object.keys(change as object)).toEqual(["from", "to"]);
});

it("what is within the bound stays as it is", () => {
  const details = {
    scope: "a".repeat(longestDetail - 2),
    audience: ["a", "b"],
    from: { to: null },
    count: 7,
    ok: true,
  };
  expect(boundedDetails(details)).toEqual(details);
});

/** The quick serializer of events against the library, which is the judge. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalEvent } from "../../src/ledger/canonical-event.ts";
import { canonicalJson } from "../../src/platform/crypto/canonical-json.ts";

type Event = Parameters<typeof canonicalEvent>[0];

const event = {
  eventId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
  sequence: 7,
  organizationId: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f",
  agentId: null,
  action: "token.issued",
  outcome: "success",
  actor: { agentId: null, ip: "203.0.113.7", userAgent: "curl/8.9.1" },
  target: null,
  details: {},
  timestamp: "2026-01-31T09:30:00.000Z",
  previousHash: "0".repeat(64),
};

const withFields = (fields: object) => ({ ...event, ...fields }) as unknown as Event;

/** What it gives, or that it refuses. */
function outcomeOf(serialize: () => string): string {
  try {
    return serialize();
  } catch {
    return "refused";
  }
}

const bothWays = (value: Event) => {
  return [outcomeOf(() => canonicalEvent(value)), outcomeOf(() => canonicalJson(value))] as const;
};

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
const names = fc.oneof(text, fc.constantFrom("10", "9", "__proto__", "toJSON", "constructor", "\ud800", "é", "z", ""));
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.integer(),
    fc.constantFrom(null, true, false, -0, 1e21, 1e-7, undefined, Number.NaN),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe("canonicalEvent", () => {
  it("is what the library gives, for any details, actor and texts", () => {
    fc.assert(
      fc.property(
        fc.dictionary(names, json, { maxKeys: 6, noNullPrototype: true }),
        fc.dictionary(names, json, { maxKeys: 4, noNullPrototype: true }),
        text,
        fc.option(text),
        fc.double(),
        (details, actor, action, target, sequence) => {
          const [quick, judged] = bothWays(withFields({ details, actor, action, target, sequence }));
          expect(quick).toBe(judged);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["members out of order", { details: { b: 1, a: { d: 1, c: [{ f: 1, e: 2 }] } } }],
    ["names that look like indexes", { details: { 10: "a", 9: "b", 1: "c", a: 1 } }],
    ["__proto__ as a name", { details: JSON.parse('{"z":1,"__proto__":{"a":1}}') }],
    [
      "names beyond the basic plane",
      { details: { "\u{1f600}": 1, "\ufb33": 2, "\u20ac": 3, "\r": 4, 1: 5, "\u0080": 6 } },
    ],
    ["a text that looks like an escape", { details: { a: "\\ud800", b: "\\\\ud" } }],
    ["U+2028 and controls", { action: '\u2028\u0000\u001f\u007f"\\/' }],
    ["negative zero and long numbers", { details: { a: -0, b: 1e21, c: 5e-324, d: 0.1 + 0.2 } }],
    ["a member that is undefined", { details: { a: undefined, b: [undefined] }, target: undefined }],
    ["half a surrogate pair", { details: { a: "\udc00" } }],
    ["half a surrogate pair in a name", { details: { "\ud800": 1 } }],
    ["NaN", { details: { a: Number.NaN } }],
    ["a Map", { details: { a: new Map() } }],
    ["a Date", { details: { a: new Date(0) } }],
    ["bytes", { actor: new Uint8Array(2) }],
    ["a bigint", { sequence: 1n }],
    ["toJSON", { details: { toJSON: () => "x" } }],
    ["an object of another prototype", { details: Object.assign(Object.create({ inherited: 1 }), { a: 1 }) }],
  ])("%s", (_, fields) => {
    const [quick, judged] = bothWays(withFields(fields));
    expect(quick).toBe(judged);
  });

  it("leaves out what is no field of an event", () => {
    expect(canonicalEvent(withFields({ hash: "x" }))).toBe(canonicalJson(event));
    expect(canonicalEvent(withFields({ hash: "x", details: { 1: 1 } }))).toBe(
      canonicalJson({ ...event, details: { 1: 1 } }),
    );
  });
});

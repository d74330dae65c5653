/** Values that somebody sends who wants to see what happens. */
import fc from "fast-check";

declare global {
  interface JSON {
    /** A number as it is to be written, whether or not a double holds it (TC39 "JSON.parse source text access"). */
    rawJSON(text: string): unknown;
  }
}

const knownTexts = [
  "",
  " ",
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "a\r\nSet-Cookie: stolen=1",
  "\0",
  "a\0b",
  "\ud800",
  "\udc00\ud800",
  "𝒳💀👩‍👩‍👧‍👦",
  "\u202egnp.exe",
  "\ufeffa",
  "a\u2028b\u2029",
  "\uffff\ufdd0",
  "İ",
  "ﬀ",
  "'; DROP TABLE agents;--",
  "' OR '1'='1",
  "%' AND substr((SELECT sql FROM sqlite_master),1,1)='C",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "../../../etc/passwd",
  "..%2f..%2f",
  "%00",
  "%",
  "%zz",
  "$" + "{7*7}{{7*7}}",
  "null",
  "undefined",
  "NaN",
  "1e400",
  "-0",
  "٣",
  "ＡＢ",
  "http://169.254.169.254/latest/meta-data/",
  "javascript:alert(1)",
  "data:text/html,<script>",
  "2026-02-30T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "-271821-04-20T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  `sa_sec_${"A".repeat(49)}`,
  "sa_del_a.b.c",
  "a.b.c",
  "eyJhbGciOiJub25lIn0.e30.",
] as const;

/** Texts at and over the limits of fields, of bodies (256 KiB), and of what one should ever send. */
const longTexts = [128, 129, 257, 1025, 2049, 20_000, 262_144, 1_000_000].flatMap((length) => [
  "a".repeat(length),
  "é".repeat(Math.min(length, 100_000)),
]);

/** Any text: known attacks, any code points, lone surrogates, long ones. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...knownTexts) },
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)) },
  { weight: 1, arbitrary: fc.constantFrom(...longTexts).map((text) => text) },
);

/** Numbers that a double cannot hold, or holds as another one. */
const rawNumbers = [
  "1e400",
  "-1e400",
  "1e-400",
  "-0",
  "1.0",
  "1E+2",
  "0.1e1",
  "9007199254740993",
  "123456789012345678901234567890",
].map((text) => JSON.rawJSON(text));

export const hostileNumber: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(0, -1, 0.5, 1.5, 60.5, 1e21, 1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63)),
  fc.constantFrom(...rawNumbers),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
);

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

/** An object with a name of its own that JavaScript gives a meaning to; a literal would set the prototype instead. */
export const withKey = (object: object, key: string, value: unknown): object =>
  Object.defineProperty({ ...object }, key, { value, enumerable: true, configurable: true, writable: true });

export const hostileKey = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", "toJSON", "0", ""),
  fc.string({ unit: "binary", maxLength: 20 }),
);

const structures: readonly (() => unknown)[] = [
  () => [],
  () => ({}),
  () => [[]],
  () => ({ length: -1 }),
  () => ({ toString: 1, valueOf: 1 }),
  () => withKey({}, "__proto__", { isAdmin: true }),
  () => ({ constructor: { prototype: { isAdmin: true } } }),
  () => ({ $ne: null }),
  () => nested(500, (inner) => [inner]),
  () => nested(500, (inner) => ({ a: inner })),
  () => Array(10_000).fill(0),
  () => Array(1_000).fill("agents:read"),
  () => Array(3_000).fill({}),
  () => Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`k${index}`, index])),
];

/** Any JSON value that nobody sends in good faith. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: hostileText },
  { weight: 3, arbitrary: hostileNumber },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false) },
  { weight: 3, arbitrary: fc.constantFrom(...structures).map((make) => make()) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }) },
  { weight: 1, arbitrary: fc.tuple(hostileKey, hostileText).map(([key, value]) => withKey({}, key, value)) },
);

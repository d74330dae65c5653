/** Requests made from operations: paths, queries and headers, in order and hostile. */
import fc from "fast-check";
import type { Operation } from "./_contract.ts";
import { hostileKey, hostileText } from "./_hostile.ts";
import type { Things } from "./_service.ts";

/** A text as it may stand in a URL; what has no UTF-8 becomes the bytes that a careless client would send for it. */
export const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

/** The longest URL that a client may expect to get through (RFC 9110 4.1). */
const longestPart = 7_000;

/** What is no escape, or no UTF-8: it reaches the service as it stands. */
const brokenEscapes = [
  "%",
  "%2",
  "%zz",
  "%ff",
  "%c0%af",
  "%ed%a0%80",
  "%f4%90%80%80",
  "%00",
  "%0d%0a",
  "%2e%2e%2f",
  "%252e",
];

const hostilePart = fc.oneof(
  hostileText.map((text) => encoded(text.slice(0, longestPart / 4)).slice(0, longestPart)),
  fc.array(fc.constantFrom(...brokenEscapes), { minLength: 1, maxLength: 20 }).map((parts) => parts.join("")),
);

/** A path of an operation with the ids of things that are there. */
export const ownPath = ({ path }: Operation, things: Things) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => things[name] ?? crypto.randomUUID());

/** A path with something else in the place of some of its ids. */
export function hostilePath({ path }: Operation, things: Things): fc.Arbitrary<string> {
  const parts = path.split("/").map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    const own = things[name] ?? "";
    return fc.oneof(
      { weight: 3, arbitrary: fc.constant(own) },
      { weight: 1, arbitrary: fc.uuid() },
      {
        weight: 1,
        arbitrary: fc.constantFrom(own.toUpperCase(), `${own} `.replace(" ", "%20"), `${own}%00`, `{${own}}`),
      },
      { weight: 3, arbitrary: hostilePart },
    );
  });
  return fc.tuple(...parts).map((made) => made.join("/"));
}

const pair = (name: string, value: string) => `${name}=${value}`;

/** The declared parameters with anything in them, some twice, and some that nobody declared. */
export function hostileQuery({ parameters }: Operation): fc.Arbitrary<string> {
  const names = parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
  const value = fc.oneof(
    hostilePart,
    fc.constantFrom("1", "20", "100", "0", "-1", "1e2", "2026-01-01", "2026-01-01T00:00:00.000Z", "active", "a2a"),
    // A cursor of nobody's making.
    fc
      .jsonValue({ maxDepth: 2 })
      .map((content) => Buffer.from(JSON.stringify(content)).toString("base64url").slice(0, 2_000)),
  );
  const declared = names.length > 0 ? fc.constantFrom(...names) : fc.constant("limit");
  const name = fc.oneof({ weight: 4, arbitrary: declared }, { weight: 1, arbitrary: hostileKey.map(encoded) });
  const pairs = fc.array(
    fc.tuple(name, value).map(([key, text]) => pair(key, text)),
    { maxLength: 6 },
  );
  const raw = fc.constantFrom("&&&", "=", "==&=", "?", "%", "a[b]=c", "+", "&".repeat(1_000));
  return fc.oneof({ weight: 8, arbitrary: pairs.map((made) => made.join("&")) }, { weight: 1, arbitrary: raw });
}

/** A value that HTTP lets through (RFC 9110 5.5): visible characters, blanks, and bytes above. */
const headerValue = fc.oneof(
  fc
    .array(
      fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
      { maxLength: 200 },
    )
    .map((codes) => String.fromCharCode(...codes).trim()),
  fc.constantFrom("", "*", ",,,", '"', "\\", "a".repeat(6_000), "<script>", "' OR 1=1", "../..", "%00", "null"),
);

/** Headers that the service reads, with what nobody should send in them. */
const readHeaders = [
  "Authorization",
  "DPoP",
  "Accept",
  "Accept-Encoding",
  "Access-Control-Request-Method",
  "CF-Connecting-IP",
  "Content-Encoding",
  "If-None-Match",
  "If-Match",
  "Origin",
  "Range",
  "Stripe-Signature",
  "User-Agent",
  "X-Forwarded-For",
  "X-HTTP-Method-Override",
  "X-Request-Id",
];

const authorization = fc
  .tuple(
    fc.constantFrom("Basic", "basic", "BASIC ", "Bearer", "bearer", "DPoP", "Digest", "Basic,Bearer", ""),
    fc.oneof(
      headerValue,
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64")),
      fc.constantFrom("Og==", "OjpAOg==", "=", "====", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\xff"),
    ),
  )
  .map(([scheme, rest]) => `${scheme} ${rest}`.trim());

const headerPair = fc.oneof(
  fc.tuple(fc.constantFrom(...readHeaders), headerValue),
  fc.tuple(fc.constant("Authorization"), authorization),
  fc.tuple(fc.stringMatching(/^X-[A-Za-z]{1,10}$/), headerValue),
);

/** Up to 100 headers more than usual, some of them twice. */
export const hostileHeaders: fc.Arbitrary<(readonly [string, string])[]> = fc.oneof(
  { weight: 5, arbitrary: fc.array(headerPair, { maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 100 }, (_, index) => [`X-Many-${index}`, "x"] as const)) },
);

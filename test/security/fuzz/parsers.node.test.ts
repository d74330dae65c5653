/**
 * Our own parsers against grammars that are not ours: written again from the RFC's words, or a library of somebody else. Each is
 * total (it never throws), takes what the grammar makes, and refuses what it does not.
 */
import { MIMEType } from "node:util";
import { parse as parseDid } from "did-resolver";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../../src/deliveries/schedule.ts";
import { createAgentSchema } from "../../../src/identity/agents/schema.ts";
import { agentAliasDid, agentDid, serviceDid } from "../../../src/identity/dids/names.ts";
import { createOrganizationSchema } from "../../../src/identity/onboarding/schema.ts";
import { parseBasic } from "../../../src/identity/tokens/basic-credentials.ts";
import { isSameUri } from "../../../src/identity/tokens/dpop.ts";
import { readScopes, readTarget } from "../../../src/identity/tokens/parameters.ts";
import { decodeBase64url } from "../../../src/platform/crypto/base64url.ts";
import { mediaTypeOf } from "../../../src/platform/http/body.ts";
import { decodeCursor, encodeCursor } from "../../../src/platform/http/pagination.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../../src/platform/ids.ts";
import { networkOf } from "../../../src/platform/network.ts";
import { checkOutboundUrl } from "../../../src/platform/outbound/guard.ts";
import { maxAgeOf } from "../../../src/platform/outbound/key-set-fetch.ts";
import { hostileText } from "./_hostile.ts";
import { runs, seed } from "./_runs.ts";

const options = { seed, numRuns: runs(1_000) };
const holds = <Values extends [unknown, ...unknown[]]>(property: fc.IProperty<Values>) => fc.assert(property, options);

/** Texts near a grammar: made of its characters and a few others, so that many are nearly right. */
const near = (characters: string) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...characters), maxLength: 60 }) },
    { weight: 1, arbitrary: hostileText },
  );

describe("slug", () => {
  const { slug } = createOrganizationSchema.shape;
  const isLowerOrDigit = (character: string) =>
    (character >= "a" && character <= "z") || (character >= "0" && character <= "9");
  const isSlug = (text: string) =>
    text.length >= 2 &&
    text.length <= 50 &&
    text.split("-").every((word) => word !== "" && Array.from(word).every(isLowerOrDigit));

  it("is words of lower-case letters and digits, joined by single hyphens", () => {
    holds(
      fc.property(near("ab09-A_ \n"), (text) => {
        expect(slug.safeParse(text).success).toBe(isSlug(text));
      }),
    );
  });
});

describe("capability", () => {
  const capability = createAgentSchema.shape.capabilities;
  const isWord = (text: string) => {
    const [first = "", ...rest] = Array.from(text);
    const isLower = (character: string) => character.length === 1 && character >= "a" && character <= "z";
    return isLower(first) && rest.every((character) => isLower(character) || "0123456789_-".includes(character));
  };
  const isCapability = (text: string) => {
    const [resource = "", action = "", ...more] = text.split(":");
    return more.length === 0 && text.length <= 128 && isWord(resource) && (action === "*" || isWord(action));
  };

  it("is resource:action", () => {
    const text = fc.oneof(
      near("ab0_-:*A "),
      fc.tuple(near("ab0_-"), near("ab0_-*")).map((parts) => parts.join(":")),
    );
    holds(
      fc.property(text, (value) => {
        expect(capability.safeParse([value]).success).toBe(isCapability(value));
      }),
    );
  });
});

describe("scope", () => {
  /** RFC 6749 A.4: scope-token *( SP scope-token ), scope-token = 1*NQCHAR; NQCHAR = %x21 / %x23-5B / %x5D-7E. */
  const isToken = (text: string) =>
    text !== "" &&
    Array.from(text).every((character) => {
      const code = character.codePointAt(0) ?? 0;
      return code === 0x21 || (code >= 0x23 && code <= 0x5b) || (code >= 0x5d && code <= 0x7e);
    });

  it("RFC 6749 3.3: takes what the grammar takes, each scope once", () => {
    holds(
      fc.property(near('ab:!~ "\\\t'), (text) => {
        const read = readScopes(text);
        const tokens = text.split(" ");
        expect(read.ok).toBe(tokens.every(isToken));
        if (read.ok) expect(read.value).toEqual([...new Set(tokens)]);
      }),
    );
  });
});

describe("resource", () => {
  it("RFC 8707 2: an absolute URI without a fragment becomes the audience as it is", () => {
    const uri = fc.webUrl({ withQueryParameters: true, validSchemes: ["http", "https", "urn-x"] });
    holds(
      fc.property(uri, fc.integer({ min: 1, max: 4 }), (one, times) => {
        expect(readTarget(Array(times).fill(one), "https://idp.example.com")).toMatchObject({
          ok: true,
          value: { name: one.slice(0, 512) },
        });
      }),
    );
  });

  it("RFC 3986 2: whatever it takes is of the characters of a URI, and names a scheme", () => {
    holds(
      fc.property(near("ht:/.a%20#[]?& ä\\"), (text) => {
        const read = readTarget(text, "https://idp.example.com");
        if (!read.ok || text === "") return;
        expect(text).toBe(text.replace(/[^\x21-\x7e]|[#"<>\\^`{|}]/g, ""));
        expect(text).not.toMatch(/%(?![0-9A-Fa-f]{2})/);
        expect(new URL(text).protocol).toBe(`${text.split(":")[0]?.toLowerCase()}:`);
      }),
    );
  });
});

describe("HTTP Basic", () => {
  const form = (text: string) => new URLSearchParams([["", text]]).toString().slice(1);
  const everything = (text: string) =>
    Array.from(new TextEncoder().encode(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const part = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });

  it("RFC 6749 2.3.1: what a client form-encodes and joins comes apart again", () => {
    const encoding = fc.constantFrom(form, everything, encodeURIComponent);
    holds(
      fc.property(part, fc.string({ unit: "binary", maxLength: 40 }), encoding, (clientId, clientSecret, encode) => {
        const credentials = btoa(`${encode(clientId)}:${encode(clientSecret)}`);
        expect(parseBasic(credentials)).toEqual({ clientId, clientSecret });
      }),
    );
  });

  it("RFC 7617 2: never throws; what it takes has a colon and is form-encoded UTF-8", () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString("base64"));
    holds(
      fc.property(fc.oneof(bytes, near("QWxhZGRpbg=:/+_- ")), (credentials) => {
        const pair = parseBasic(credentials);
        if (!pair) return;
        const text = Buffer.from(credentials, "base64").toString("latin1");
        const decode = (half: string) => new URLSearchParams(`x=${half.replaceAll("&", "%26")}`).get("x");
        expect(pair.clientId).toBe(decode(text.slice(0, text.indexOf(":"))));
        expect(pair.clientSecret).toBe(decode(text.slice(text.indexOf(":") + 1)));
      }),
    );
  });
});

describe("DPoP htu", () => {
  const expected = "https://idp.example.com:8443/api/v1/agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

  it("RFC 9449 4.3: query, fragment, case of scheme and host, and dot segments make no difference", () => {
    const suffix = fc.tuple(fc.constantFrom("", "?", "?a=b", "?a=b&c"), fc.constantFrom("", "#", "#x?y"));
    const spelling = fc.constantFrom(
      expected,
      expected.replace("https://idp.example.com", "HTTPS://IDP.Example.COM"),
      expected.replace("/api/", "/./api/x/../"),
    );
    holds(
      fc.property(spelling, suffix, (htu, added) => {
        expect(isSameUri(htu + added.join(""), expected)).toBe(true);
      }),
    );
  });

  it("RFC 9449 4.3: any other URI is another URI", () => {
    const other = fc.tuple(fc.nat({ max: expected.length }), fc.constantFrom(..."aA0/.:@%-_~")).map(
      ([at, character]) =>
        // A character more before the query changes scheme, credentials, host, port or path.
        `${expected.slice(0, at)}${character}${expected.slice(at)}`,
    );
    const isAnother = (htu: string) => !URL.canParse(htu) || new URL(htu).href !== expected;
    holds(
      fc.property(other.filter(isAnother), (htu) => {
        expect(isSameUri(htu, expected)).toBe(false);
      }),
    );
    holds(
      fc.property(hostileText, (htu) => {
        expect(isSameUri(htu, expected)).toBe(false);
      }),
    );
  });
});

describe("Content-Type", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9!#$&^_.+-]{1,10}$/);
  const quoted = fc.string({ unit: fc.constantFrom(..."ab;=, charset"), maxLength: 20 }).map((text) => `"${text}"`);
  const name = fc.oneof(token, fc.constantFrom("charset", "Charset", "boundary"));
  const parameter = fc.tuple(fc.constantFrom(";", "; ", " ;\t"), name, fc.oneof(token, quoted));
  const mediaType = fc.tuple(token, token, fc.array(parameter, { maxLength: 4 }));

  it("RFC 9110 8.3.1: type and charset as Node's parser reads them, quotes and all", () => {
    holds(
      fc.property(mediaType, ([type, subtype, parameters]) => {
        const text = `${type}/${subtype}${parameters.map(([separator, key, value]) => `${separator}${key}=${value}`).join("")}`;
        const judged = new MIMEType(text);
        expect(mediaTypeOf(text)).toEqual([judged.essence, judged.params.get("charset")?.toLowerCase() ?? null]);
      }),
    );
  });

  it("never throws", () => {
    holds(
      fc.property(near('a/b;="\\ charset'), (text) => {
        expect(mediaTypeOf(text)).toHaveLength(2);
      }),
    );
  });
});

describe("cursor", () => {
  const list = { name: "agents", organizationId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" as OrganizationId };

  it("none but the one that was given is taken: not one bit different, nor anybody's own", () => {
    const cursor = encodeCursor(list, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11");
    const changed = fc
      .tuple(fc.nat({ max: cursor.length - 1 }), fc.constantFrom(..."AQgw_-=."))
      .map(([at, character]) => cursor.slice(0, at) + character + cursor.slice(at + 1));
    const forged = fc
      .jsonValue({ maxDepth: 2 })
      .map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));
    const text = fc.oneof(changed, forged, hostileText).filter((one) => one !== cursor);
    holds(
      fc.property(text, (one) => {
        const read = decodeCursor(list, agentIdSchema, one);
        // Another id is another place in the caller's own list, and no authority.
        if (read.ok) expect(encodeCursor(list, read.value)).toBe(one);
        else expect(read.code).toBe("VALIDATION_ERROR");
      }),
    );
  });
});

describe("base64url", () => {
  it("RFC 7515 2: one spelling for each value, and no other", () => {
    holds(
      fc.property(near("AQgwz09_-=+/ "), (text) => {
        const bytes = decodeBase64url(text);
        const isCanonical = Buffer.from(text, "base64url").toString("base64url") === text;
        expect(bytes !== null).toBe(isCanonical);
        if (bytes) expect(Buffer.from(bytes).toString("base64url")).toBe(text);
      }),
    );
  });
});

describe("DIDs", () => {
  const origin = fc
    .webAuthority({ withPort: true, withUserInfo: false })
    .filter((host) => URL.canParse(`https://${host}`));
  /** did:web method specification 2.5.2, Read: the steps from the name to the URL. */
  const urlOf = (did: string) => {
    const [host = "", ...path] = did
      .replace(/^did:web:/, "")
      .split(":")
      .map(decodeURIComponent);
    return `https://${host}/${path.length === 0 ? ".well-known" : path.join("/")}/did.json`;
  };

  it("did:web: every name is a DID to did-resolver, and leads to the document that is there", () => {
    holds(
      fc.property(origin, fc.uuid(), fc.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)*$/), (host, id, slug) => {
        const issuer = new URL(`https://${host}`).origin;
        const agentId = id as AgentId;
        for (const [did, path] of [
          [serviceDid(issuer), "/.well-known/did.json"],
          [agentDid(issuer, agentId), `/agents/${id}/did.json`],
          [agentAliasDid(issuer, slug, agentId), `/orgs/${slug}/agents/${id}/did.json`],
        ] as const) {
          expect(parseDid(did)).toMatchObject({ did, method: "web" });
          expect(urlOf(did)).toBe(`${issuer}${path}`);
        }
      }),
    );
  });
});

describe("the network of an address", () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  const address = fc.array(group, { minLength: 8, maxLength: 8 });
  const spellings = (groups: readonly number[]) => {
    const parsed = new ipaddr.IPv6([...groups]);
    return [
      parsed.toString(),
      parsed.toNormalizedString(),
      parsed.parts.map((part) => part.toString(16).padStart(4, "0").toUpperCase()).join(":"),
      parsed.toRFC5952String(),
    ];
  };

  it("RFC 4291 2.2: is the /64, however the address is written", () => {
    holds(
      fc.property(address, address, fc.boolean(), (one, another, isNeighbour) => {
        const two = isNeighbour ? [...one.slice(0, 4), ...another.slice(4)] : another;
        const mapped =
          new ipaddr.IPv6([...one]).isIPv4MappedAddress() || new ipaddr.IPv6([...two]).isIPv4MappedAddress();
        fc.pre(!mapped);
        const networks = [one, two].map(
          (groups) => new Set(spellings(groups).map((ip) => networkOf({ ip, userAgent: "" }))),
        );
        expect(networks.map(({ size }) => size)).toEqual([1, 1]);
        expect([...networks[0]!][0] === [...networks[1]!][0]).toBe(one.slice(0, 4).join() === two.slice(0, 4).join());
      }),
    );
  });

  it("of an IPv4 address is the address, and so it is where that is written as IPv6", () => {
    holds(
      fc.property(fc.ipV4(), (ip) => {
        expect([ip, `::ffff:${ip}`].map((text) => networkOf({ ip: text, userAgent: "" }))).toEqual([ip, ip]);
      }),
    );
  });

  it("never throws, whatever stands in its place", () => {
    holds(
      fc.property(near("0a:.%/ffff1"), (ip) => {
        expect(typeof networkOf({ ip, userAgent: "" })).toBe("string");
      }),
    );
  });
});

describe("Retry-After", () => {
  const nowMs = Date.parse("2026-10-01T12:00:00Z");
  const eightHoursMs = 8 * 3_600_000;

  it("RFC 9110 10.2.3: seconds, of any length, at most 8 hours", () => {
    holds(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (seconds) => {
        const wanted = seconds > 28_800n ? eightHoursMs : Number(seconds) * 1000;
        expect(retryAfterMs(String(seconds), nowMs, eightHoursMs)).toBe(wanted);
      }),
    );
  });

  it("RFC 9110 5.6.7: a date, not before now", () => {
    const date = fc.date({ min: new Date(0), max: new Date("9000-01-01"), noInvalidDate: true });
    holds(
      fc.property(date, (value) => {
        const wholeSeconds = Math.floor(value.getTime() / 1000) * 1000;
        const wanted = Math.min(Math.max(wholeSeconds - nowMs, 0), eightHoursMs);
        expect(retryAfterMs(value.toUTCString(), nowMs, eightHoursMs)).toBe(wanted);
      }),
    );
  });

  it("is never negative, more than 8 hours, or no number", () => {
    holds(
      fc.property(near("0123456789 -:.eGMTSunOct,+"), (text) => {
        const waitMs = retryAfterMs(text, nowMs, eightHoursMs) ?? 0;
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(eightHoursMs);
      }),
    );
  });
});

describe("Cache-Control", () => {
  const ageOf = (text: string) => maxAgeOf(new Headers({ "Cache-Control": text }));
  const other = fc.constantFrom(
    "public",
    "must-revalidate",
    "s-maxage=7",
    "x-max-age=8",
    "no-transform",
    "x-no-store",
    "no-cachex",
  );

  it("RFC 9111 5.2.2: max-age among other directives, in any case, quoted or not", () => {
    const seconds = fc.integer({ min: 0, max: 999_999_999 });
    const spelling = fc.constantFrom("max-age=?", "Max-Age=?", 'max-age="?"');
    holds(
      fc.property(fc.array(other), seconds, spelling, fc.array(other), (before, age, form, after) => {
        expect(ageOf([...before, form.replace("?", String(age)), ...after].join(", "))).toBe(age);
      }),
    );
  });

  it("RFC 9111 5.2.2: no-store and no-cache win; without max-age nothing is said", () => {
    holds(
      fc.property(fc.array(other, { minLength: 1 }), fc.constantFrom("no-store", "No-Cache"), (directives, no) => {
        expect(ageOf(directives.join(","))).toBeNull();
        expect(ageOf(["max-age=60", ...directives, no].join(", "))).toBe(0);
      }),
    );
  });
});

describe("URLs that somebody else chose", () => {
  const production = { environment: "production" } as const;

  it("never throws; what it lets through is https to a public name, and is what was written", () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.ipV4Extended(),
      fc.constantFrom("localhost.", "a.local"),
    );
    const made = fc
      .tuple(
        fc.constantFrom("https", "http", "HTTPS", "ftp"),
        fc.constantFrom("", "u@", "u:p@"),
        host,
        fc.constantFrom("", ":8443", ":25"),
      )
      .map(([scheme, user, name, port]) => `${scheme}://${user}${name}${port}/path`);
    holds(
      fc.property(fc.oneof(made, hostileText, near("https:/.0x7f1[]@\\\t#?")), (text) => {
        const checked = checkOutboundUrl(production, text);
        if (!checked.ok) return;
        const { protocol, username, password, port, hash, hostname } = checked.value;
        expect([protocol, username + password + hash]).toEqual(["https:", ""]);
        expect(["", "8443"]).toContain(port);
        expect(ipaddr.isValid(hostname.replace(/^\[|\]$/g, ""))).toBe(false);
        expect(hostname).toMatch(/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/);
        expect(text.toLowerCase()).toContain(`//${hostname}`);
      }),
    );
  });
});

/**
 * Attack: JWKS endpoint of a partner: 10 MB, 10,000 keys, redirects, private address, key-id flood: bounded, cached, old
 * keys kept. The same for an issuer of workloads, whose address a tenant chooses as well. Over real sockets:
 * test/platform/outbound/jwks.node.test.ts.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { newKey, type SigningPair } from "../identity/federation/_support.ts";
import { newPolicy, oidcPolicy } from "../identity/workloads/_policies.ts";
import { call, newAgent, newOrganization, type Organization, issuer as own, tokenFor, unique } from "../support/api.ts";
import { signedBy } from "./_forging.ts";
import { newSource } from "./_presentable.ts";

const minuteMs = 60_000;

let tenant: Organization;
let key: SigningPair;

/** What is asked of the Internet, and what it answers. */
let asked: string[];
let answer: (url: URL) => Response | Promise<Response>;

beforeAll(async () => {
  tenant = await newOrganization();
  key = await newKey("known");
});

beforeEach(() => {
  asked = [];
  answer = honest;
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    asked.push(String(input));
    return answer(new URL(String(input)));
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const isDiscovery = ({ pathname }: URL) => pathname.startsWith("/.well-known/");
const metadata = (url: URL, jwks_uri = `${url.origin}/keys`) =>
  url.pathname.endsWith("openid-configuration")
    ? Response.json({ issuer: url.origin, jwks_uri })
    : new Response("Not found", { status: 404 });

function honest(url: URL): Response {
  return isDiscovery(url) ? metadata(url) : Response.json({ keys: [key.jwk] });
}

/** Honest discovery; the key set is what is given. */
const withKeySet = (keySet: () => Response) => (url: URL) => (isDiscovery(url) ? metadata(url) : keySet());
/** Discovery that leads to an address. */
const leadingTo = (jwksUri: string) => (url: URL) => (isDiscovery(url) ? metadata(url, jwksUri) : honest(url));

const tenMegabytes = " ".repeat(10 * 1024 * 1024);

/** A stream that never ends, and counts what is taken from it. */
let chunksTaken = 0;
function endless(): Response {
  const chunk = new TextEncoder().encode(" ".repeat(65_536));
  const body = new ReadableStream({
    pull(controller) {
      chunksTaken++;
      controller.enqueue(chunk);
    },
  });
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}

const misbehaviors: Record<string, (url: URL) => Response | Promise<Response>> = {
  "sends 10 MB": withKeySet(() => new Response(`{"keys":[],"x":"${tenMegabytes}"}`)),
  "sends 10 MB of discovery": () => new Response(`{"x":"${tenMegabytes}"}`),
  "never stops sending": withKeySet(endless),
  "has 10,000 keys": withKeySet(() =>
    Response.json({ keys: Array.from({ length: 10_000 }, (_, kid) => ({ ...key.jwk, kid: `${kid}` })) }),
  ),
  "has 10,000 keys, the right one first": withKeySet(() =>
    Response.json({ keys: [key.jwk, ...Array(9_999).fill(key.jwk)] }),
  ),
  redirects: withKeySet(
    () => new Response(null, { status: 302, headers: { Location: "https://elsewhere.example/keys" } }),
  ),
  "redirects inward": withKeySet(
    () => new Response(null, { status: 307, headers: { Location: "http://169.254.169.254/" } }),
  ),
  "redirects its discovery": () =>
    new Response(null, { status: 301, headers: { Location: "https://elsewhere.example/" } }),
  "leads to the metadata service": leadingTo("http://169.254.169.254/latest/meta-data/"),
  "leads to a private address": leadingTo("https://10.0.0.1/keys"),
  "leads to an address in IPv6": leadingTo("https://[fd00:ec2::254]/keys"),
  "leads to an internal name": leadingTo("https://vault.internal/keys"),
  "leads to a file": leadingTo("file:///etc/passwd"),
  "leads to a data URL": leadingTo(`data:application/json,${encodeURIComponent('{"keys":[]}')}`),
  "calls itself another issuer": (url) =>
    isDiscovery(url) ? Response.json({ issuer: own, jwks_uri: `${url.origin}/keys` }) : honest(url),
  "answers 500": () => new Response("{}", { status: 500 }),
  "answers nothing": () => Promise.reject(new TypeError("Network connection lost.")),
  "sends a page": withKeySet(() => new Response("<h1>Hi</h1>", { headers: { "Content-Type": "text/html" } })),
  "sends keys nested without end": withKeySet(() => new Response(`${'{"keys":['.repeat(20_000)}`)),
  "sends a private key": withKeySet(() => Response.json({ keys: [{ ...key.jwk, d: "AAAA" }] })),
  "sends a secret": withKeySet(() => Response.json({ keys: [{ kty: "oct", kid: "known", alg: "HS256", k: "AAAA" }] })),
};

interface Known {
  /** Whether a token is accepted, here and now. */
  accepts(kid?: string): Promise<boolean>;
}

/** The two doors that check tokens of others. */
const doors: Record<string, () => Promise<Known>> = {
  "POST /federation/verify": async () => {
    const issuer = `https://${unique("partner")}.example`;
    const trusted = await call("/api/v1/federation/trust", {
      token: await tokenFor(tenant, { scope: "admin:orgs" }),
      json: { name: "Partner", issuer, audiences: ["https://api.example"] },
    });
    expect(trusted.status, trusted.text).toBe(201);
    return {
      accepts: async (kid = "known") => {
        const exp = Math.floor(Date.now() / 1000) + 600;
        const token = await signedBy(
          key.privateKey,
          { iss: issuer, sub: "a", client_id: "a", aud: "https://api.example", exp },
          { alg: "ES256", typ: "at+jwt", kid },
        );
        const answered = await call("/api/v1/federation/verify", { token: await tokenFor(tenant), json: { token } });
        expect(answered.status, answered.text).toBe(200);
        return answered.body.valid;
      },
    };
  },
  "the jwt-bearer grant": async () => {
    const issuer = `https://${unique("platform")}.example`;
    const { token } = tenant;
    const { agentId } = await newAgent(token);
    await newPolicy(token, oidcPolicy(agentId, { issuer, audience: own, claims: { sub: "a" } }));
    return {
      accepts: async (kid = "known") => {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: issuer, sub: "a", aud: own, iat: now, exp: now + 600, jti: crypto.randomUUID() };
        const workload = await signedBy(key.privateKey, claims, { alg: "ES256", typ: "JWT", kid });
        const answered = await call("/api/v1/oidc/token", {
          json: { token: workload, agentId },
          headers: { "CF-Connecting-IP": newSource() },
        });
        expect([200, 401], answered.text).toContain(answered.status);
        return answered.status === 200;
      },
    };
  },
};

const isInward = (url: string) => /169\.254|10\.0\.0\.1|fd00|internal|elsewhere|^file:|^data:/.test(url);

describe.each(Object.entries(doors))("%s, of an issuer that", (_, open) => {
  it("behaves: is let in, and asked once", async () => {
    const door = await open();
    for (let count = 0; count < 5; count++) expect(await door.accepts()).toBe(true);
    expect(asked.map((url) => new URL(url).pathname)).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it.each(Object.entries(misbehaviors))(
    "%s: nobody is let in, with few questions and none inward",
    async (_, misbehave) => {
      const door = await open();
      answer = misbehave;
      for (let count = 0; count < 20; count++) expect(await door.accepts()).toBe(false);
      // Discovery and keys, by the first token, and once more for a key that is not among them.
      expect(asked.length).toBeLessThanOrEqual(4);
      expect(asked.filter(isInward)).toEqual([]);
      expect(chunksTaken).toBeLessThan(20);
      chunksTaken = 0;
    },
  );

  it.each(Object.entries(misbehaviors).filter(([name]) => !/private key|a secret/.test(name)))(
    "%s after it behaved: its old keys count",
    async (_, misbehave) => {
      const door = await open();
      expect(await door.accepts()).toBe(true);
      answer = misbehave;
      vi.setSystemTime(Date.now() + 90 * minuteMs);
      expect(await door.accepts()).toBe(true);
      expect(asked.filter(isInward)).toEqual([]);
    },
  );

  it("is asked about a flood of key ids that never were: once a minute", async () => {
    const door = await open();
    expect(await door.accepts()).toBe(true);
    const before = asked.length;
    vi.setSystemTime(Date.now() + 2 * minuteMs);
    for (let count = 0; count < 100; count++) expect(await door.accepts(`flood-${count}`)).toBe(false);
    expect(asked.length - before).toBeLessThanOrEqual(2);
    expect(await door.accepts()).toBe(true);
    vi.setSystemTime(Date.now() + minuteMs);
    expect(await door.accepts("flood-again")).toBe(false);
    expect(asked.length - before).toBeLessThanOrEqual(4);
  });
});

/** private_key_jwt: RFC 7523 2.2 and 3, OpenID Connect Core 9. */
import { Buffer } from "node:buffer";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { call, issuer, newAgent, theOperator } from "../../support/api.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
let admin: string;

interface Signer {
  readonly agentId: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
}

async function registered(alg = "ES256"): Promise<Signer> {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const { kty, crv, x, y, n, e } = await exportJWK(pair.publicKey);
  const publicKeyJwk = kty === "RSA" ? { kty, n, e } : y === undefined ? { kty, crv, x } : { kty, crv, x, y };
  const { agentId } = await newAgent(admin, { publicKeyJwk });
  return { agentId, alg, privateKey: pair.privateKey };
}

let signer: Signer;
let jti = 0;

beforeAll(async () => {
  admin = (await theOperator()).token;
  signer = await registered();
});

const nowSeconds = () => Math.floor(Date.now() / 1000);

function claimsOf(agentId: string, changes: JWTPayload = {}): JWTPayload {
  return {
    iss: agentId,
    sub: agentId,
    aud: issuer,
    jti: `assertion-${++jti}`,
    iat: nowSeconds(),
    exp: nowSeconds() + 60,
    ...changes,
  };
}

const sign = (claims: JWTPayload, { alg, privateKey }: Pick<Signer, "alg" | "privateKey"> = signer, header = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(privateKey);

/** The audit log has at most ten refusals a minute of one network, so each request comes from its own. */
let sources = 0;
const newSource = () => `198.18.0.${++sources}`;

const present = (assertion: string, form: Record<string, string> = {}) =>
  call("/api/v1/token", {
    form: {
      grant_type: "client_credentials",
      client_assertion_type: assertionType,
      client_assertion: assertion,
      scope: "agents:read",
      ...form,
    },
    headers: { "CF-Connecting-IP": newSource() },
  });

const detailsOf = async (agentId: string) => {
  const { body } = await call("/api/v1/audit?action=token.refused&limit=100", { token: admin });
  return body.data.find((event: { target: string }) => event.target === agentId)?.details;
};

const reasonOf = async (agentId: string) => (await detailsOf(agentId))?.reason;

describe("an agent that keeps its own key", () => {
  it.each(["ES256", "EdDSA", "RS256", "PS256"])("signs in with %s", async (alg) => {
    const own = await registered(alg);
    const answer = await present(await sign(claimsOf(own.agentId), own));
    expect(answer.status, answer.text).toBe(200);
    const me = await call(`/api/v1/agents/${own.agentId}`, { token: answer.body.access_token });
    expect(me.body.agentId).toBe(own.agentId);
  });

  it.each([
    ["EdDSA", "Ed25519"],
    ["Ed25519", "EdDSA"],
  ])("RFC 9864 2.2: signs in with a key registered as %s, under the name %s", async (named, alg) => {
    const pair = await generateKeyPair("Ed25519", { extractable: true });
    const { kty, crv, x } = await exportJWK(pair.publicKey);
    const { agentId } = await newAgent(admin, { publicKeyJwk: { kty, crv, x, alg: named } });
    const answer = await present(await sign(claimsOf(agentId), { alg, privateKey: pair.privateKey }));
    expect(answer.status, answer.text).toBe(200);
  });

  it.each([
    ["the issuer", issuer],
    ["the token endpoint", `${issuer}/api/v1/token`],
    ["a list of the issuer alone", [issuer]],
    ["a list of the token endpoint alone", [`${issuer}/api/v1/token`]],
  ])("may name %s as the audience", async (_, aud) => {
    expect((await present(await sign(claimsOf(signer.agentId, { aud })))).status).toBe(200);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ["no iat", () => ({ iat: undefined })],
    ["no iat, and five minutes by a clock that is ahead", () => ({ iat: undefined, exp: nowSeconds() + 355 })],
    ["five minutes by a clock that is ahead", () => ({ iat: nowSeconds() + 50, exp: nowSeconds() + 350 })],
    ["an iat half a minute back, and five minutes ahead", () => ({ iat: nowSeconds() - 30, exp: nowSeconds() + 300 })],
    ["an exp that has just passed", () => ({ iat: nowSeconds() - 90, exp: nowSeconds() - 30 })],
  ])("RFC 7519 4.1.4: clocks may differ by a minute: %s", async (_, changes) => {
    const claims = JSON.parse(JSON.stringify(claimsOf(signer.agentId, changes() as JWTPayload)));
    expect((await present(await sign(claims))).status).toBe(200);
  });

  it("may send its client_id along", async () => {
    const answer = await present(await sign(claimsOf(signer.agentId)), { client_id: signer.agentId });
    expect(answer.status).toBe(200);
  });

  it("has no way in for the key that the service made for another agent", async () => {
    const { agentId } = await newAgent(admin);
    expect((await present(await sign(claimsOf(agentId)))).body.error).toBe("invalid_client");
    expect(await reasonOf(agentId)).toBe("no_registered_key");
  });
});

describe("401 invalid_client, and the reason in the audit log", () => {
  it.each<[string, string, (agentId: string) => JWTPayload]>([
    ["two audiences", "assertion_claims", (id) => claimsOf(id, { aud: [issuer, `${issuer}/api/v1/token`] })],
    ["the same audience twice", "assertion_claims", (id) => claimsOf(id, { aud: [issuer, issuer] })],
    ["an empty list of audiences", "assertion_claims", (id) => claimsOf(id, { aud: [] })],
    ["another server in a list", "assertion_claims", (id) => claimsOf(id, { aud: ["https://as.example.com/token"] })],
    [
      "another server's endpoint as audience",
      "assertion_claims",
      (id) => claimsOf(id, { aud: "https://as.example.com/token" }),
    ],
    ["the issuer with a slash", "assertion_claims", (id) => claimsOf(id, { aud: `${issuer}/` })],
    ["another issuer claim", "assertion_claims", (id) => claimsOf(id, { iss: "somebody" })],
    [
      "an expired assertion",
      "assertion_expired",
      (id) => claimsOf(id, { iat: nowSeconds() - 600, exp: nowSeconds() - 300 }),
    ],
    [
      "a lifetime over five minutes and the skew",
      "assertion_claims",
      (id) => claimsOf(id, { exp: nowSeconds() + 361 }),
    ],
    [
      "an issue time in the future",
      "assertion_claims",
      (id) => claimsOf(id, { iat: nowSeconds() + 600, exp: nowSeconds() + 660 }),
    ],
    ["not yet valid", "assertion_expired", (id) => claimsOf(id, { nbf: nowSeconds() + 200 })],
  ])("%s", async (_, reason, claims) => {
    const own = await registered();
    const answer = await present(await sign(claims(own.agentId), own));
    expect(answer.status).toBe(401);
    expect(answer.body.error).toBe("invalid_client");
    expect(await reasonOf(own.agentId)).toBe(reason);
  });

  it.each(["jti", "exp", "iss", "aud"])("no %s, which the log names", async (claim) => {
    const own = await registered();
    const { [claim]: _, ...rest } = claimsOf(own.agentId);
    expect((await present(await sign(rest, own))).body.error).toBe("invalid_client");
    expect(await detailsOf(own.agentId)).toMatchObject({ claim, received: null });
  });

  it.each<[string, string | readonly string[] | RegExp, (at: number) => Record<string, unknown>]>([
    ["aud", "https://as.example.com/token", () => ({ aud: "https://as.example.com/token" })],
    ["aud", [issuer, "https://as.example.com"], () => ({ aud: [issuer, "https://as.example.com"] })],
    ["aud", "[structure]", () => ({ aud: { is: issuer } })],
    ["iss", "x".repeat(200), () => ({ iss: "x".repeat(300) })],
    ["jti", "7", () => ({ jti: 7 })],
    ["lifetime", "3600 s", (at) => ({ iat: at, exp: at + 3600 })],
    ["iat", /^\d+$/, (at) => ({ iat: at + 600, exp: at + 660 })],
    ["exp", /^\d+$/, (at) => ({ iat: at - 300, exp: at - 240 })],
    ["exp", "tomorrow", () => ({ exp: "tomorrow" })],
    ["nbf", /^\d+$/, (at) => ({ nbf: at + 200 })],
    ["iat", "now", () => ({ iat: "now" })],
  ])("the log names %s, and the value %s", async (claim, received, changes) => {
    const own = await registered();
    const claims = claimsOf(own.agentId, changes(nowSeconds()) as JWTPayload);
    expect((await present(await sign(claims, own))).status).toBe(401);
    const matching = received instanceof RegExp ? expect.stringMatching(received) : received;
    expect(await detailsOf(own.agentId)).toMatchObject({ claim, received: matching });
  });

  it.each([
    ["alg", "RS384", "RS384", {}],
    ["typ", "at+jwt", "RS256", { typ: "at+jwt" }],
  ])("the log names the header member %s", async (header, received, alg, more) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
    const { kty, n, e } = await exportJWK(publicKey);
    const { agentId } = await newAgent(admin, { publicKeyJwk: { kty, n, e } });
    const answer = await present(await sign(claimsOf(agentId), { alg, privateKey }, more));
    expect(answer.body.error).toBe("invalid_client");
    expect(await detailsOf(agentId)).toMatchObject({ reason: "assertion_malformed", header, received });
  });

  it.each<[string, Record<string, unknown>, string | readonly string[]]>([
    ["kid", { kid: "a/b+c=" }, "a/b+c="],
    ["kid", { kid: 5 }, "5"],
    ["kid", { kid: "k".repeat(300) }, "k".repeat(200)],
    ["jku", { jku: "https://keys.example.com" }, "https://keys.example.com"],
    ["x5u", { x5u: "https://keys.example.com" }, "https://keys.example.com"],
    ["x5c", { x5c: ["MIIB"] }, ["MIIB"]],
    ["jwk", { jwk: { kty: "EC" } }, "[structure]"],
    ["crit", { crit: ["exp"] }, ["exp"]],
    ["alg", { alg: "none" }, "none"],
    ["alg", { alg: "HS256" }, "HS256"],
    ["typ", { typ: 7 }, "7"],
  ])("a header whose %s no assertion may have is in the log of its client: %j", async (header, members, received) => {
    const own = await registered();
    const [, payload, signature] = (await sign(claimsOf(own.agentId), own)).split(".");
    const text = JSON.stringify({ alg: "ES256", ...members });
    const answer = await present(`${Buffer.from(text).toString("base64url")}.${payload}.${signature}`);
    expect([answer.status, answer.body.error]).toEqual([401, "invalid_client"]);
    expect(await detailsOf(own.agentId)).toMatchObject({ reason: "assertion_malformed", header, received });
  });

  it("another agent's signature", async () => {
    const victim = await registered();
    expect((await present(await sign(claimsOf(victim.agentId), signer))).body.error).toBe("invalid_client");
    expect(await reasonOf(victim.agentId)).toBe("assertion_signature");
  });

  it("an access token in place of an assertion", async () => {
    const answer = await present(await sign(claimsOf(signer.agentId)));
    expect((await present(answer.body.access_token)).body.error).toBe("invalid_client");
    const typed = await sign(claimsOf(signer.agentId), signer, { typ: "at+jwt" });
    expect((await present(typed)).body.error).toBe("invalid_client");
  });

  it("RFC 8725 2.1: HS256 with the public key as the secret, and none", async () => {
    const claims = btoa(JSON.stringify(claimsOf(signer.agentId))).replace(/=+$/, "");
    for (const header of ['{"alg":"none"}', '{"alg":"HS256"}']) {
      const encoded = btoa(header).replace(/=+$/, "");
      expect((await present(`${encoded}.${claims}.AAAA`)).status).toBe(401);
    }
  });

  it("a jti that has been used; of 50 at once exactly one gets in", async () => {
    const assertion = await sign(claimsOf(signer.agentId));
    const answers = await Promise.all(Array.from({ length: 50 }, () => present(assertion)));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.every((status) => [200, 401, 429].includes(status))).toBe(true);
    expect(await detailsOf(signer.agentId)).toMatchObject({ reason: "assertion_replayed", claim: "jti" });
  });
});

describe("400 invalid_request", () => {
  it("another client_assertion_type", async () => {
    const answer = await present(await sign(claimsOf(signer.agentId)), { client_assertion_type: "urn:example" });
    expect(answer.body.error).toBe("invalid_request");
  });

  it("a client_id that is not the subject", async () => {
    const answer = await present(await sign(claimsOf(signer.agentId)), {
      client_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
    });
    expect(answer.body.error).toBe("invalid_request");
  });

  it("a secret beside the assertion", async () => {
    const answer = await present(await sign(claimsOf(signer.agentId)), { client_secret: "x" });
    expect(answer.body.error).toBe("invalid_request");
  });
});

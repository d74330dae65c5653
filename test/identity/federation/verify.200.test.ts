/** A partner's tokens, valid and not. Attack: a partner's token for another service. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, newClient, newOrganization, type Organization, tokenFor, unique } from "../../support/api.ts";
import {
  api,
  type Claims,
  eventsOf,
  type Issuer,
  newIssuer,
  newKey,
  newPartner,
  pathOf,
  type SigningPair,
  serveIssuers,
  verify,
} from "./_support.ts";

let organization: Organization;
let them: Issuer;
let partner: { partnerId: string };

const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** Whether it is valid, with the reason in the audit log if not. */
async function verdictOn(presented: string, { token } = organization): Promise<true | string> {
  const { status, body, text } = await verify(token, presented);
  expect(status, text).toBe(200);
  if (body.valid) return true;
  expect(text).toBe('{"valid":false}');
  return (await eventsOf(token, "partner_token.verified")).at(-1).details.reason;
}

const signed = async (claims?: Claims, header?: Record<string, unknown>, key?: SigningPair) =>
  verdictOn(await them.sign(claims, header, key));

const change = (json: unknown) => call(pathOf(partner), { method: "PATCH", token: organization.token, json });

beforeEach(async () => {
  serveIssuers();
  vi.spyOn(console, "warn").mockReturnValue();
  organization = await newOrganization();
  them = await newIssuer();
  partner = await newPartner(organization.token, { issuer: them.issuer, audiences: [api] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a valid token", () => {
  it("tells whose it is", async () => {
    const exp = secondsFromNow(600);
    const answer = await verify(organization.token, await them.sign({ exp }));
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        valid: true,
        issuer: them.issuer,
        partnerId: partner.partnerId,
        subject: "agent-7",
        organizationId: "their-organization",
        audience: [api],
        scopes: ["resume:read", "resume:write"],
        expiresAt: new Date(exp * 1000).toISOString(),
      },
    ]);
  });

  it("any agent of the organization may have it checked", async () => {
    const token = await tokenFor(await newClient(organization.token, { grantedScopes: [] }));
    expect((await verify(token, await them.sign())).body.valid).toBe(true);
  });

  it.each<[string, Claims, string[]]>([
    ["no scope", { scope: undefined }, []],
    ["an empty scope", { scope: "" }, []],
    ["a scope twice", { scope: "a:b a:b" }, ["a:b"]],
    ["scope as a list: Spring, Duende", { scope: ["a:b", "c:d", "a:b"] }, ["a:b", "c:d"]],
    ["scp as a list", { scope: undefined, scp: ["a:b", "c:d"] }, ["a:b", "c:d"]],
    ["scp as a text", { scope: undefined, scp: "a:b c:d" }, ["a:b", "c:d"]],
  ])("with %s", async (_, claims, scopes) => {
    expect((await verify(organization.token, await them.sign(claims))).body).toMatchObject({ valid: true, scopes });
  });

  it("without an organization", async () => {
    const answer = await verify(organization.token, await them.sign({ organization_id: undefined }));
    expect(answer.body).toMatchObject({ valid: true, organizationId: null });
  });

  it("with the jwksUri of the partner, nothing is discovered", async () => {
    await change({ jwksUri: `${them.issuer}/keys` });
    expect(await signed()).toBe(true);
    expect(them.requests).toBe(1);
  });

  it.each(["RS256", "PS256", "EdDSA", "ES384"])("signed with %s", async (alg) => {
    const key = await newKey("k2", alg);
    them.keys = [them.key.jwk, key.jwk];
    expect(await signed({}, {}, key)).toBe(true);
  });

  it("is in the audit log, without the token", async () => {
    const token = await them.sign();
    await verify(organization.token, token);
    const [event] = await eventsOf(organization.token, "partner_token.verified");
    expect(event).toMatchObject({
      outcome: "success",
      agentId: null,
      actor: { agentId: organization.agentId },
      target: partner.partnerId,
      details: { issuer: them.issuer, subject: "agent-7", organizationId: "their-organization" },
    });
    expect(JSON.stringify(event)).not.toContain(token.split(".")[2]);
  });
});

describe("the partner decides", () => {
  it("a suspended one's tokens are not valid, from the answer on; reactivated they are", async () => {
    const token = await them.sign();
    expect(await verdictOn(token)).toBe(true);
    await change({ status: "suspended" });
    expect(await verdictOn(token)).toBe("partner_suspended");
    await change({ status: "active" });
    expect(await verdictOn(token)).toBe(true);
  });

  it("nor an expired one's", async () => {
    const token = await them.sign();
    const nowMs = Date.now();
    await change({ expiresAt: new Date(nowMs + 60_000).toISOString() });
    expect(await verdictOn(token)).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: nowMs + 60_000 });
    expect(await verdictOn(token)).toBe("partner_expired");
  });

  it("nor a deleted one's", async () => {
    const token = await them.sign();
    await call(pathOf(partner), { method: "DELETE", token: organization.token });
    expect(await verdictOn(token)).toBe("no_partner");
  });

  it("nor one's of another organization", async () => {
    expect(await verdictOn(await them.sign(), await newOrganization())).toBe("no_partner");
  });

  it("organizations that do not count, or are not named", async () => {
    await change({ allowedOrganizations: ["their-organization"] });
    expect(await signed()).toBe(true);
    expect(await signed({ organization_id: "their-other" })).toBe("organization_not_allowed");
    expect(await signed({ organization_id: undefined })).toBe("organization_not_allowed");
    expect(await signed({ organization_id: "" })).toBe("organization_not_allowed");
  });

  it("a key that it has dropped is refused once its keys are asked for again", async () => {
    const token = await them.sign({ exp: secondsFromNow(7200) });
    expect(await verdictOn(token)).toBe(true);
    them.keys = [(await newKey("k2")).jwk];
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    organization = { ...organization, token: await tokenFor(organization, { scope: "audit:read" }) };
    expect(await verdictOn(token)).toBe("unknown_key");
  });
});

describe("for whom the token is (RFC 8725 3.9)", () => {
  const ours = "http://localhost:8787";
  const refused = "audience_not_allowed";
  const unlisted = async () => {
    them = await newIssuer();
    partner = await newPartner(organization.token, { issuer: them.issuer });
  };
  const register = async (owner: Organization, fields: Record<string, unknown> = {}) => {
    const identifier = `urn:agentidp:${owner.slug}:${unique("api")}`;
    const json = { identifier, name: "API", ...fields };
    const answer = await call("/api/v1/resources", { token: owner.token, json });
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };
  beforeEach(unlisted);

  it.each<[string, unknown]>([
    ["another service", "https://some-other-service.example"],
    ["two other services", ["https://one.example", "https://two.example"]],
    ["this service, which is not listed", ours],
    ["nobody", undefined],
    ["an empty list", []],
  ])("a token for %s is not valid", async (_, aud) => {
    expect(await signed({ aud })).toBe(refused);
  });

  it.each<[string, unknown]>([
    ["a number", 7],
    ["a list with a number", ["https://api.example", 7]],
    ["101 audiences", Array.from({ length: 101 }, (_, index) => `https://${index}.example`)],
  ])("an audience that is %s is malformed", async (_, aud) => {
    await change({ audiences: [api] });
    expect(await signed({ aud })).toBe("token_malformed");
  });

  it("a resource of the organization, while it is active", async () => {
    const resource = await register(organization);
    const token = await them.sign({ aud: resource.identifier });
    expect(await verdictOn(token)).toBe(true);
    await call(`/api/v1/resources/${resource.resourceId}`, {
      method: "PATCH",
      token: organization.token,
      json: { status: "disabled" },
    });
    expect(await verdictOn(token)).toBe(refused);
  });

  it("a resource is compared as at the token endpoint: one trailing slash is none", async () => {
    const { token, organizationId } = organization;
    const domain = `${unique("verified")}.example`;
    const added = await call(`/api/v1/organizations/${organizationId}/domains`, { token, json: { domain } });
    expect([added.status, added.body.status], added.text).toEqual([201, "verified"]);
    const { identifier } = await register(organization, { identifier: `https://${domain}/mcp` });
    expect(await signed({ aud: `${identifier}/` })).toBe(true);
    expect(await signed({ aud: `${identifier}/tools` })).toBe(refused);
  });

  it("a resource of another organization is none", async () => {
    const { identifier } = await register(await newOrganization());
    expect(await signed({ aud: identifier })).toBe(refused);
  });

  it("an audience of the partner, this service among them only when it is listed", async () => {
    const token = await them.sign({ aud: ours });
    await change({ audiences: [api] });
    expect(await signed({ aud: api })).toBe(true);
    expect(await verdictOn(token)).toBe(refused);
    await change({ audiences: [api, ours] });
    expect(await verdictOn(token)).toBe(true);
    await change({ audiences: [] });
    expect(await verdictOn(token)).toBe(refused);
  });

  it("one of several is enough, and all are shown", async () => {
    await change({ audiences: [api] });
    const answer = await verify(organization.token, await them.sign({ aud: ["https://other.example", api] }));
    expect(answer.body).toMatchObject({ valid: true, audience: ["https://other.example", api] });
  });

  it("the audience of the request, but never this service", async () => {
    const wanted = "https://my-api.example";
    const token = await them.sign({ aud: wanted });
    expect((await verify(organization.token, token)).body).toEqual({ valid: false });
    expect((await verify(organization.token, token, wanted)).body).toMatchObject({ valid: true, audience: [wanted] });
    expect((await verify(organization.token, token, api)).body).toEqual({ valid: false });
    expect((await verify(organization.token, await them.sign({ aud: ours }), ours)).body).toEqual({ valid: false });
  });

  it.each<[string, unknown, string]>([
    ["empty", "", "must not be empty"],
    ["513 characters", "a".repeat(513), "must have at most 512 characters"],
    ["a list", [api], "must be a text"],
  ])("an audience in the request that is %s is refused", async (_, audience, message) => {
    const json = { token: await them.sign(), audience };
    const answer = await call("/api/v1/federation/verify", { token: organization.token, json });
    expect([answer.status, answer.body.details?.issues]).toMatchObject([400, [{ path: "audience", message }]]);
  });
});

describe("requireScopes", () => {
  it("a token without scopes is valid, unless the partner's must have some", async () => {
    const none = await them.sign({ scope: undefined });
    expect(await verdictOn(none)).toBe(true);
    await change({ requireScopes: true });
    expect(await verdictOn(none)).toBe("no_scopes");
    expect(await verdictOn(await them.sign({ scope: "" }))).toBe("no_scopes");
    expect(await verdictOn(await them.sign())).toBe(true);
  });
});

describe("the issuer", () => {
  it.each<[string, (issuer: string) => unknown]>([
    ["with a slash more", (issuer) => `${issuer}/`],
    ["in capitals", (issuer) => issuer.toUpperCase()],
    ["of nobody we know", () => "https://nobody.example"],
    ["with half a character", (issuer) => `${issuer}\ud800`],
  ])("%s is another one", async (_, iss) => {
    expect(await signed({ iss: iss(them.issuer) })).toBe("no_partner");
    expect(them.requests).toBe(0);
  });

  it.each([undefined, 7, ["https://idp.example"], null])("%j is none", async (iss) => {
    expect(await signed({ iss: iss })).toBe("token_malformed");
  });

  it("is us: a token of ours is never a partner's", async () => {
    expect(await verdictOn(organization.token)).toBe("own_token");
    expect(await signed({ iss: "http://localhost:8787" })).toBe("own_token");
  });

  it("of one partner does not sign for another", async () => {
    const other = await newIssuer();
    await newPartner(organization.token, { issuer: other.issuer, audiences: [api] });
    expect(await signed({ iss: other.issuer })).toBe("token_signature");
  });

  it("is down, and was never reached", async () => {
    them.keys = null;
    expect(await signed()).toBe("issuer_unreachable");
  });
});

describe("the token", () => {
  it.each(["", "a", "a.b", "a.b.c", "a.b.c.d", "🙂", "é".repeat(20_000)])("%.20s is none", async (token) => {
    if (token === "") expect((await verify(organization.token, token)).status).toBe(400);
    else expect(await verdictOn(token)).toBe("token_malformed");
  });

  it("truncated, extended or altered by a character", async () => {
    const token = await them.sign();
    const [header, payload, signature = ""] = token.split(".");
    const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    expect(await verdictOn(token.slice(0, -1))).not.toBe(true);
    expect(await verdictOn(`${token}A`)).not.toBe(true);
    expect(await verdictOn(`${token}=`)).toBe("token_malformed");
    expect(await verdictOn(`${header}.${payload}.${flipped}`)).toBe("token_signature");
    expect(await verdictOn(`${header}.${payload}.`)).toBe("token_malformed");
  });

  it("signed with a key of the same id that is not the partner's", async () => {
    expect(await signed({}, {}, await newKey("k1"))).toBe("token_signature");
  });

  it("with an unknown key id", async () => {
    expect(await signed({}, { kid: "other" })).toBe("unknown_key");
  });

  it.each<[string, Record<string, unknown>]>([
    ["none", { alg: "none" }],
    ["HS256", { alg: "HS256" }],
  ])("whose header says alg %s is refused before any look-up", async (_, header) => {
    const [, payload] = (await them.sign()).split(".");
    const forged = Buffer.from(JSON.stringify({ typ: "at+jwt", kid: "k1", ...header })).toString("base64url");
    expect(await verdictOn(`${forged}.${payload}.c2lnbmF0dXJl`)).toBe("token_malformed");
    expect(them.requests).toBe(0);
  });

  it("with a key or an address of keys in its header: ignored, and never followed", async () => {
    const attacker = await newKey("k1");
    const brought = {
      ...{ jku: "https://evil.example/jwks", x5u: "https://evil.example/cert", x5t: "AAAA", x5c: ["MIIB"] },
      jwk: attacker.jwk,
    };
    expect(await signed({}, brought)).toBe(true);
    expect(await signed({}, brought, attacker)).toBe("token_signature");
    const called = vi.mocked(globalThis.fetch).mock.calls.map(([input]) => new URL(String(input)).origin);
    expect(new Set(called)).toEqual(new Set([them.issuer]));
  });

  it("with a kid of Amazon Cognito", async () => {
    const key = await newKey("Zm9v/YmFy+YmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=");
    them.keys = [key.jwk];
    expect(await signed({ scope: undefined, token_use: "access" }, { typ: undefined }, key)).toBe(true);
    expect(await signed({}, { kid: "../../k1" }, key)).toBe("unknown_key");
  });

  it.each<[string, () => Claims, true | string]>([
    ["expired a second ago", () => ({ exp: secondsFromNow(-1) }), "token_expired"],
    ["without exp", () => ({ exp: undefined }), "token_malformed"],
    ["with a text as exp", () => ({ exp: "soon" }), "token_malformed"],
    ["with an exp beyond time", () => ({ exp: 1e300 }), "token_malformed"],
    ["not valid for 50 seconds: the clocks may differ", () => ({ nbf: secondsFromNow(50) }), true],
    ["not valid for 70 seconds", () => ({ nbf: secondsFromNow(70) }), "token_not_yet_valid"],
    ["issued in 50 seconds: the clocks may differ", () => ({ iat: secondsFromNow(50) }), true],
    ["issued in 70 seconds", () => ({ iat: secondsFromNow(70) }), "token_not_yet_valid"],
    ["without sub", () => ({ sub: undefined }), "token_malformed"],
    ["with an empty sub", () => ({ sub: "" }), "token_malformed"],
    ["with a number as organization_id", () => ({ organization_id: 7 }), "token_malformed"],
    ["with an object as scope", () => ({ scope: {} }), "token_malformed"],
    ["bound to a key (RFC 9449 6.1)", () => ({ cnf: { jkt: "thumbprint" } }), "bound_token"],
    ["bound to a certificate (RFC 8705 3.1)", () => ({ cnf: { "x5t#S256": "thumbprint" } }), "bound_token"],
  ])("%s", async (_, claims, verdict) => {
    expect(await signed(claims())).toBe(verdict);
  });
});

describe("RFC 8725 3.11: the kind of a token of others", () => {
  const refused = "not_an_access_token";
  const unscoped = { scope: undefined, client_id: undefined };

  it.each<[string, Record<string, unknown>, Claims, true | string]>([
    ["at+jwt (RFC 9068)", { typ: "at+jwt" }, unscoped, true],
    ["application/at+jwt", { typ: "application/AT+JWT" }, unscoped, true],
    ["JWT with a scope", { typ: "JWT" }, { client_id: undefined }, true],
    ["JWT with a client", { typ: "JWT" }, { scope: undefined }, true],
    ["untyped with a scope", { typ: undefined }, {}, true],
    ["JOSE with a scope", { typ: "JOSE" }, {}, true],
    ["of Spring: a list of scopes, no typ", { typ: undefined }, { client_id: undefined, scope: ["a", "b"] }, true],
    ["of Duende: a list of scopes", { typ: "at+jwt" }, { scope: ["a"] }, true],
    [
      "of a machine of Entra, v1: no scopes",
      { typ: "JWT", x5t: "AAAA" },
      { ...unscoped, appid: "6731de76", appidacr: "1", roles: ["Task.Run"] },
      true,
    ],
    ["of a machine of Entra, v2", { typ: "JWT" }, { ...unscoped, azp: "6731de76", azpacr: "1", roles: ["a"] }, true],
    ["of a machine of Entra, idtyp", { typ: "JWT" }, { ...unscoped, azp: "6731de76", idtyp: "app" }, true],
    ["of a machine of Auth0", { typ: "JWT" }, { ...unscoped, azp: "JYX", gty: "client-credentials" }, true],
    [
      "with azp and roles alone, as an id_token can",
      { typ: "JWT" },
      { ...unscoped, azp: "JYX", roles: ["a"] },
      refused,
    ],
    ["JWT with neither", { typ: "JWT" }, unscoped, refused],
    ["untyped with neither", { typ: undefined }, unscoped, refused],
    ["an id_token with nonce", { typ: "JWT" }, { nonce: "n" }, refused],
    ["an id_token with at_hash", { typ: undefined }, { at_hash: "h" }, refused],
    ["an id_token by token_use", { typ: "JWT" }, { token_use: "id" }, refused],
    ["a delegation", { typ: "delegation+jwt" }, {}, refused],
    ["a logout token", { typ: "logout+jwt" }, {}, refused],
    ["a DPoP proof", { typ: "dpop+jwt" }, {}, refused],
    ["a security event", { typ: "secevent+jwt" }, {}, refused],
  ])("%s", async (_, header, claims, verdict) => {
    expect(await signed(claims, header)).toBe(verdict);
  });
});

describe("the audit event of a refusal names the member at fault, and the issuer", () => {
  it.each<[string, Claims, Record<string, unknown>, Record<string, unknown>]>([
    [
      "the audience",
      { aud: ["one", "two"] },
      {},
      { reason: "audience_not_allowed", claim: "aud", received: ["one", "two"] },
    ],
    ["the end", { exp: "soon" }, {}, { reason: "token_malformed", claim: "exp", received: "soon" }],
    ["the subject", { sub: 7 }, {}, { reason: "token_malformed", claim: "sub", received: "7" }],
    ["the scope", { scope: {} }, {}, { reason: "token_malformed", claim: "scope", received: "[structure]" }],
    ["the type", {}, { typ: "logout+jwt" }, { reason: "not_an_access_token", header: "typ", received: "logout+jwt" }],
    ["the kid", {}, { kid: "k9" }, { reason: "unknown_key", header: "kid", received: "k9" }],
    ["a kid that is too long", {}, { kid: "k".repeat(257) }, { reason: "token_malformed", header: "kid" }],
  ])("%s", async (_, claims, header, details) => {
    await signed(claims, header);
    const event = (await eventsOf(organization.token, "partner_token.verified")).at(-1);
    expect(event.details).toMatchObject({ issuer: them.issuer, ...details });
  });
});

describe("a partner whose keys are given", () => {
  it("is not called; its issuer may be a name that cannot be; new keys and discovery by PATCH", async () => {
    const issuer = "https://kubernetes.default.svc.cluster.local";
    const key = await newKey("k1");
    const given = await newPartner(organization.token, { issuer, audiences: [api], jwks: { keys: [key.jwk] } });
    const { alg, crv, kid, kty, use, x, y } = key.jwk;
    expect(given).toMatchObject({ jwksUri: null, jwks: { keys: [{ alg, crv, kid, kty, use, x, y }] } });
    const token = await them.sign({ iss: issuer }, {}, key);
    const before = vi.mocked(globalThis.fetch).mock.calls.length;
    expect(await verdictOn(token)).toBe(true);
    const next = await newKey("k2");
    const patch = (json: unknown) => call(pathOf(given), { method: "PATCH", token: organization.token, json });
    const both = await patch({ jwksUri: "https://keys.example/jwks" });
    expect([both.status, both.body.details.issues]).toEqual([
      400,
      [{ path: "jwksUri", message: "must be null when jwks and jwksUri are both present" }],
    ]);
    const changed = await patch({ jwks: { keys: [next.jwk] } });
    expect([changed.status, changed.body.jwks.keys.length], changed.text).toEqual([200, 1]);
    expect(await verdictOn(token)).toBe("unknown_key");
    expect(vi.mocked(globalThis.fetch).mock.calls.length).toBe(before);
    const discovered = await patch({ jwks: null });
    expect([discovered.status, discovered.body.jwks]).toEqual([200, null]);
    expect(await verdictOn(token)).toBe("issuer_unreachable");
    const events = await eventsOf(organization.token, "partner.updated");
    expect(events.map(({ details }) => details.jwks)).toEqual([
      { from: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), to: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      { from: expect.stringMatching(/^sha256:/), to: null },
    ]);
  });
});

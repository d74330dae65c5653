/**
 * Delegating capabilities for a resource. Attack: a delegation of capabilities beyond what the delegator may be granted, without
 * `delegations:write`, exchanged for another resource, or for a resource since disabled, closed or narrowed: refused.
 */
import { env } from "cloudflare:workers";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  call,
  issuer,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  resourceOf,
  tokenFor,
  unique,
} from "../../support/api.ts";
import { type AgentClient, delegate, exchange, exchanged, lend, list, verify } from "./_parties.ts";

const { DB } = env as unknown as { DB: D1Database };

let tenant: Organization;
let delegator: AgentClient;
let delegatee: AgentClient;
/** The delegator's token: `delegations:write agents:read`. */
let token: string;
let resource: string;

const scopesOf = (...names: string[]) => names.map((name) => ({ name, description: "A scope" }));

beforeAll(async () => {
  tenant = await newOrganization();
});

beforeEach(async () => {
  delegator = await newClient(tenant.token, {
    agentType: "orchestrator",
    capabilities: ["resume:read", "resume:write", "resume:erase"],
    grantedScopes: ["agents:read", "delegations:write"],
  });
  delegatee = await newClient(tenant.token, { capabilities: ["mail:send"] });
  token = await tokenFor(delegator, { scope: "delegations:write agents:read" });
  resource = await resourceOf(tenant, unique("api"), { scopes: scopesOf("resume:read", "resume:write", "mail:send") });
});

const ask = (fields: Record<string, unknown> = {}) =>
  delegate(token, delegatee.agentId, { scopes: ["resume:read"], resource, ...fields });
const lendFor = (fields: Record<string, unknown> = {}) =>
  lend({ token, delegatee }, { scopes: ["resume:read"], resource, ...fields });
const introspect = async (subject: string) =>
  (await call("/api/v1/token/introspect", { token: tenant.token, form: { token: subject } })).body;
const isValid = async ({ delegationToken }: Body) => (await verify(tenant.token, delegationToken)).body.valid;

async function resourceIdOf(identifier: string): Promise<string> {
  const { body } = await call("/api/v1/resources?limit=100", { token: tenant.token });
  return body.data.find((one: Body) => one.identifier === identifier).resourceId;
}
async function change(json: Record<string, unknown>): Promise<void> {
  const path = `/api/v1/resources/${await resourceIdOf(resource)}`;
  const answer = await call(path, { method: "PATCH", token: tenant.token, json });
  expect(answer.status, answer.text).toBe(200);
}
async function patchAgent(agentId: string, json: Record<string, unknown>): Promise<void> {
  const answer = await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: tenant.token, json });
  expect(answer.status, answer.text).toBe(200);
}

async function proof(): Promise<{ headers: { DPoP: string } }> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const DPoP = await new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: `${issuer}/api/v1/token` })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: { kty, crv, x, y } as never })
    .setIssuedAt()
    .sign(privateKey);
  return { headers: { DPoP } };
}

describe("what is lent", () => {
  it("is named with its resource in the answer, the token, the verification, both lists and the event", async () => {
    const delegation = await lendFor({ scopes: ["resume:read", "resume:write"] });
    const { delegationToken, ...facts } = delegation;
    expect(facts).toEqual({
      chainId: expect.any(String),
      delegatorAgentId: delegator.agentId,
      delegateeAgentId: delegatee.agentId,
      resource,
      scopes: ["resume:read", "resume:write"],
      issuedAt: expect.any(String),
      expiresAt: expect.any(String),
    });
    const claims = decodeJwt(delegationToken.slice("sa_del_".length));
    expect(claims).toMatchObject({ aud: issuer, resource, scope: "resume:read resume:write" });
    expect((await verify(token, delegationToken)).body).toEqual({ valid: true, ...facts, revokedAt: null });
    for (const party of [token, await tokenFor(delegatee)]) {
      expect((await list(party)).body.data).toEqual([{ ...facts, status: "active", revokedAt: null }]);
    }
    await exchanged(delegatee, delegationToken);
    const log = await call(`/api/v1/audit?agentId=${delegator.agentId}&limit=50`, { token: tenant.token });
    for (const action of ["delegation.created", "delegation.verified", "delegation.exchanged"]) {
      const event = log.body.data.find((one: Body) => one.action === action);
      expect(event, action).toMatchObject({ target: facts.chainId, details: { resource } });
    }
  });

  it("is used at that resource only: the token is for it, and opens nothing here", async () => {
    const { delegationToken, chainId } = await lendFor();
    const made = await exchanged(delegatee, delegationToken);
    expect(decodeJwt(made)).toMatchObject({
      aud: resource,
      scope: "resume:read",
      sub: delegator.agentId,
      act: { sub: delegatee.agentId },
      delegation_chain: chainId,
    });
    expect(await introspect(made)).toMatchObject({ active: true, aud: resource, scope: "resume:read" });
    expect((await call("/agent-info", { token: made })).status).toBe(401);
  });

  it("is platform scopes where resource is left out, or names this service", async () => {
    for (const named of [undefined, issuer, `${issuer}/`]) {
      const delegation = await lendFor({ scopes: ["agents:read"], resource: named });
      expect(delegation).not.toHaveProperty("resource");
      const made = await exchanged(delegatee, delegation.delegationToken);
      expect(decodeJwt(made)).toMatchObject({ aud: issuer, scope: "agents:read" });
    }
  });

  it("is for another organization's resource what its entry allows", async () => {
    const owner = await newOrganization();
    const allowedOrganizations = [{ organizationId: tenant.organizationId, scopes: ["resume:read"] }];
    const scopes = scopesOf("resume:read", "resume:write");
    const foreign = await resourceOf(owner, "api", { scopes, allowedOrganizations });
    const refused = await ask({ resource: foreign, scopes: ["resume:read", "resume:write"] });
    expect([refused.status, refused.body.details.outside]).toEqual([400, ["resume:write"]]);
    const { delegationToken } = await lendFor({ resource: foreign });
    expect(decodeJwt(await exchanged(delegatee, delegationToken))).toMatchObject({
      aud: foreign,
      organization_id: tenant.organizationId,
    });
  });
});

describe("what is refused", () => {
  it("a token without delegations:write: 403 names the scope", async () => {
    token = await tokenFor(delegator, { scope: "agents:read" });
    const answer = await ask();
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
    expect(answer.body).toMatchObject({
      error: "insufficient_scope",
      details: { requiredScope: "delegations:write" },
    });
  });

  it.each([
    ["a capability that the delegator does not hold", "mail:send"],
    ["a capability that the resource does not know", "resume:erase"],
    ["a platform scope of the token", "agents:read"],
    ["delegations:write", "delegations:write"],
    ["openid", "openid"],
  ])("%s", async (_, scope) => {
    const answer = await ask({ scopes: ["resume:read", scope] });
    expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.body.details).toMatchObject({ outside: [scope], issues: [{ path: "scopes" }] });
  });

  it("a capability without its resource: the message says that one is needed", async () => {
    const answer = await ask({ resource: undefined });
    expect([answer.status, answer.body.details.outside]).toEqual([400, ["resume:read"]]);
    expect(answer.body.message).toContain("resource");
  });

  it("an unknown, a disabled and a foreign resource, with one text", async () => {
    const foreign = await resourceOf(await newOrganization(), "api");
    const disabled = await resourceOf(tenant, unique("disabled"));
    const path = `/api/v1/resources/${await resourceIdOf(disabled)}`;
    await call(path, { method: "PATCH", token: tenant.token, json: { status: "disabled" } });
    const answers = await Promise.all(
      [foreign, disabled, `urn:agentidp:${tenant.slug}:unknown`, "no identifier"].map((named) =>
        ask({ resource: named }),
      ),
    );
    for (const { status, body } of answers) {
      expect([status, body.code, body.error]).toEqual([400, "VALIDATION_ERROR", "invalid_target"]);
      expect(body.details.issues).toMatchObject([{ path: "resource" }]);
      expect(body.message).toMatch(/^resource: must be a resource that you may have a token for;/);
    }
  });

  it.each([[""], ["a".repeat(513)], [["urn:agentidp:a:b"]]])("a resource that is no identifier: %s", async (named) => {
    const answer = await ask({ resource: named });
    expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "resource"]);
  });
});

describe("the exchange repeats the check", () => {
  it("takes the same resource, and no other: invalid_target", async () => {
    const { delegationToken } = await lendFor();
    expect((await exchange(delegatee, delegationToken, { resource })).status).toBe(200);
    const other = await resourceOf(tenant, unique("other"));
    for (const named of [other, issuer, "https://unknown.example/"]) {
      const answer = await exchange(delegatee, delegationToken, { resource: named });
      expect([answer.status, answer.body.error], named).toEqual([400, "invalid_target"]);
    }
  });

  it("a delegation of platform scopes is for this service, and for no resource: invalid_target", async () => {
    const { delegationToken } = await lendFor({ scopes: ["agents:read"], resource: undefined });
    const answer = await exchange(delegatee, delegationToken, { resource });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_target"]);
  });

  it("grants some of the scopes, and none that were not lent", async () => {
    const { delegationToken } = await lendFor({ scopes: ["resume:read", "resume:write"] });
    const some = await exchange(delegatee, delegationToken, { scope: "resume:write" });
    expect(some.body.scope).toBe("resume:write");
    for (const scope of ["mail:send", "agents:read", "resume:erase", "openid"]) {
      const answer = await exchange(delegatee, delegationToken, { scope });
      expect([answer.status, answer.body.error], scope).toEqual([400, "invalid_scope"]);
    }
  });

  it("the resource demands DPoP, or the delegatee does: a proof is needed", async () => {
    const { delegationToken } = await lendFor();
    const expectProofNeeded = async () => {
      const answer = await exchange(delegatee, delegationToken);
      expect([answer.status, answer.body.error]).toEqual([400, "invalid_dpop_proof"]);
      const bound = await exchange(delegatee, delegationToken, {}, await proof());
      expect(bound.body, bound.text).toMatchObject({ token_type: "DPoP" });
    };
    await change({ requireDpop: true });
    await expectProofNeeded();
    await change({ requireDpop: false });
    expect((await exchange(delegatee, delegationToken)).status).toBe(200);
    await patchAgent(delegatee.agentId, { dpopRequired: true });
    await expectProofNeeded();
  });
});

describe("valid means at the moment of asking", () => {
  it.each<[string, Record<string, unknown>, () => Record<string, unknown>]>([
    ["the resource is disabled", { status: "disabled" }, () => ({ status: "active" })],
    [
      "the resource does not know the scope",
      { scopes: scopesOf("resume:write") },
      () => ({ scopes: scopesOf("resume:read") }),
    ],
  ])("not valid while %s, and valid again after it", async (_, json, back) => {
    const delegation = await lendFor();
    const made = await exchanged(delegatee, delegation.delegationToken);
    await change(json);
    const { body } = await verify(tenant.token, delegation.delegationToken);
    expect(body).toMatchObject({ valid: false, chainId: delegation.chainId, revokedAt: null });
    expect((await exchange(delegatee, delegation.delegationToken)).body.error).toBe("invalid_grant");
    expect(await introspect(made)).toEqual({ active: false });
    expect(await introspect(delegation.delegationToken)).toEqual({ active: false });
    await change(back());
    expect(await isValid(delegation)).toBe(true);
    expect((await exchange(delegatee, delegation.delegationToken)).status).toBe(200);
    expect(await introspect(made)).toMatchObject({ active: true });
  });

  it("not valid while the owner does not allow the delegator's organization, at most a minute later", async () => {
    const owner = await newOrganization();
    const allowedOrganizations = [{ organizationId: tenant.organizationId, scopes: ["resume:read"] }];
    const foreign = await resourceOf(owner, "api", { scopes: scopesOf("resume:read"), allowedOrganizations });
    const delegation = await lendFor({ resource: foreign });
    const made = await exchanged(delegatee, delegation.delegationToken);
    const { body } = await call("/api/v1/resources", { token: owner.token });
    const path = `/api/v1/resources/${body.data[0].resourceId}`;
    await call(path, { method: "PATCH", token: owner.token, json: { allowedOrganizations: [] } });
    // The owner's ledger decides on the token at once.
    expect(await introspect(made)).toEqual({ active: false });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_001 });
    try {
      expect(await isValid(delegation)).toBe(false);
      expect((await exchange(delegatee, delegation.delegationToken)).body.error).toBe("invalid_grant");
    } finally {
      vi.useRealTimers();
    }
  });

  it("over when the resource is deleted, also after it is registered again", async () => {
    const delegation = await lendFor();
    const made = await exchanged(delegatee, delegation.delegationToken);
    const path = `/api/v1/resources/${await resourceIdOf(resource)}`;
    expect((await call(path, { method: "DELETE", token: tenant.token })).status).toBe(204);
    expect((await exchange(delegatee, delegation.delegationToken)).body.error).toBe("invalid_grant");
    const name = resource.split(":").at(-1) ?? "";
    expect(await resourceOf(tenant, name, { scopes: scopesOf("resume:read") })).toBe(resource);
    expect((await exchange(delegatee, delegation.delegationToken)).body.error).toBe("invalid_grant");
    expect(await introspect(made)).toEqual({ active: false });
    const { body } = await verify(tenant.token, delegation.delegationToken);
    expect(body).toMatchObject({ valid: false, resource, revokedAt: expect.any(String) });
    expect((await list(token)).body.data).toMatchObject([{ chainId: delegation.chainId, status: "revoked" }]);
    expect(await isValid(await lendFor())).toBe(true);
  });

  it("over when the capability is taken from the delegator, also after it gets it again", async () => {
    const delegation = await lendFor();
    const made = await exchanged(delegatee, delegation.delegationToken);
    await patchAgent(delegator.agentId, { capabilities: ["resume:write"] });
    const { body } = await verify(tenant.token, delegation.delegationToken);
    expect(body).toMatchObject({ valid: false, revokedAt: expect.any(String) });
    await patchAgent(delegator.agentId, { capabilities: ["resume:write", "resume:read"] });
    expect(await isValid(delegation)).toBe(false);
    expect(await introspect(made)).toEqual({ active: false });
    expect((await list(token)).body.data).toMatchObject([{ status: "revoked" }]);
    const other = await lendFor();
    await patchAgent(delegator.agentId, { capabilities: ["resume:read"] });
    expect(await isValid(other)).toBe(true);
  });
});

/** An agent of an earlier version: such capabilities are refused now. */
async function oldAgent(capabilities: readonly string[], grantedScopes: readonly string[]): Promise<AgentClient> {
  const { agentId } = await newAgent(tenant.token);
  await DB.prepare("UPDATE agents SET capabilities = ?, granted_scopes = ? WHERE id = ?")
    .bind(JSON.stringify(capabilities), JSON.stringify(grantedScopes), agentId)
    .run();
  const { body } = await call(`/api/v1/agents/${agentId}/credentials`, { token: tenant.token, json: {} });
  return { agentId, ...body };
}

describe("an agent with a capability that has the name of a platform scope", () => {
  it("never lends everything that it may be granted", async () => {
    const old = await oldAgent(["agents:read"], ["agents:read", "audit:read"]);
    token = await tokenFor(old, { scope: "agents:read audit:read" });
    const answer = await ask({ resource: undefined, scopes: ["agents:read", "audit:read"] });
    expect([answer.status, answer.body.details]).toEqual([
      400,
      {
        outside: [],
        issues: [{ path: "scopes", message: "must leave out at least one scope that you may be granted" }],
      },
    ]);
    expect((await ask({ resource: undefined, scopes: ["agents:read"] })).status).toBe(201);
  });

  it("loses the delegation with the platform scope, although the capability stays", async () => {
    const old = await oldAgent(["audit:read", "resume:read"], ["agents:read", "audit:read"]);
    token = await tokenFor(old, { scope: "agents:read audit:read" });
    const delegation = await lendFor({ resource: undefined, scopes: ["audit:read"] });
    await patchAgent(old.agentId, { grantedScopes: ["agents:read"] });
    const { body } = await verify(tenant.token, delegation.delegationToken);
    expect(body).toMatchObject({ valid: false, revokedAt: expect.any(String) });
    await patchAgent(old.agentId, { grantedScopes: ["agents:read", "audit:read"] });
    expect(await isValid(delegation)).toBe(false);
  });
});

/** GET /api/v1/compliance/report: what it says when all is well, and when something is not. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  call,
  newAgent,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { getWith } from "../../support/with-bindings.ts";

const path = "/api/v1/compliance/report";
const dayMs = 86_400_000;

const { DB, CACHE } = env as unknown as { DB: D1Database; CACHE: KVNamespace };
const run = (sql: string, ...values: unknown[]) =>
  DB.prepare(sql)
    .bind(...values)
    .run();

let organization: Organization;
beforeEach(async () => {
  organization = await newOrganization();
});
afterEach(() => {
  vi.useRealTimers();
});

async function report(token = organization.token): Promise<Body> {
  const { status, body, headers, text } = await call(path, { token });
  expect(status, text).toBe(200);
  expect(headers.get("X-Cache")).toBe(body.from_cache ? "HIT" : "MISS");
  return body;
}

async function section(name: string): Promise<Body> {
  return (await report()).sections.find((one: Body) => one.name === name);
}

describe("an organization where all is well", () => {
  it("passes in all sections", async () => {
    await newClient(organization.token);
    const { generatedAt, sections, ...body } = await report();
    expect(body).toStrictEqual({
      tenantId: organization.organizationId,
      agntcyConformance: true,
      agentCount: 2,
      verifiedAgentCount: 2,
      auditChainIntegrity: true,
      from_cache: false,
    });
    expect(Math.abs(Date.parse(generatedAt) - Date.now())).toBeLessThan(60_000);
    expect(sections.map(({ name, status }: Body) => [name, status])).toEqual([
      ["agent-identity", "pass"],
      ["audit-trail", "pass"],
      ["credential-hygiene", "pass"],
      ["federation-readiness", "pass"],
    ]);
    expect(sections.map(({ details }: Body) => details)).toEqual([
      "2 DID documents of 2 in order.",
      expect.stringMatching(
        /^\d+ events verified, from the oldest to the newest: every hash and every link is correct\.$/,
      ),
      "2 active credentials.",
      "The keys that verify this organization's tokens are published (4 keys). There are no federation partners.",
    ]);
  });

  it("may be read with any token of the organization, and with none it may not", async () => {
    const token = await tokenFor(await newClient(organization.token), { scope: "delegations:write" });
    expect((await report(token)).tenantId).toBe(organization.organizationId);
    expect((await call(path)).status).toBe(401);
  });
});

describe("kept for five minutes", () => {
  it("for the organization, and for no other", async () => {
    const first = await report();
    await newAgent(organization.token);
    expect(await report()).toStrictEqual({ ...first, from_cache: true });
    const other = await newOrganization();
    expect(await report(other.token)).toMatchObject({ tenantId: other.organizationId, from_cache: false });
  });

  it("and not longer, even when KV has it still", async () => {
    const first = await report();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(first.generatedAt) + 299_000 });
    expect((await report()).from_cache).toBe(true);
    vi.setSystemTime(Date.parse(first.generatedAt) + 300_000);
    expect((await report()).from_cache).toBe(false);
  });

  it("is made anew when KV has something else, or another organization's", async () => {
    const other = await newOrganization();
    const { from_cache: _, ...foreign } = await report(other.token);
    for (const value of ["nonsense", "{}", JSON.stringify(foreign)]) {
      await CACHE.put(`compliance-report:${organization.organizationId}`, value);
      expect(await report()).toMatchObject({ tenantId: organization.organizationId, from_cache: false });
    }
  });

  it("is made each time while KV does not answer", async () => {
    const broken = {
      get: () => Promise.reject(new Error("KV is down")),
      put: () => Promise.reject(new Error("KV is down")),
    } as unknown as KVNamespace;
    for (const _ of [1, 2]) {
      const { status, body } = await getWith({ CACHE: broken }, path, organization.token);
      expect([status, body.from_cache, body.agntcyConformance]).toEqual([200, false, true]);
    }
  });
});

describe("agent-identity", () => {
  it("fails for an agent whose key is no key, and names it", async () => {
    const { agentId } = await newAgent(organization.token);
    const jwk = JSON.stringify({ kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) });
    await run("UPDATE agent_keys SET public_jwk = ? WHERE agent_id = ?", jwk, agentId);
    const body = await report();
    expect([body.agntcyConformance, body.agentCount, body.verifiedAgentCount]).toEqual([false, 2, 1]);
    expect(body.sections[0]).toStrictEqual({
      name: "agent-identity",
      status: "fail",
      details: `1 DID document of 2 in order. The first that is not: agent ${agentId}. Give it a new key.`,
    });
  });

  it("fails for an agent without a key", async () => {
    const { agentId } = await newAgent(organization.token);
    await run("DELETE FROM agent_keys WHERE agent_id = ?", agentId);
    expect((await section("agent-identity")).status).toBe("fail");
  });

  it("counts active agents only", async () => {
    const { agentId } = await newAgent(organization.token);
    await call(`/api/v1/agents/${agentId}`, {
      token: organization.token,
      method: "PATCH",
      json: { status: "suspended" },
    });
    expect(await report()).toMatchObject({ agentCount: 1, verifiedAgentCount: 1, agntcyConformance: true });
  });
});

describe("audit-trail", () => {
  it("fails when an event was changed, and says behind which", async () => {
    await newAgent(organization.token);
    await call("/api/v1/audit", { token: organization.token });
    await run(
      "UPDATE audit_events SET details = '{}' WHERE organization_id = ? AND sequence = 2",
      organization.organizationId,
    );
    const body = await report();
    expect([body.auditChainIntegrity, body.agntcyConformance]).toEqual([false, false]);
    expect(body.sections[1].details).toMatch(/^The chain is broken after event number 1:/);
  });

  it("costs none of the 30 verifications a minute", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let asked = 0; asked < 30; asked++) {
      expect((await call("/api/v1/audit/verify", { token: organization.token })).status).toBe(200);
    }
    expect((await call("/api/v1/audit/verify", { token: organization.token })).status).toBe(429);
    expect((await report()).auditChainIntegrity).toBe(true);
  });
});

describe("credential-hygiene", () => {
  it("warns of credentials that were not rotated for 90 days", async () => {
    const { credentialId } = await newClient(organization.token);
    await run("UPDATE credentials SET created_at = ? WHERE id = ?", Date.now() - 90 * dayMs, credentialId);
    expect(await section("credential-hygiene")).toStrictEqual({
      name: "credential-hygiene",
      status: "warn",
      details: "2 active credentials. 1 active credential not rotated for more than 90 days: rotate them.",
    });
  });

  it("warns of credentials that expire within a week, and of expired ones", async () => {
    const { agentId } = await newClient(organization.token);
    const at = (ms: number) => ({ expiresAt: new Date(Date.now() + ms).toISOString() });
    await newCredential(organization.token, agentId, at(6 * dayMs));
    await newCredential(organization.token, agentId, at(8 * dayMs));
    const { credentialId } = await newCredential(organization.token, agentId, at(dayMs));
    await run("UPDATE credentials SET expires_at = ? WHERE id = ?", Date.now() - 1, credentialId);
    const { status, details } = await section("credential-hygiene");
    expect([status, details]).toEqual([
      "warn",
      "4 active credentials. 1 active credential about to expire within 7 days. 1 expired credential not revoked: they do not work, and can be deleted.",
    ]);
  });

  it("warns of an agent that has no way to sign in, and not of one that keeps its own key or has a policy", async () => {
    const keys = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const { kty, crv, x, y } = (await crypto.subtle.exportKey("jwk", keys.publicKey)) as JsonWebKey;
    await newAgent(organization.token, { publicKeyJwk: { kty, crv, x, y } });
    const { agentId } = await newAgent(organization.token);
    const policy = { provider: "github", repository: "octo/app", branch: "main", agentId };
    await call("/api/v1/oidc/trust-policies", { token: organization.token, json: policy });
    expect((await section("credential-hygiene")).status).toBe("pass");
    await CACHE.delete(`compliance-report:${organization.organizationId}`);
    await newAgent(organization.token);
    expect((await section("credential-hygiene")).details).toMatch(/ 1 active agent without a way to sign in /);
  });

  it("fails for a credential that outlived its agent", async () => {
    const { agentId } = await newClient(organization.token);
    await call(`/api/v1/agents/${agentId}`, { token: organization.token, method: "DELETE" });
    await run("UPDATE credentials SET revoked_at = NULL WHERE agent_id = ?", agentId);
    expect((await section("credential-hygiene")).status).toBe("fail");
  });
});

describe("federation-readiness", () => {
  const trust = (name: string, fields = {}) =>
    call("/api/v1/federation/trust", {
      token: organization.token,
      json: { name, issuer: `https://${name}.example.com`, ...fields },
    });

  it("warns of partners that expired, and of those whose keys are not at hand", async () => {
    const { body } = await trust("one", { expiresAt: new Date(Date.now() + dayMs).toISOString() });
    await run("UPDATE federation_partners SET expires_at = ? WHERE id = ?", Date.now(), body.partnerId);
    await trust("two");
    const { status, details } = await section("federation-readiness");
    expect(status).toBe("warn");
    expect(details).toContain("1 active partner, 0 suspended. 1 partner expired: extend or delete.");
    expect(details).toContain("No cached keys of 1 active partner: none of their tokens was verified");
  });

  it("does not ask a suspended partner for its keys", async () => {
    const { body } = await trust("three");
    await call(`/api/v1/federation/partners/${body.partnerId}`, {
      token: organization.token,
      method: "PATCH",
      json: { status: "suspended" },
    });
    expect(await section("federation-readiness")).toMatchObject({ status: "pass" });
  });
});

import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair } from "jose";
import { expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { type Body, call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";
import { deletePolicy, githubPolicy, newPolicy, policiesPath } from "../workloads/_policies.ts";

const { DB } = env as unknown as Bindings;
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
const path = "/api/v1/agents/summary";

async function summaryOf(token: string): Promise<Body> {
  const { status, body, text } = await call(path, { token });
  expect(status, text).toBe(200);
  return body;
}

const allOf = async (token: string, list: string): Promise<Body[]> => {
  const rows: Body[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await call(`${list}?limit=100${cursor}`, { token });
    rows.push(...body.data);
    if (body.nextCursor === null) return rows;
    cursor = `&cursor=${body.nextCursor}`;
  }
};

it("GET /agents/summary: the numbers of an organization, by its definitions", async () => {
  const { token } = await newOrganization();
  const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
  const change = (agentId: string, json: unknown) =>
    call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });

  await newAgent(token, { agentType: "router" });
  await newAgent(token, { publicKeyJwk, deploymentEnv: "staging" });
  const workload = await newAgent(token);
  await newPolicy(token, githubPolicy(workload.agentId));
  const suspended = await newClient(token);
  await newCredential(token, suspended.agentId, { expiresAt: inDays(3) });
  await newCredential(token, suspended.agentId, { expiresAt: inDays(7.1) });
  await change(suspended.agentId, { status: "suspended" });
  const expired = await newAgent(token, { deploymentEnv: "development" });
  const { credentialId } = await newCredential(token, expired.agentId, { expiresAt: inDays(1) });
  await DB.prepare("UPDATE credentials SET expires_at = ? WHERE id = ?")
    .bind(Date.now() - 1, credentialId)
    .run();
  const revoked = await newClient(token);
  await call(`/api/v1/agents/${revoked.agentId}/credentials/${revoked.credentialId}`, { token, method: "DELETE" });
  const gone = await newAgent(token, { agentType: "custom" });
  await newCredential(token, gone.agentId, { expiresAt: inDays(1) });
  await call(`/api/v1/agents/${gone.agentId}`, { token, method: "DELETE" });

  const prepared = vi.spyOn(Object.getPrototypeOf(DB) as D1Database, "prepare");
  const numbers = await summaryOf(token);
  expect(prepared.mock.calls.filter(([text]) => /from "agents"/.test(text))).toHaveLength(1);
  prepared.mockRestore();
  expect(numbers).toEqual({
    total: 8,
    byStatus: { active: 6, suspended: 1, decommissioned: 1 },
    byType: {
      screener: 5,
      classifier: 0,
      orchestrator: 0,
      extractor: 0,
      summarizer: 0,
      router: 1,
      monitor: 0,
      custom: 2,
    },
    byDeploymentEnv: { development: 1, staging: 1, production: 6 },
    // The router, the one with an expired credential, and the one with a revoked one.
    withoutCredential: 3,
    credentialsExpiringSoon: 1,
  });
});

it("GET /agents/summary: after 30 random changes, what a count over the lists gives", async () => {
  const [mine, theirs] = [await newOrganization(), await newOrganization()];
  const { token } = mine;
  for (const agentType of ["router", "monitor"]) {
    const { agentId } = await newAgent(theirs.token, { agentType });
    await newCredential(theirs.token, agentId, { expiresAt: inDays(1) });
  }
  // A linear congruential generator: the same changes in each run.
  let state = 20_261_130;
  const pick = <T>(from: readonly T[]): T => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)] as T;
  };
  const agents: string[] = [mine.agentId];
  const ownKeys = new Set<string>();
  const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);

  const changes = {
    register: async () => {
      const own = pick([true, false, false]);
      const { agentId } = await newAgent(token, {
        agentType: pick(["screener", "classifier", "router", "custom"]),
        deploymentEnv: pick(["development", "staging", "production"]),
        ...(own ? { publicKeyJwk } : {}),
      });
      if (own) ownKeys.add(agentId);
      agents.push(agentId);
    },
    change: async (agentId: string) => {
      const json = pick([{ status: "suspended" }, { status: "active" }, { deploymentEnv: "staging" }]);
      await call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });
    },
    decommission: (agentId: string) => call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" }),
    addCredential: (agentId: string) => {
      const json = pick([{}, { expiresAt: inDays(3) }, { expiresAt: inDays(20) }]);
      return call(`/api/v1/agents/${agentId}/credentials`, { token, json });
    },
    revokeCredential: async (agentId: string) => {
      const [first] = await allOf(token, `/api/v1/agents/${agentId}/credentials`);
      if (first) await call(`/api/v1/agents/${agentId}/credentials/${first.credentialId}`, { token, method: "DELETE" });
    },
    trust: (agentId: string) => call(policiesPath, { token, json: githubPolicy(agentId) }),
    distrust: async () => {
      const [policy] = await allOf(token, policiesPath);
      if (policy) await deletePolicy(token, policy.policyId);
    },
  };
  const steps = [
    "register",
    "register",
    "addCredential",
    "addCredential",
    ...Object.keys(changes),
  ] as (keyof typeof changes)[];
  for (let change = 0; change < 30; change++) await changes[pick(steps)](pick(agents));

  const listed = await allOf(token, "/api/v1/agents");
  const policies = await allOf(token, policiesPath);
  const count = (field: string, values: readonly string[]) =>
    Object.fromEntries(values.map((value) => [value, listed.filter((agent) => agent[field] === value).length]));
  let [withoutCredential, credentialsExpiringSoon] = [0, 0];
  for (const { agentId, status } of listed) {
    const usable = (await allOf(token, `/api/v1/agents/${agentId}/credentials`)).filter(
      (credential) => credential.status === "active",
    );
    const isTrusted = policies.some((policy) => policy.agentId === agentId);
    if (status === "decommissioned") continue;
    if (usable.length === 0 && !ownKeys.has(agentId) && !isTrusted) withoutCredential += 1;
    credentialsExpiringSoon += usable.filter(
      ({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) < Date.now() + 7 * dayMs,
    ).length;
  }
  const types = ["screener", "classifier", "orchestrator", "extractor", "summarizer", "router", "monitor", "custom"];
  expect(Math.min(withoutCredential, credentialsExpiringSoon, ownKeys.size, policies.length)).toBeGreaterThan(0);
  expect(await summaryOf(token)).toEqual({
    total: listed.length,
    byStatus: count("status", ["active", "suspended", "decommissioned"]),
    byType: count("agentType", types),
    byDeploymentEnv: count("deploymentEnv", ["development", "staging", "production"]),
    withoutCredential,
    credentialsExpiringSoon,
  });
});

it("GET /agents/summary: 403 without agents:read, 401 without a token, 400 for a parameter", async () => {
  const { token } = await newOrganization();
  const client = await newClient(token, { grantedScopes: ["agents:read", "audit:read"] });
  const statusWith = async (scope: string) => (await call(path, { token: await tokenFor(client, { scope }) })).status;
  expect([await statusWith("agents:read"), await statusWith("audit:read")]).toEqual([200, 403]);
  expect((await call(path)).status).toBe(401);
  expect((await call(`${path}?status=active`, { token })).status).toBe(400);
});

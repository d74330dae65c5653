/**
 * Attack: two requests racing for the last unit of any limit, for one email, one slug: exactly one wins. Every limit and
 * every unique value that there is, in one table: fifty at once for one. Calls and tokens of a day:
 * test/tenancy/tiers/quotas.403.test.ts; the set-up: test/identity/onboarding/setup.409.test.ts.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { newPolicy, oidcPolicy } from "../identity/workloads/_policies.ts";
import {
  type Answer,
  adminToken,
  agentFields,
  call,
  newAgent,
  newCredential,
  newOrganization,
  type Organization,
  theOperator,
  unique,
} from "../support/api.ts";

/** Prepares a state in which there is one left, and gives what takes it. */
type Race = (tenant: Organization) => Promise<(index: number) => Promise<Answer>>;

let operator: Organization;
beforeAll(async () => {
  operator = await theOperator();
});

const setLimits = async ({ organizationId }: Organization, json: Record<string, unknown>) => {
  const token = await adminToken(operator);
  const answer = await call(`/api/v1/organizations/${organizationId}`, { method: "PATCH", token, json });
  expect(answer.status, answer.text).toBe(200);
};

const register = (token: string, fields: Record<string, unknown> = {}) =>
  call("/api/v1/agents", { token, json: agentFields(fields) });

const webhook = (token: string) =>
  call("/api/v1/webhooks", {
    token,
    json: { name: unique("hook"), url: "https://hooks.example.com/", events: ["agent.created"] },
  });

const races: Readonly<Record<string, readonly [race: Race, loses: readonly [number, string]]>> = {
  "the last agent of an organization": [
    async (tenant) => {
      await setLimits(tenant, { maxAgents: 2 });
      return () => register(tenant.token);
    },
    [403, "FREE_TIER_LIMIT_EXCEEDED"],
  ],
  "the last token of the month": [
    async (tenant) => {
      const { body } = await call("/api/v1/tiers/status", { token: tenant.token });
      await setLimits(tenant, { maxTokensPerMonth: body.usage.tokensThisMonth + 1 });
      return () => call("/api/v1/token", { basic: tenant, form: { grant_type: "client_credentials" } });
    },
    [403, "FREE_TIER_LIMIT_EXCEEDED"],
  ],
  "the last credential of an agent": [
    async ({ token }) => {
      const { agentId } = await newAgent(token);
      for (let count = 0; count < 9; count++) await newCredential(token, agentId);
      return () => call(`/api/v1/agents/${agentId}/credentials`, { token, json: {} });
    },
    [409, "CREDENTIAL_LIMIT_EXCEEDED"],
  ],
  "the last policy of an agent": [
    async ({ token }) => {
      const { agentId } = await newAgent(token);
      for (let count = 0; count < 19; count++)
        await newPolicy(token, oidcPolicy(agentId, { claims: { n: `${count}` } }));
      return (index) =>
        call("/api/v1/oidc/trust-policies", { token, json: oidcPolicy(agentId, { claims: { race: `${index}` } }) });
    },
    [403, "FREE_TIER_LIMIT_EXCEEDED"],
  ],
  "the last webhook of an organization": [
    async ({ token }) => {
      for (let count = 0; count < 99; count++) expect((await webhook(token)).status).toBe(201);
      return () => webhook(token);
    },
    [403, "FREE_TIER_LIMIT_EXCEEDED"],
  ],
  "the last verification of the minute": [
    async ({ token }) => {
      for (let count = 0; count < 29; count++) await call("/api/v1/audit/verify", { token });
      return () => call("/api/v1/audit/verify", { token });
    },
    [429, "RATE_LIMIT_EXCEEDED"],
  ],
  "one e-mail address": [
    async ({ token }) => {
      const email = `${unique("same")}@example.com`;
      return (index) => register(token, { email: index % 2 === 0 ? email : email.toUpperCase() });
    },
    [409, "AGENT_ALREADY_EXISTS"],
  ],
  "one slug": [
    async () => {
      const token = await adminToken(operator);
      const slug = unique("same");
      return () =>
        call("/api/v1/organizations", { token, json: { name: "Same", slug, adminEmail: "admin@same.example" } });
    },
    [409, "SLUG_TAKEN"],
  ],
  "one partner": [
    async ({ token }) => {
      const issuer = `https://${unique("same")}.example.com`;
      return () => call("/api/v1/federation/trust", { token, json: { name: "Same", issuer } });
    },
    [400, "VALIDATION_ERROR"],
  ],
  "the end of an agent": [
    async ({ token }) => {
      const { agentId } = await newAgent(token);
      return () => call(`/api/v1/agents/${agentId}`, { method: "DELETE", token });
    },
    [409, "AGENT_ALREADY_DECOMMISSIONED"],
  ],
  "the end of a credential": [
    async ({ token }) => {
      const { agentId } = await newAgent(token);
      const { credentialId } = await newCredential(token, agentId);
      return () => call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token });
    },
    [409, "CREDENTIAL_ALREADY_REVOKED"],
  ],
  "the end of an organization": [
    async ({ organizationId }) => {
      const token = await adminToken(operator);
      return () => call(`/api/v1/organizations/${organizationId}`, { method: "DELETE", token });
    },
    [404, "ORGANIZATION_NOT_FOUND"],
  ],
  "the end of a webhook": [
    async ({ token }) => {
      const { body } = await webhook(token);
      return () => call(`/api/v1/webhooks/${body.id}`, { method: "DELETE", token });
    },
    [404, "WEBHOOK_NOT_FOUND"],
  ],
};

describe.each(Object.entries(races))("fifty at once for %s", (_, [race, losing]) => {
  it("exactly one wins, and nobody a moment later", async () => {
    const take = await race(await newOrganization());
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => take(index)));
    const won = answers.filter(({ status }) => status < 300);
    const lost = answers.filter(({ status }) => status >= 300);
    expect(won, lost[0]?.text ?? "").toHaveLength(1);
    expect(lost.map(({ status, body }) => [status, body.code])).toEqual(Array(49).fill(losing));
    const late = await take(50);
    expect([late.status, late.body.code]).toEqual(losing);
  });
});

describe("the tiers' own limits, of an organization without any of its own", () => {
  it("the burst of the minute: as many get in as the bucket holds", async () => {
    const tenant = await newOrganization({ planTier: "free" });
    const startedMs = Date.now();
    const answers = await Promise.all(Array.from({ length: 150 }, () => call("/agent-info", { token: tenant.token })));
    const won = answers.filter(({ status }) => status === 200).length;
    expect(won).toBeGreaterThan(0);
    // A burst of 100, and what has refilled meanwhile, at 100 a minute.
    expect(won).toBeLessThanOrEqual(100 + ((Date.now() - startedMs) * 100) / 60_000);
    for (const { status } of answers) expect([200, 429]).toContain(status);
  });
});

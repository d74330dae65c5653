import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, newAgent, newClient, tokenFor } from "../../support/api.ts";
import { holdClock, limitedOrganization, presetUsage, status, tomorrowAt } from "./_support.ts";

beforeEach(() => holdClock(tomorrowAt("10:00:00.000")));
afterEach(() => {
  vi.useRealTimers();
});

describe("GET /tiers/status", () => {
  it("is the organization's limits and use at this moment, this call included", async () => {
    const organization = await limitedOrganization();
    const agent = await newClient(organization.token);
    await newAgent(organization.token);
    const token = await tokenFor(agent);
    const { agentId } = await newAgent(organization.token);
    await call(`/api/v1/agents/${agentId}`, { method: "DELETE", token: organization.token });
    const answer = await call("/api/v1/tiers/status", { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      tier: "free",
      limits: { maxAgents: 10, maxCallsPerDay: 1_000, maxTokensPerDay: 1_000, maxTokensPerMonth: null },
      // Two registrations, a credential, another registration, its end, this call; two tokens of the admin, one of the agent.
      usage: { agentCount: 3, callsToday: 6, tokensToday: 3, tokensThisMonth: 3 },
      resetsAt: new Date(tomorrowAt("00:00:00.000")).toISOString(),
    });
  });

  it("has the organization's own limits in the place of the tier's", async () => {
    const organization = await limitedOrganization({ planTier: "pro", maxAgents: 3, maxTokensPerMonth: 70_000 });
    expect((await status(organization)).limits).toEqual({
      maxAgents: 3,
      maxCallsPerDay: 50_000,
      maxTokensPerDay: 50_000,
      maxTokensPerMonth: 70_000,
    });
  });

  it("has null for unlimited", async () => {
    const organization = await limitedOrganization({ planTier: "enterprise" });
    expect(await status(organization)).toMatchObject({
      tier: "enterprise",
      limits: { maxAgents: null, maxCallsPerDay: null, maxTokensPerDay: null, maxTokensPerMonth: null },
    });
  });

  it("needs a token, of any scope, and shows the organization of that token", async () => {
    expect((await call("/api/v1/tiers/status")).status).toBe(401);
    const [one, another] = [await limitedOrganization(), await limitedOrganization()];
    await presetUsage(another, { tokens_per_day: 500 });
    const { agentId: _, ...client } = await newClient(one.token, { grantedScopes: [] });
    const token = await tokenFor(client);
    const { body } = await call("/api/v1/tiers/status", { token });
    expect(body.usage).toMatchObject({ agentCount: 2, tokensToday: 3 });
  });
});

/** The limits of a day, of a month, and on agents: exact whatever comes at once, and over a restart. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentFields, call, newAgent, newClient, type Organization, tokenFor } from "../../support/api.ts";
import {
  askToken,
  atOnce,
  holdClock,
  limitedOrganization,
  listAgents,
  pass,
  presetUsage,
  restart,
  status,
  tomorrowAt,
  usageOf,
} from "./_support.ts";

beforeEach(() => holdClock(tomorrowAt("10:00:00.000")));
afterEach(() => {
  vi.useRealTimers();
});

const register = ({ token }: Organization) => call("/api/v1/agents", { token, json: agentFields() });
const upgradeUrl = "http://localhost:8787/api/v1/tiers/upgrade";
const over = "FREE_TIER_LIMIT_EXCEEDED";

describe("fifty at once, with N left, admit N", () => {
  it.each([
    ["free", 1_000, 0],
    ["free", 1_000, 7],
    ["pro", 50_000, 31],
  ])("API calls of a day: %s, %i, %i left", async (planTier, max, left) => {
    const organization = await limitedOrganization({ planTier });
    await presetUsage(organization, { calls_per_day: max - left });
    expect(await atOnce(50, () => listAgents(organization))).toEqual({
      ...(left ? { 200: left } : {}),
      [over]: 50 - left,
    });
    expect((await usageOf(organization)).callsToday).toBe(max);
    const { body } = await listAgents(organization);
    const resetsAt = new Date(tomorrowAt("00:00:00.000")).toISOString();
    expect(body.details).toEqual({ limit: "maxCallsPerDay", max, current: max, resetsAt, upgradeUrl });
  });

  it.each([
    ["free", 1_000, 7],
    ["pro", 50_000, 31],
  ])("tokens of a day: %s, %i, %i left", async (planTier, max, left) => {
    const organization = await limitedOrganization({ planTier });
    await presetUsage(organization, { tokens_per_day: max - left });
    expect(await atOnce(50, () => askToken(organization))).toEqual({ 200: left, [over]: 50 - left });
    expect((await usageOf(organization)).tokensToday).toBe(max);
    const { body } = await askToken(organization);
    const resetsAt = new Date(tomorrowAt("00:00:00.000")).toISOString();
    expect(body).toMatchObject({
      error: "access_denied",
      details: { limit: "maxTokensPerDay", max, current: max, resetsAt, upgradeUrl },
    });
  });

  it.each(["free", "enterprise"])("tokens of a month, where the operator has bounded them: %s", async (planTier) => {
    const organization = await limitedOrganization({ planTier, maxTokensPerMonth: 400 });
    await presetUsage(organization, { tokens_per_month: 400 - 13 });
    expect(await atOnce(50, () => askToken(organization))).toEqual({ 200: 13, [over]: 37 });
    expect((await usageOf(organization)).tokensThisMonth).toBe(400);
    const { body } = await askToken(organization);
    const now = new Date();
    const resetsAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
    // Above enterprise there is nothing to upgrade to.
    const upgrade = planTier === "free" ? { upgradeUrl } : {};
    expect(body.details).toEqual({ limit: "maxTokensPerMonth", max: 400, current: 400, resetsAt, ...upgrade });
  });

  it("agents; one that is decommissioned makes room at once", async () => {
    const organization = await limitedOrganization({ planTier: "enterprise", maxAgents: 9 });
    expect(await atOnce(50, () => register(organization))).toEqual({ 201: 8, [over]: 42 });
    expect(await status(organization)).toMatchObject({ limits: { maxAgents: 9 }, usage: { agentCount: 9 } });
    const { body } = await register(organization);
    expect(body.details).toEqual({ limit: "maxAgents", max: 9, current: 9, resetsAt: null });
    const agents = (await listAgents(organization)).body.data;
    const one = agents.find(({ agentId }: { agentId: string }) => agentId !== organization.agentId);
    await call(`/api/v1/agents/${one.agentId}`, { method: "DELETE", token: organization.token });
    expect(await atOnce(5, () => register(organization))).toEqual({ 201: 1, [over]: 4 });
  });
});

describe("what counts", () => {
  it("a call is a call and a token is a token; public documents are neither", async () => {
    const organization = await limitedOrganization();
    const before = await usageOf(organization);
    await listAgents(organization);
    await askToken(organization);
    for (const path of ["/.well-known/jwks.json", "/api/v1/tiers", "/health", "/openapi.json"]) await call(path);
    const after = await usageOf(organization);
    expect(after).toEqual({
      callsToday: before.callsToday + 1,
      callsThisMonth: before.callsThisMonth + 1,
      tokensToday: before.tokensToday + 1,
      tokensThisMonth: before.tokensThisMonth + 1,
    });
  });

  it("what is refused is not counted: a wrong secret, a scope too many, a dead token", async () => {
    const organization = await limitedOrganization();
    const before = await usageOf(organization);
    await askToken({ ...organization, clientSecret: "wrong" });
    await call("/api/v1/token", { basic: organization, form: { grant_type: "client_credentials", scope: "no:such" } });
    await listAgents({ ...organization, token: `${organization.token}x` });
    expect(await usageOf(organization)).toEqual(before);
  });

  it("a token request that is refused is no call either, however it was authenticated", async () => {
    const organization = await limitedOrganization();
    const before = await usageOf(organization);
    const ask = (form: Record<string, string>) => call("/api/v1/token", { basic: organization, form });
    const exchange = await ask({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: "none",
      subject_token_type: "urn:sentryagent:token-type:delegation",
    });
    expect([exchange.status, exchange.body.error]).toEqual([400, "invalid_grant"]);
    const workload = await ask({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "none" });
    expect([workload.status, workload.body.error]).toEqual([401, "invalid_grant"]);
    expect(await usageOf(organization)).toEqual(before);
  });

  it("of the limits on tokens the month is told first, so that nobody waits for midnight in vain", async () => {
    const organization = await limitedOrganization({ maxTokensPerMonth: 1_000 });
    await presetUsage(organization, { tokens_per_day: 1_000, tokens_per_month: 1_000 });
    expect((await askToken(organization)).body.details.limit).toBe("maxTokensPerMonth");
  });
});

describe("midnight UTC", () => {
  it("restarts the counts of the day, to the millisecond, and not those of the month", async () => {
    holdClock(tomorrowAt("23:58:00.000"));
    const organization = await limitedOrganization({ maxTokensPerMonth: 5_000 });
    await presetUsage(organization, { calls_per_day: 1_000, tokens_per_day: 1_000, tokens_per_month: 3_000 });
    vi.setSystemTime(tomorrowAt("00:00:00.000") - 1);
    expect([(await listAgents(organization)).body.code, (await askToken(organization)).body.code]).toEqual([
      over,
      over,
    ]);
    pass(1);
    expect([(await listAgents(organization)).status, (await askToken(organization)).status]).toEqual([200, 200]);
    expect(await usageOf(organization)).toMatchObject({ callsToday: 1, tokensToday: 1, tokensThisMonth: 3_001 });
  });

  it("at the end of a month restarts those of the month too", async () => {
    const now = new Date();
    const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
    holdClock(end - 90_000);
    const organization = await limitedOrganization({ maxTokensPerMonth: 5_000 });
    await presetUsage(organization, { tokens_per_day: 17, tokens_per_month: 5_000 });
    vi.setSystemTime(end - 1);
    const refused = await askToken(organization);
    expect(refused.body.details).toMatchObject({
      limit: "maxTokensPerMonth",
      resetsAt: new Date(end).toISOString(),
    });
    pass(1);
    expect((await askToken(organization)).status).toBe(200);
    expect(await usageOf(organization)).toMatchObject({ tokensToday: 1, tokensThisMonth: 1 });
  });
});

describe("a restart", () => {
  it("forgets nothing", async () => {
    const organization = await limitedOrganization();
    await presetUsage(organization, { calls_per_day: 990, tokens_per_day: 990 });
    await atOnce(5, () => listAgents(organization));
    await atOnce(4, () => askToken(organization));
    const before = await usageOf(organization);
    expect(before).toMatchObject({ callsToday: 995, tokensToday: 994 });
    await restart(organization);
    expect(await usageOf(organization)).toEqual(before);
    pass(60_000);
    expect(await atOnce(10, () => listAgents(organization))).toEqual({ 200: 5, [over]: 5 });
    await restart(organization);
    expect((await listAgents(organization)).body.code).toBe(over);
  });
});

describe("over the limits stay possible", () => {
  it("seeing them, upgrading, and taking things back", async () => {
    const organization = await limitedOrganization();
    const { token } = organization;
    const agent = await newClient(token);
    const suspect = await newAgent(token);
    const stolen = await tokenFor(agent);
    await presetUsage(organization, { calls_per_day: 1_000, tokens_per_day: 1_000 });
    const change = async (method: string, path: string, json?: unknown) =>
      (await call(`/api/v1/${path}`, { method, token, ...(json ? { json } : {}) })).status;

    expect((await listAgents(organization)).body.code).toBe(over);
    expect(await change("POST", `agents/${agent.agentId}/credentials`, {})).toBe(403);
    // Changing is no taking back.
    expect(await change("PATCH", `agents/${suspect.agentId}`, { owner: "another-team" })).toBe(403);
    expect(await change("PATCH", `organizations/${organization.organizationId}`, { name: "Another name" })).toBe(403);

    expect(await change("GET", "tiers/status")).toBe(200);
    const upgrade = await call("/api/v1/tiers/upgrade", { token, json: { target_tier: "pro" } });
    expect(upgrade.body.code).toBe("BILLING_NOT_CONFIGURED");
    expect((await call("/api/v1/token/revoke", { basic: agent, form: { token: stolen } })).status).toBe(200);
    expect((await call("/api/v1/token/revoke", { token, form: { token: stolen } })).status).toBe(200);
    expect(await change("DELETE", `agents/${agent.agentId}/credentials/${agent.credentialId}`)).toBe(204);
    expect(await change("PATCH", `agents/${suspect.agentId}`, { status: "suspended" })).toBe(200);
    expect(await change("DELETE", `agents/${suspect.agentId}`)).toBe(204);
    const missing = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
    for (const path of ["oidc/trust-policies", "federation/partners", "oauth2/token/delegate"]) {
      expect(await change("DELETE", `${path}/${missing}`), path).toBe(404);
    }
    expect(await change("DELETE", `organizations/${organization.organizationId}/members/${agent.agentId}`)).toBe(204);
    expect((await listAgents(organization)).body.code).toBe(over);
  });
});

describe("another tier", () => {
  it("counts from the next request on, what was used included", async () => {
    const organization = await limitedOrganization();
    await presetUsage(organization, { calls_per_day: 1_000 });
    expect((await listAgents(organization)).body.code).toBe(over);
    const { theOperator, adminToken } = await import("../../support/api.ts");
    const token = await adminToken(await theOperator());
    const set = (planTier: string) =>
      call(`/api/v1/organizations/${organization.organizationId}`, { method: "PATCH", token, json: { planTier } });
    expect((await set("pro")).status).toBe(200);
    const answer = await listAgents(organization);
    expect([answer.status, answer.headers.get("RateLimit-Policy")]).toEqual([200, '"burst";q=300;w=18']);
    expect((await set("free")).status).toBe(200);
    expect((await listAgents(organization)).body.details).toMatchObject({ max: 1_000, current: 1_001 });
  });
});

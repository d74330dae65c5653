import { beforeAll, describe, expect, it } from "vitest";
import { metrics } from "../../../src/platform/telemetry/catalogue.ts";
import {
  agentFields,
  call,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { increase, scrape } from "./_scrape.ts";

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";

let tenant: Organization;
beforeAll(async () => {
  tenant = await newOrganization();
});

const requests = (method: string, route: string, status: number) => ({ method, route, status: String(status) });

describe("GET /metrics", () => {
  it("is read by a Prometheus parser, and has every metric with its type and help", async () => {
    const { families } = await scrape();
    expect(families).toEqual(
      Object.entries(metrics).map(([name, { help, type }]) => ({ name, help, type: type.toUpperCase() })),
    );
  });

  it("says in its headers which format it is in", async () => {
    const plain = await call("/metrics");
    expect(plain.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const accept =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    const open = await call("/metrics", { headers: { Accept: accept } });
    expect(open.headers.get("Content-Type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toMatch(/# TYPE agentidp_tokens_issued counter\nagentidp_tokens_issued_total\{/);
    expect(open.text).toMatch(/\n# EOF\n$/);
    for (const wanted of ["text/plain", "*/*", "text/html", "nonsense;;q=x"]) {
      const answer = await call("/metrics", { headers: { Accept: wanted } });
      expect(answer.headers.get("Content-Type"), wanted).toBe("text/plain; version=0.0.4; charset=utf-8");
    }
  });

  it("has what has not happened yet as 0", async () => {
    const { value, samples } = await scrape();
    expect(samples("agentidp_scaffolds_generated_total").length).toBeGreaterThan(0);
    expect(value("agentidp_scaffolds_generated_total", { language: "typescript" })).toBe(0);
    expect(value("agentidp_webhook_deliveries_total", { outcome: "dead_letter" })).toBe(0);
    expect(value("agentidp_delegation_chain_depth_count")).toBe(0);
    expect(value("agentidp_audit_chain_integrity")).toBe(1);
  });

  it("says how fresh it is", async () => {
    const beganAt = Date.now() / 1000;
    await call("/health");
    const pushedAt = (await scrape()).value("agentidp_metrics_last_push_timestamp_seconds");
    expect(pushedAt).toBeGreaterThanOrEqual(beganAt);
    expect(pushedAt).toBeLessThanOrEqual(Date.now() / 1000);
  });
});

describe("a scripted run", () => {
  it("is counted exactly: requests, tokens, delegations", async () => {
    const delegatee = await newClient(tenant.token);
    const delegator = await newClient(tenant.token, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] });
    const before = await scrape();

    for (let n = 0; n < 3; n++) expect((await call("/health")).status).toBe(200);
    await Promise.all(Array.from({ length: 7 }, () => newAgent(tenant.token)));
    await call("/api/v1/agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", { token: tenant.token });
    // Two paths that fit another route too.
    for (const path of ["agents/summary", "audit/verify"]) await call(`/api/v1/${path}`, { token: tenant.token });
    await call("/api/v1/agents", {});
    await call("/api/v1/health", { method: "DELETE" });
    await call("/health", { method: "DELETE" });

    const tokens = await Promise.all(Array.from({ length: 5 }, () => tokenFor(delegator)));
    await call("/api/v1/oauth2/token", { basic: delegator, form: { grant_type: "client_credentials" } });
    const wrong = { clientId: delegatee.clientId, clientSecret: "wrong" };
    for (let n = 0; n < 2; n++)
      await call("/api/v1/token", { basic: wrong, form: { grant_type: "client_credentials" } });
    await call("/api/v1/token", { basic: delegator, form: { grant_type: "client_credentials", scope: "admin:orgs" } });
    await call("/api/v1/token", { basic: delegator, form: { grant_type: "password" } });

    const lent = await call("/api/v1/oauth2/token/delegate", {
      token: tokens[0]!,
      json: { delegateeAgentId: delegatee.agentId, scopes: ["audit:read"], ttlSeconds: 600 },
    });
    expect(lent.status, lent.text).toBe(201);
    const { delegationToken, chainId } = lent.body;
    const form = {
      grant_type: tokenExchange,
      subject_token: delegationToken,
      subject_token_type: "urn:sentryagent:token-type:delegation",
    };
    for (let n = 0; n < 2; n++) expect((await call("/api/v1/token", { basic: delegatee, form })).status).toBe(200);
    await call("/api/v1/oauth2/token/verify-delegation", { token: tokens[1]!, json: { delegationToken } });
    for (let n = 0; n < 2; n++) {
      await call(`/api/v1/oauth2/token/delegate/${chainId}`, { method: "DELETE", token: tokens[0]! });
    }
    await call("/api/v1/token", { basic: delegatee, form });

    const after = await scrape();
    const requested = (method: string, route: string, status: number) =>
      increase(before, after, "agentidp_http_requests_total", requests(method, route, status));
    expect(requested("GET", "/health", 200)).toBe(3);
    expect(requested("POST", "/api/v1/agents", 201)).toBe(7);
    expect(requested("GET", "/api/v1/agents/{agentId}", 404)).toBe(1);
    expect(requested("GET", "/api/v1/agents/summary", 200)).toBe(1);
    expect(requested("GET", "/api/v1/agents/{agentId}", 200)).toBe(0);
    expect(requested("GET", "/api/v1/audit/verify", 200)).toBe(1);
    expect(requested("GET", "/api/v1/agents", 401)).toBe(1);
    expect(requested("DELETE", "unmatched", 404)).toBe(1);
    expect(requested("DELETE", "unmatched", 405)).toBe(1);
    expect(requested("POST", "/api/v1/token", 200)).toBe(7);
    expect(requested("POST", "/api/v1/oauth2/token", 200)).toBe(1);
    expect(requested("POST", "/api/v1/token", 401)).toBe(2);
    expect(requested("POST", "/api/v1/token", 400)).toBe(3);
    expect(requested("POST", "/api/v1/oauth2/token/delegate", 201)).toBe(1);
    expect(requested("DELETE", "/api/v1/oauth2/token/delegate/{chainId}", 204)).toBe(2);
    // The scrape before counts itself after its own answer.
    expect(requested("GET", "/metrics", 200)).toBe(1);
    const ofRoute = (route: string) =>
      increase(before, after, "agentidp_http_request_duration_seconds_count", { route });
    expect([ofRoute("/health"), ofRoute("/api/v1/agents"), ofRoute("/api/v1/token"), ofRoute("unmatched")]).toEqual([
      3, 8, 12, 2,
    ]);

    const issued = (grant: string, outcome: string) =>
      increase(before, after, "agentidp_tokens_issued_total", { grant, outcome });
    expect(issued("client_credentials", "issued")).toBe(6);
    expect(issued("client_credentials", "invalid_client")).toBe(2);
    expect(issued("client_credentials", "invalid_scope")).toBe(1);
    expect(issued("unsupported", "unsupported_grant_type")).toBe(1);
    expect(issued("token_exchange", "issued")).toBe(2);
    expect(issued("token_exchange", "invalid_grant")).toBe(1);

    const delegations = (action: string) => increase(before, after, "agentidp_delegations_total", { action });
    expect(["created", "exchanged", "verified", "revoked"].map(delegations)).toEqual([1, 2, 1, 1]);
    expect(increase(before, after, "agentidp_delegation_chain_depth_sum")).toBe(1);
  });

  it("counts each refusal by the limit that it ran into", async () => {
    const small = await newOrganization({ planTier: "free", maxAgents: 1, maxTokensPerMonth: 2 });
    const busy = await newOrganization({ planTier: "free" });
    const before = await scrape();
    // The organization's first admin is its one agent, and its token was the first of two.
    expect((await call("/api/v1/agents", { token: small.token, json: agentFields() })).status).toBe(403);
    await tokenFor(small);
    for (let n = 0; n < 2; n++) {
      const refused = await call("/api/v1/token", { basic: small, form: { grant_type: "client_credentials" } });
      expect(refused.status).toBe(403);
    }
    const statuses429 = (answers: readonly { readonly status: number }[]) =>
      answers.filter(({ status }) => status === 429).length;
    const burst = await Promise.all(Array.from({ length: 140 }, () => call("/api/v1/agents", { token: small.token })));
    const tooFast = statuses429(burst);
    expect(tooFast).toBeGreaterThan(10);
    const askFor = () => call("/api/v1/token", { basic: busy, form: { grant_type: "client_credentials" } });
    const tokensTooFast = statuses429(await Promise.all(Array.from({ length: 130 }, askFor)));
    expect(tokensTooFast).toBeGreaterThan(5);
    const { clientId } = await newClient(tenant.token);
    const wrong = { basic: { clientId, clientSecret: "wrong" }, form: { grant_type: "client_credentials" } };
    for (let n = 0; n < 12; n++) await call("/api/v1/token", wrong);

    const after = await scrape();
    const refused = (limit: string) => increase(before, after, "agentidp_rate_limit_rejections_total", { limit });
    expect(refused("maxAgents")).toBe(1);
    expect(refused("maxTokensPerMonth")).toBe(2);
    expect(refused("requestsPerMinute")).toBe(tooFast + tokensTooFast);
    expect(refused("failedSignIns")).toBe(2);
    expect(refused("maxCallsPerDay")).toBe(0);
    const requests = (outcome: string) =>
      increase(before, after, "agentidp_tokens_issued_total", { grant: "client_credentials", outcome });
    expect(requests("access_denied")).toBe(2);
    expect(requests("invalid_client")).toBe(10);
    // An answer 429 is no failure of the service, so it has its own outcome, whatever its OAuth error code.
    expect(requests("rate_limited")).toBe(2 + tokensTooFast);
    expect(requests("temporarily_unavailable")).toBe(0);
  });

  it("times analytics queries", async () => {
    const before = await scrape();
    for (let n = 0; n < 2; n++) await call("/api/v1/analytics/tokens", { token: tenant.token });
    await call("/api/v1/analytics/tokens");
    const after = await scrape();
    expect(increase(before, after, "agentidp_analytics_query_duration_seconds_count")).toBe(2);
  });
});

it("the buckets of every histogram rise to its count", async () => {
  const { families, samples, value } = await scrape();
  const histograms = families.filter(({ type }) => type === "HISTOGRAM").map(({ name }) => name);
  expect(histograms.length).toBe(3);
  for (const name of histograms) {
    for (const { labels = {}, value: total } of samples(`${name}_count`)) {
      const bounds = Object.values(metrics).flatMap((metric) =>
        "buckets" in metric ? metric.buckets.map(String) : [],
      );
      const ofSeries = samples(`${name}_bucket`).filter((bucket) => bucket.labels?.route === labels.route);
      const counts = ofSeries.map((bucket) => Number(bucket.value));
      expect(counts, name).toEqual([...counts].sort((a, b) => a - b));
      expect([...bounds, "+Inf"], name).toEqual(expect.arrayContaining(ofSeries.map((bucket) => bucket.labels?.le)));
      expect(value(`${name}_bucket`, { ...labels, le: "+Inf" }), name).toBe(Number(total));
    }
  }
});

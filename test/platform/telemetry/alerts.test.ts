/** Each alert of docs/operate.md over `/metrics`: before the first scheduled run, while all is well, and in its state. */
import {
  createExecutionContext,
  createScheduledController,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { metrics } from "../../../src/platform/telemetry/catalogue.ts";
import { count, observe, setGauge } from "../../../src/platform/telemetry/recording.ts";
import worker from "../../../src/worker.ts";
import {
  adminToken,
  call,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { metricsOf, type Scraped } from "../../support/promql.ts";
import { getWith, requestWith } from "../../support/with-bindings.ts";
import { alerts, firing, scrapeNow } from "./_alerts.ts";

const bindings = env as unknown as Bindings;
const { DB, ORG_LEDGER } = bindings;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let history: Scraped[];
let organization: Organization;

async function runCron(): Promise<void> {
  const execution = createExecutionContext();
  await worker.scheduled(createScheduledController({ scheduledTime: new Date() }), bindings, execution);
  await waitOnExecutionContext(execution);
}

/** Scrapes every minute, or every few. The scheduled run succeeds before each scrape, unless `each` is {@link noRun}. */
async function watch(
  minutes: number,
  each: () => unknown = () => undefined,
  read?: () => ReturnType<typeof call>,
  every = 1,
) {
  for (let minute = 0; minute < minutes; minute += every) {
    vi.setSystemTime(Date.now() + every * minuteMs);
    await each();
    if (each !== noRun) setGauge("agentidp_cron_last_success_timestamp_seconds", {}, Date.now() / 1000);
    history.push(await scrapeNow(read));
  }
}

const noRun = () => undefined;

const times = (number: number, work: () => void) => Array.from({ length: number }).forEach(work);

/** No dependency answers from D1. */
const down = () => {
  throw new Error("D1 is down");
};
const withoutD1 = { DB: { prepare: down, batch: down } as unknown as D1Database };

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  return () => vi.useRealTimers();
});

beforeEach(() => {
  vi.setSystemTime(Date.now() + 2 * hourMs);
  history = [];
});

afterEach(() => void vi.restoreAllMocks());

it("the alerts are found, and each has an expression", () => {
  expect(alerts.map(({ alert }) => alert)).toEqual([
    "AgentIdPDown",
    "AuditChainBroken",
    "ServerErrors",
    "TokensNotIssued",
    "CronStopped",
    "EventsWaiting",
    "AuditEventsPending",
    "ScheduledWorkWaiting",
    "SlowTokens",
    "FailedSignIns",
    "LimitsReached",
    "WebhooksGivenUp",
    "CredentialsExpiringSoon",
  ]);
});

it("the first scrape of a new service has every gauge that an alert reads, and no alert fires", async () => {
  history.push(await scrapeNow());
  const there = new Set(history[0]?.samples.map(({ labels }) => labels.__name__));
  const gauges = alerts
    .flatMap(({ expr }) => metricsOf(expr))
    .filter((name) => name in metrics && metrics[name as keyof typeof metrics].type === "gauge");
  expect(gauges.length).toBeGreaterThan(5);
  expect([...there]).toEqual(expect.arrayContaining(gauges));
  expect(firing(history)).toEqual([]);
});

it("CronStopped fires when the scheduled run has never succeeded, and not before its first run is due", async () => {
  history.push(await scrapeNow());
  await watch(1, noRun);
  expect(firing(history)).toEqual([]);
  await watch(1, noRun);
  expect(firing(history)).toEqual(["CronStopped"]);
  await runCron();
  await watch(1, noRun);
  expect(firing(history)).toEqual([]);
});

it("CronStopped: a run that is some minutes late is not a lost run; after more than five it fires", async () => {
  await runCron();
  await watch(5, noRun);
  expect(firing(history)).toEqual([]);
  await watch(4, noRun);
  expect(firing(history)).toEqual(["CronStopped"]);
});

it("nothing fires while all is well", async () => {
  organization = await newOrganization();
  const client = await newClient(organization.token);
  await watch(20, async () => {
    await tokenFor(client);
    await call("/health");
    await call("/api/v1/agents", { token: "none" });
  });
  await runCron();
  await watch(1);
  expect(firing(history)).toEqual([]);
  const routes = history.at(-1)?.samples.map(({ labels }) => labels.route);
  expect(routes).toContain("/api/v1/token");
});

it("AgentIdPDown", async () => {
  const noMetrics = () => getWith({ METRICS: { idFromName: down, get: down } as never }, "/metrics");
  vi.spyOn(console, "error").mockReturnValue(undefined);
  await watch(2, undefined, noMetrics);
  expect(firing(history)).toEqual([]);
  await watch(1, undefined, noMetrics);
  expect(firing(history)).toEqual(["AgentIdPDown"]);
});

it("AuditChainBroken", async () => {
  const token = await tokenFor(organization, { scope: "audit:read" });
  const spoil = async (outcome: string) => {
    const change = "UPDATE audit_events SET outcome = ? WHERE organization_id = ? AND sequence = 1";
    await DB.prepare(change).bind(outcome, organization.organizationId).run();
    await call("/api/v1/audit/verify", { token });
  };
  await spoil("failure");
  await watch(1);
  expect(firing(history)).toEqual(["AuditChainBroken"]);
  await spoil("success");
  await watch(1);
  expect(firing(history)).toEqual([]);
});

it("ServerErrors", async () => {
  for (const level of ["error", "warn"] as const) vi.spyOn(console, level).mockReturnValue(undefined);
  await watch(12, () => getWith(withoutD1, "/health/detailed"));
  expect(firing(history)).toEqual(["ServerErrors"]);
  await watch(6, () => call("/health"));
  expect(firing(history)).toEqual([]);
});

it("TokensNotIssued", async () => {
  for (const level of ["error", "warn"] as const) vi.spyOn(console, level).mockReturnValue(undefined);
  const headers = { Authorization: `Basic ${btoa("0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f:x")}` };
  const body = () => new URLSearchParams({ grant_type: "client_credentials" });
  await watch(12, async () => {
    for (let request = 0; request < 2; request++) {
      await requestWith(withoutD1, "/api/v1/token", { method: "POST", headers, body: body() });
    }
  });
  // A refused request is also an error of the server.
  expect(firing(history)).toEqual(["ServerErrors", "TokensNotIssued"]);
});

it("TokensNotIssued is silent while clients are throttled: by the brake for wrong secrets, and by the rate of their tier", async () => {
  const { clientId } = await newClient(await adminToken(organization));
  const wrong = { clientId, clientSecret: "wrong" };
  const busy = await newOrganization({ planTier: "free" });
  const form = { grant_type: "client_credentials" };
  const throttled: number[] = [];
  await watch(9, async () => {
    for (const [basic, length] of [
      [wrong, 12],
      // Five more than the free tier takes at once; a tenth time would be more than it takes in a day.
      [busy, 105],
    ] as const) {
      const answers = await Promise.all(Array.from({ length }, () => call("/api/v1/token", { basic, form })));
      throttled.push(answers.filter(({ status }) => status === 429).length);
    }
  });
  expect(Math.min(...throttled)).toBeGreaterThan(1);
  expect(firing(history)).not.toContain("TokensNotIssued");
});

it("EventsWaiting, and ScheduledWorkWaiting after an hour", async () => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
  // No subscriber can read this.
  const insert = `INSERT INTO outbox (id, organization_id, event, created_at, recorded)
    SELECT value, value, 'null', ?2, 0 FROM json_each(?1)`;
  const ids = Array.from({ length: 101 }, (_, n) => `waiting-${n}`);
  await DB.prepare(insert).bind(JSON.stringify(ids), Date.now()).run();
  await watch(3);
  await runCron();
  await watch(9);
  expect(firing(history)).toEqual([]);
  await watch(2);
  expect(firing(history)).toEqual(["EventsWaiting"]);
  await watch(52, undefined, undefined, 4);
  expect(firing(history)).toEqual(["EventsWaiting", "ScheduledWorkWaiting"]);
  await DB.prepare("DELETE FROM outbox").run();
  await runCron();
  await watch(1);
  expect(firing(history)).toEqual([]);
});

it("AuditEventsPending", async () => {
  vi.spyOn(console, "warn").mockReturnValue(undefined);
  const { organizationId } = organization;
  const flush = () => runDurableObjectAlarm(ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId)));
  await flush();
  await DB.prepare("CREATE TRIGGER stuck BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'stuck'); END").run();
  await tokenFor(organization);
  await watch(9, flush);
  expect(firing(history)).toEqual([]);
  await watch(3, flush);
  expect(firing(history)).toEqual(["AuditEventsPending"]);
  await DB.prepare("DROP TRIGGER stuck").run();
  await watch(1, flush);
  expect(firing(history)).toEqual([]);
});

it("SlowTokens", async () => {
  const answered = (seconds: number) => () =>
    times(5, () => observe("agentidp_http_request_duration_seconds", { route: "/api/v1/token" }, seconds));
  await watch(12, answered(0.3));
  expect(firing(history)).toEqual([]);
  await watch(20, answered(0.7));
  expect(firing(history)).toEqual(["SlowTokens"]);
});

it("FailedSignIns", async () => {
  const refused = { grant: "client_credentials", outcome: "invalid_client" } as const;
  await watch(22, () => times(50, () => count("agentidp_tokens_issued_total", refused)));
  expect(firing(history)).toEqual([]);
  await watch(22, () => times(70, () => count("agentidp_tokens_issued_total", refused)));
  expect(firing(history)).toEqual(["FailedSignIns"]);
});

it("FailedSignIns sees the brute force of one client from one network, of which ten attempts a minute get invalid_client", async () => {
  const attempt = (perMinute: number) => () => {
    times(10, () => count("agentidp_tokens_issued_total", { grant: "client_credentials", outcome: "invalid_client" }));
    times(perMinute - 10, () => {
      count("agentidp_tokens_issued_total", { grant: "client_credentials", outcome: "rate_limited" });
      count("agentidp_rate_limit_rejections_total", { limit: "failedSignIns" });
    });
  };
  await watch(22, attempt(50));
  expect(firing(history)).not.toContain("FailedSignIns");
  await watch(22, attempt(70));
  expect(firing(history)).toContain("FailedSignIns");
});

it("FailedSignIns does not count a tenant over its rate", async () => {
  await watch(22, () =>
    times(100, () => {
      count("agentidp_tokens_issued_total", { grant: "client_credentials", outcome: "rate_limited" });
      count("agentidp_rate_limit_rejections_total", { limit: "requestsPerMinute" });
    }),
  );
  expect(firing(history)).toEqual(["LimitsReached"]);
});

it("LimitsReached", async () => {
  const refuse = () => count("agentidp_rate_limit_rejections_total", { limit: "maxTokensPerDay" });
  await watch(2);
  times(90, refuse);
  await watch(1);
  expect(firing(history)).toEqual([]);
  times(20, refuse);
  await watch(1);
  expect(firing(history)).toEqual(["LimitsReached"]);
});

it("WebhooksGivenUp", async () => {
  const giveUp = () => count("agentidp_webhook_deliveries_total", { outcome: "dead_letter" });
  await watch(2);
  times(9, giveUp);
  await watch(1);
  expect(firing(history)).toEqual([]);
  times(5, giveUp);
  await watch(1);
  expect(firing(history)).toEqual(["WebhooksGivenUp"]);
});

it("CredentialsExpiringSoon", async () => {
  organization = { ...organization, token: await adminToken(organization) };
  const { agentId } = await newClient(organization.token);
  const expiresAt = new Date(Date.now() + 3 * 24 * hourMs).toISOString();
  await newCredential(organization.token, agentId, { expiresAt });
  await runCron();
  await watch(60, undefined, undefined, 4);
  expect(firing(history)).toEqual([]);
  await watch(4, undefined, undefined, 4);
  expect(firing(history)).toEqual(["CredentialsExpiringSoon"]);
  const token = await adminToken(organization);
  expect((await call(`/api/v1/agents/${agentId}`, { method: "DELETE", token })).status).toBe(204);
  await runCron();
  await watch(1);
  expect(firing(history)).toEqual([]);
});

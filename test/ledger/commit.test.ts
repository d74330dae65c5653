/** The shared commit: many requests, one write, and nobody waits for somebody else's request. */
import { runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, call, issuer, newClient, theOperator, tokenFor } from "../support/api.ts";

const { ORG_LEDGER } = env as unknown as { ORG_LEDGER: DurableObjectNamespace };
let admin: string;
let organizationId: string;
let agent: Client & { agentId: string };

beforeAll(async () => {
  const operator = await theOperator();
  ({ organizationId } = operator);
  admin = operator.token;
  agent = await newClient(admin);
});

const ledger = () => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));

describe("requests that are cancelled while they wait for the commit", () => {
  it("hold nobody else up, and leave the chain whole", async () => {
    const request = (signal?: AbortSignal) =>
      SELF.fetch(`${issuer}/api/v1/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: agent.clientId,
          client_secret: agent.clientSecret,
        }),
        ...(signal ? { signal } : {}),
      });
    const outcomes = await Promise.all(
      Array.from({ length: 120 }, async (_, index) => {
        if (index % 3 > 0) return (await request()).status;
        const controller = new AbortController();
        const answer = request(controller.signal).then(
          (response) => response.status,
          () => 0,
        );
        await scheduler.wait(index % 7);
        controller.abort();
        return answer;
      }),
    );
    expect(outcomes.filter((status) => status === 200).length).toBeGreaterThanOrEqual(80);
    expect(outcomes.every((status) => status === 200 || status === 0)).toBe(true);
    expect((await call("/api/v1/audit/verify", { token: admin })).body.verified).toBe(true);
  });
});

describe("the alarm", () => {
  it("takes audit events and last uses to D1 when nobody reads", async () => {
    await tokenFor(agent);
    await runInDurableObject(ledger(), async (instance, state) => {
      const pending = state.storage.sql.exec("SELECT count(*) AS n FROM pending_events").one().n;
      expect(pending).toBeGreaterThan(0);
      await (instance as unknown as { alarm(): Promise<void> }).alarm();
      expect(state.storage.sql.exec("SELECT count(*) AS n FROM pending_events").one().n).toBe(0);
      expect(state.storage.sql.exec("SELECT count(*) AS n FROM last_uses").one().n).toBe(0);
    });
  });
});

describe("counters", () => {
  it("count every token and every API call of the day, and survive a restart of the object", async () => {
    const countOf = (metric: string) =>
      runInDurableObject(ledger(), (_, state) => {
        const [row] = state.storage.sql.exec<{ count: number }>(
          "SELECT count FROM usage WHERE metric = ? ORDER BY period DESC",
          metric,
        );
        return row?.count ?? 0;
      });
    const tokens = await countOf("tokens_per_day");
    const calls = await countOf("calls_per_day");
    await Promise.all(Array.from({ length: 20 }, () => tokenFor(agent)));
    await Promise.all(Array.from({ length: 30 }, () => call("/api/v1/agents", { token: admin })));
    expect(await countOf("tokens_per_day")).toBe(tokens + 20);
    expect(await countOf("tokens_per_month")).toBe(tokens + 20);
    expect(await countOf("calls_per_day")).toBe(calls + 30);
  });
});

/** The shared commit: many requests, one write, and nobody waits for somebody else's request. */
import { evictDurableObject, runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../src/ledger/contract.ts";
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

  it("does not ring again when nothing is left to take there", async () => {
    await tokenFor(agent);
    await runInDurableObject(ledger(), async (instance, state) => {
      expect(await state.storage.getAlarm()).not.toBeNull();
      await state.storage.deleteAlarm();
      await (instance as unknown as { alarm(): Promise<void> }).alarm();
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("counters", () => {
  it("count every token and every API call of the day, and survive a restart of the object", async () => {
    const countOf = async (metric: "tokensToday" | "tokensThisMonth" | "callsToday") =>
      (await (ledger() as unknown as Ledger).usage())[metric];
    const tokens = await countOf("tokensToday");
    const calls = await countOf("callsToday");
    await Promise.all(Array.from({ length: 20 }, () => tokenFor(agent)));
    await Promise.all(Array.from({ length: 30 }, () => call("/api/v1/agents", { token: admin })));
    await evictDurableObject(ledger());
    expect(await countOf("tokensToday")).toBe(tokens + 20);
    expect(await countOf("tokensThisMonth")).toBe(tokens + 20);
    expect(await countOf("callsToday")).toBe(calls + 30);
  });
});

/** What the ledger has answered, it still knows after it was evicted from memory. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Ledger } from "../../src/ledger/contract.ts";
import type { AgentId, HoldId } from "../../src/platform/ids.ts";
import { type Client, call, newClient, theOperator, tokenFor } from "../support/api.ts";

const { ORG_LEDGER, DB } = env as unknown as { ORG_LEDGER: DurableObjectNamespace; DB: D1Database };
let admin: string;
let organizationId: string;
let agent: Client & { agentId: string; credentialId: string };

beforeAll(async () => {
  const operator = await theOperator();
  ({ organizationId } = operator);
  admin = operator.token;
});

beforeEach(async () => {
  agent = await newClient(admin);
});

const stub = () => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));
const ledger = () => stub() as unknown as Ledger;
const use = async (token: string) => (await call(`/api/v1/agents/${agent.agentId}`, { token })).status;
const signIn = () => call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials" } });

describe("after eviction", () => {
  it("a revoked token stays dead", async () => {
    const token = await tokenFor(agent);
    await call("/api/v1/token/revoke", { basic: agent, form: { token } });
    await evictDurableObject(stub());
    expect(await use(token)).toBe(401);
  });

  it("the chain goes on where it was, and events not yet in D1 are there", async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 10 }, () => tokenFor(agent)));
      await evictDurableObject(stub());
    }
    const { body } = await call(`/api/v1/audit?agentId=${agent.agentId}&action=token.issued&limit=100`, {
      token: admin,
    });
    expect(body.data).toHaveLength(30);
    expect((await call("/api/v1/audit/verify", { token: admin })).body.verified).toBe(true);
  });

  it("a suspended agent's first token after reactivation lives, although it is of the same second", async () => {
    const before = await tokenFor(agent);
    const path = `/api/v1/agents/${agent.agentId}`;
    await call(path, { method: "PATCH", token: admin, json: { status: "suspended" } });
    await call(path, { method: "PATCH", token: admin, json: { status: "active" } });
    await evictDurableObject(stub());
    const after = await tokenFor(agent);
    expect(await use(before)).toBe(401);
    expect(await use(after)).toBe(200);
  });
});

describe("a change whose second step fails", () => {
  it("withdrawing kills tokens and sign-ins at once although D1 does not know yet", async () => {
    const token = await tokenFor(agent);
    await ledger().withdraw([{ kind: "agent", agentId: agent.agentId as AgentId }], crypto.randomUUID() as HoldId);
    expect(await use(token)).toBe(401);
    expect((await signIn()).status).toBe(401);
    await evictDurableObject(stub());
    expect((await signIn()).status).toBe(401);
  });

  it("lets the agent in again after a minute, when D1 still says that it is active; old tokens stay dead", async () => {
    const token = await tokenFor(agent);
    await ledger().withdraw([{ kind: "agent", agentId: agent.agentId as AgentId }], crypto.randomUUID() as HoldId);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    const answer = await signIn();
    const old = await use(token);
    vi.useRealTimers();
    expect(answer.status).toBe(200);
    expect(old).toBe(401);
  });

  it("an expected change keeps answers from a stale copy, even when nobody ever says that it is done", async () => {
    await tokenFor(agent);
    await ledger().expectChange(agent.agentId as AgentId, crypto.randomUUID() as HoldId);
    await tokenFor(agent);
    await DB.prepare("UPDATE agents SET granted_scopes = '[]' WHERE id = ?").bind(agent.agentId).run();
    expect((await signIn()).body.scope).toBe("");
  });
});

describe("events from the relay", () => {
  it("are appended once however often they are handed over", async () => {
    const event = {
      id: crypto.randomUUID(),
      organizationId,
      action: "agent.updated",
      outcome: "success",
      agentId: agent.agentId,
      actor: { agentId: null, ip: "", userAgent: "test" },
      target: agent.agentId,
      details: { changed: ["owner"] },
      occurredAtMs: Date.now(),
    } as unknown as Parameters<Ledger["record"]>[0][number];
    await ledger().record([event]);
    await evictDurableObject(stub());
    await ledger().record([event, event]);
    const { body } = await call(`/api/v1/audit?agentId=${agent.agentId}&action=agent.updated`, { token: admin });
    expect(body.data).toHaveLength(1);
  });

  it("wait in the outbox when the relay dies, and the minute cron hands them on", async () => {
    await DB.prepare("INSERT INTO outbox (id, organization_id, event, created_at) VALUES (?1, ?2, ?3, ?4)")
      .bind(
        "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
        organizationId,
        JSON.stringify({
          id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
          organizationId,
          action: "member.set",
          outcome: "success",
          agentId: agent.agentId,
          actor: { agentId: null, ip: "", userAgent: "test" },
          target: agent.agentId,
          details: {},
          occurredAtMs: Date.now(),
        }),
        Date.now(),
      )
      .run();
    const worker = (await import("../../src/worker.ts")).default;
    const { createExecutionContext, createScheduledController, waitOnExecutionContext } = await import(
      "cloudflare:test"
    );
    const execution = createExecutionContext();
    await worker.scheduled(createScheduledController(), env as never, execution);
    await waitOnExecutionContext(execution);
    expect(await DB.prepare("SELECT count(*) AS n FROM outbox").first("n")).toBe(0);
    const { body } = await call(`/api/v1/audit?agentId=${agent.agentId}&action=member.set`, { token: admin });
    expect(body.data).toHaveLength(1);
  });
});

describe("the object's storage", () => {
  it("forgets, by alarm, what can no longer matter", async () => {
    const token = await tokenFor(agent);
    await call("/api/v1/token/revoke", { basic: agent, form: { token } });
    // Ninety days, and what is left of the month that its counts are of.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + (90 + 31) * 86_400_000 });
    const rows = await runInDurableObject(stub(), async (instance, state) => {
      await (instance as unknown as { alarm(): Promise<void> }).alarm();
      const count = (table: string) => state.storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one().n;
      return ["revocations", "change_holds", "windows", "single_use", "usage", "pending_events", "relayed_events"].map(
        count,
      );
    });
    vi.useRealTimers();
    expect(rows).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });
});

import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import guide from "../../../docs/operate.md?raw";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import {
  adminToken,
  call,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  theOperator,
} from "../../support/api.ts";
import { scrape } from "./_scrape.ts";

const bindings = env as unknown as Bindings;

const runCron = (overrides: Partial<Bindings> = {}) =>
  worker.scheduled(createScheduledController(), { ...bindings, ...overrides }, createExecutionContext());

afterEach(() => void vi.restoreAllMocks());

const gauge = async (name: string) => (await scrape()).value(name);
const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

it("agentidp_credentials_expiring_soon: unrevoked credentials of all organizations, within 7 days, as the cron run saw them", async () => {
  await runCron();
  expect(await gauge("agentidp_credentials_expiring_soon")).toBe(0);
  const tenants = [await newOrganization(), await newOrganization()];
  for (const { token } of tenants) {
    const { agentId } = await newClient(token);
    await newCredential(token, agentId, { expiresAt: days(6.9) });
    await newCredential(token, agentId, { expiresAt: days(7.1) });
    const { credentialId } = await newCredential(token, agentId, { expiresAt: days(3) });
    await call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token });
  }
  await runCron();
  expect(await gauge("agentidp_credentials_expiring_soon")).toBe(2);
});

it("the count of expiring credentials reads an index, not the whole table", async () => {
  const prepared = vi.spyOn(Object.getPrototypeOf(bindings.DB) as D1Database, "prepare");
  await runCron();
  const counts = prepared.mock.calls
    .map(([query]) => query)
    .filter((query) => /count\(\*\) from "credentials"/i.test(query));
  expect(counts.length).toBeGreaterThan(0);
  for (const query of counts) {
    const values = [...query.matchAll(/\?/g)].map(() => 1);
    const { results } = await bindings.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
      .bind(...values)
      .all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join()).toMatch(
      /SEARCH credentials USING (COVERING )?INDEX credentials_that_expire/,
    );
  }
});

it("agentidp_outbox_events_waiting, agentidp_cron_last_success_timestamp_seconds", async () => {
  const beganAt = Date.now() / 1000;
  await runCron();
  expect(await gauge("agentidp_outbox_events_waiting")).toBe(0);
  const heartbeat = await gauge("agentidp_cron_last_success_timestamp_seconds");
  expect(heartbeat).toBeGreaterThanOrEqual(beganAt);
  expect(heartbeat).toBeLessThanOrEqual(Date.now() / 1000);
});

it("a run that does not do everything leaves the heartbeat as it is", async () => {
  await runCron();
  const heartbeat = await gauge("agentidp_cron_last_success_timestamp_seconds");
  const prepare = () => {
    throw new Error("D1 is down");
  };
  const broken = { DB: { prepare, batch: prepare } };
  vi.spyOn(console, "error").mockReturnValue(undefined);
  await expect(runCron(broken as unknown as Partial<Bindings>)).rejects.toThrow("Scheduled run");
  expect(await gauge("agentidp_cron_last_success_timestamp_seconds")).toBe(heartbeat);
});

it("agentidp_audit_chain_integrity: 0 from the verification that finds a fault, until that whole chain verifies again", async () => {
  const verify = async ({ token }: Organization, query = "") =>
    (await call(`/api/v1/audit/verify${query}`, { token })).body.verified;
  const tampered = await newOrganization();
  const other = await newOrganization();
  const setOutcome = (outcome: string) =>
    bindings.DB.prepare("UPDATE audit_events SET outcome = ? WHERE organization_id = ? AND sequence = 1")
      .bind(outcome, tampered.organizationId)
      .run();
  expect([await verify(tampered), await verify(other)]).toEqual([true, true]);
  expect(await gauge("agentidp_audit_chain_integrity")).toBe(1);

  await setOutcome("failure");
  expect(await verify(tampered)).toBe(false);
  expect(await gauge("agentidp_audit_chain_integrity")).toBe(0);
  // Neither another organization's chain nor an untouched part of this one takes it back.
  expect([await verify(other), await verify(tampered, `?fromDate=${days(1)}&toDate=${days(2)}`)]).toEqual([true, true]);
  expect(await gauge("agentidp_audit_chain_integrity")).toBe(0);

  await setOutcome("success");
  expect(await verify(tampered)).toBe(true);
  expect(await gauge("agentidp_audit_chain_integrity")).toBe(1);
});

it("agentidp_credentials_expiring_soon, its control and the query of docs/operate.md: only what an admin can rotate", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  await bindings.DB.prepare("DELETE FROM credentials WHERE expires_at IS NOT NULL").run();
  const [, query = ""] = /--remote --command "\n(\s+SELECT c\.organization_id[^"]+)"/.exec(guide) ?? [];
  const count = async () => {
    vi.setSystemTime(Date.now() + 60_000);
    await runCron();
    const { results } = await bindings.DB.prepare(query).all();
    const { controls } = (await call("/api/v1/compliance/controls")).body;
    const { evidence } = controls.find(({ id }: { id: string }) => id === "CC9.2");
    return [
      await gauge("agentidp_credentials_expiring_soon"),
      results.length,
      /; (\d+) credentials? expiring/.exec(evidence)?.[1],
    ];
  };
  const made = async () => {
    const organization = await newOrganization();
    const { agentId } = await newClient(organization.token);
    await newCredential(organization.token, agentId, { expiresAt: days(3) });
    const change = (fields: Record<string, unknown>) =>
      call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: organization.token, json: fields });
    return { ...organization, agentId, change };
  };
  const [one, two, three] = [await made(), await made(), await made()];
  const operator = await adminToken(await theOperator());
  expect(await count()).toEqual([3, 3, "3"]);

  // An admin can rotate the credential of a suspended agent, and it may expire before the agent is reactivated.
  expect((await one.change({ status: "suspended" })).status).toBe(200);
  expect(await count()).toEqual([3, 3, "3"]);
  // Decommissioning revokes the credentials. This one was left over.
  const agent = `/api/v1/agents/${one.agentId}`;
  expect((await call(agent, { method: "DELETE", token: one.token })).status).toBe(204);
  await bindings.DB.prepare("UPDATE credentials SET revoked_at = NULL WHERE agent_id = ?").bind(one.agentId).run();
  expect(await count()).toEqual([2, 2, "2"]);

  // No one can rotate in a suspended organization.
  const setStatus = (status: string) =>
    call(`/api/v1/organizations/${two.organizationId}`, { method: "PATCH", token: operator, json: { status } });
  expect((await setStatus("suspended")).status).toBe(200);
  expect(await count()).toEqual([1, 1, "1"]);
  expect((await setStatus("active")).status).toBe(200);
  expect(await count()).toEqual([2, 2, "2"]);

  expect(
    (await call(`/api/v1/organizations/${three.organizationId}`, { method: "DELETE", token: operator })).status,
  ).toBe(204);
  expect(await count()).toEqual([1, 1, "1"]);
  vi.useRealTimers();
});

/** The scheduled run, as the cron trigger does it, and what everybody reads afterwards. */
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import { adminToken, type Body, call, newAgent, newOrganization, type Organization } from "../../support/api.ts";

export const bindings = env as unknown as Bindings;

/** One run. `overrides` replace bindings. */
export async function runCron(overrides: Partial<Bindings> = {}): Promise<void> {
  const execution = createExecutionContext();
  const controller = createScheduledController({ scheduledTime: new Date(), cron: "* * * * *" });
  await worker.scheduled(controller, { ...bindings, ...overrides }, execution);
  await waitOnExecutionContext(execution);
}

/** Moves the clock. */
export const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export async function readControls(): Promise<Body[]> {
  const answer = await call("/api/v1/compliance/controls");
  expect(answer.status, answer.text).toBe(200);
  return answer.body.controls;
}

/** A control as everybody sees it. */
export async function control(id: string): Promise<Body> {
  return (await readControls()).find((one) => one.id === id);
}

/** A control as it is after another run, a minute later. */
export async function measured(id: string, overrides: Partial<Bindings> = {}): Promise<Body> {
  later(minute);
  await runCron(overrides);
  return control(id);
}

/**
 * For a test file: the clock stands still, and the controls of a service with an organization and an agent were measured
 * once. Each test begins three minutes after the one before.
 *
 * @returns the organization, with a token that is good in the present test
 */
export function measuredOrganization(): () => Organization {
  let organization: Organization;
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    organization = await newOrganization();
    await newAgent(organization.token);
    await runCron();
    return () => vi.useRealTimers();
  });
  beforeEach(async () => {
    later(3 * minute);
    organization = { ...organization, token: await adminToken(organization) };
  });
  return () => organization;
}

/** Runs a statement on the database, behind the service's back. */
export async function sql(statement: string, ...values: unknown[]): Promise<D1Result> {
  return bindings.DB.prepare(statement)
    .bind(...values)
    .run();
}

/** The ledgers, of which that of one organization does not answer. */
export function ledgersWithout(organizationId: string): DurableObjectNamespace {
  const { ORG_LEDGER } = bindings;
  const deaf = new Proxy({}, { get: () => () => Promise.reject(new Error("down")) });
  return {
    idFromName: (name: string) => (name === organizationId ? name : ORG_LEDGER.idFromName(name)),
    get: (id: DurableObjectId | string) => (typeof id === "string" ? deaf : ORG_LEDGER.get(id)),
  } as unknown as DurableObjectNamespace;
}

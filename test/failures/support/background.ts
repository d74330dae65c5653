/** Attacks what goes on without a request: the scheduled run and the queue. Each call fails in turn, and the next run makes it good. */
import { createMessageBatch, createScheduledController } from "cloudflare:test";
import { expect } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import { agentFields, call, newOrganization, type Organization } from "../../support/api.ts";
import { bindings, clockAhead, failing, isOtherWay, type Mode, whileFailing } from "./faults.ts";
import { serve } from "./issuer.ts";
import { loggedLines } from "./log.ts";
import { hookUrl, namesIn, subscribe } from "./organization.ts";
import { execution, sendTo } from "./send.ts";
import { snapshotOf } from "./snapshot.ts";

/** Longer than a claim of a delivery counts whose Worker is gone. */
export const leaseAndMoreMs = 40_000;

export const scheduledRun = (env: Bindings) => worker.scheduled(createScheduledController(), env, execution);

/** Hands messages of the webhook queue over. */
export const handOver = (env: Bindings, bodies: readonly unknown[]) =>
  worker.queue(
    createMessageBatch(
      "agentidp-webhooks",
      bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body })),
    ),
    env,
    execution,
  );

const deafObjects = {
  idFromName: (name: string) => bindings.ORG_LEDGER.idFromName(name),
  get: (id: DurableObjectId) =>
    new Proxy(bindings.ORG_LEDGER.get(id), {
      get: (stub, name) => (name === "record" ? () => Promise.reject(new Error("down")) : Reflect.get(stub, name)),
    }),
} as unknown as DurableObjectNamespace;

export interface Waiting {
  readonly organization: Organization;
  readonly subscriptionId: string;
  /** The events that the receiver was told of. */
  readonly received: Set<string>;
}

/** An organization with an event that nobody has handed on. */
export async function newWaiting(): Promise<Waiting> {
  const received = new Set<string>();
  serve(new URL(hookUrl).origin, (_, { headers }) => {
    received.add(new Headers(headers).get("webhook-id") ?? "");
    return new Response(null, { status: 204 });
  });
  const organization = await newOrganization();
  const subscriptionId = await subscribe(organization);
  const registration = { token: organization.token, json: agentFields() };
  const answer = await sendTo({ ...bindings, ORG_LEDGER: deafObjects }, "/api/v1/agents", registration);
  expect(answer.status, answer.text).toBe(201);
  return { organization, subscriptionId, received };
}

/** What is there once the next runs have come to their end. */
export async function madeGood({ organization, subscriptionId, received }: Waiting): Promise<readonly string[]> {
  const { token, organizationId } = organization;
  await scheduledRun(bindings);
  await clockAhead(leaseAndMoreMs, () => handOver(bindings, [{ subscriptionId }, { subscriptionId }]));
  const { body } = await call("/api/v1/audit?action=agent.created&limit=1", { token });
  expect([...received]).toStrictEqual([body.data[0].eventId]);
  const verification = await call("/api/v1/audit/verify", { token });
  expect(verification.body, verification.text).toMatchObject({ verified: true });
  const state = await snapshotOf(organizationId, namesIn(organization));
  // Tried once more, where the outcome of an attempt was lost.
  return state.map((row) => row.replace(/"attempt_count":\d+/, '"attempt_count":"some"'));
}

/**
 * Runs with each call failing in turn, in one way.
 *
 * @param prepare makes what is to be run, with everything that it needs
 */
export async function attackRuns(
  mode: Mode,
  mostCalls: number,
  prepare: () => Promise<{ readonly waiting: Waiting; run(env: Bindings): Promise<unknown> }>,
): Promise<number> {
  const clean = await prepare();
  const { calls } = await whileFailing(0, mode, async () => ({ done: await clean.run(failing) }));
  const reference = await madeGood(clean.waiting);
  for (let at = 1; ; at++) {
    expect(at).toBeLessThan(mostCalls);
    // That nothing fails behind the last call is the same in each way.
    if (at > calls.length && mode !== "before" && mode !== "disk") return at - 1;
    if (!isOtherWay(calls[at - 1], mode)) continue;
    const { waiting, run } = await prepare();
    loggedLines();
    // It may say that it has failed: then it is run again by whoever ran it, as here.
    const outcome = await whileFailing(at, mode, async () => ({ failed: await run(failing).then(() => null, String) }));
    const which = `${outcome.hit} ${mode}: call ${at} of ${outcome.calls.join(", ")}; ${outcome.failed}`;
    for (const line of loggedLines()) expect(line, which).not.toMatch(/params:|whsec_/);
    expect(await madeGood(waiting), which).toStrictEqual(reference);
    if (outcome.hit === null) {
      expect(outcome.failed).toBe(null);
      return at - 1;
    }
  }
}

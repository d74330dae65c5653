/** The handlers of the Worker. They collect the wings. */
import { createApp } from "./app.ts";
import { assurance } from "./assurance/wing.ts";
import { createRelay, measureOutbox, relayMessages, relayWaiting } from "./events/relay.ts";
import { authenticators, identity } from "./identity/wing.ts";
import { keys } from "./keys/wing.ts";
import { ledgerOf, pingLedger } from "./ledger/client.ts";
import { contextOf } from "./platform/context.ts";
import type { Bindings } from "./platform/env.ts";
import { newId } from "./platform/ids.ts";
import { reasonOf } from "./platform/log.ts";
import { receiveMessages, retryDeadLetters } from "./platform/messages.ts";
import type { NoteCalls } from "./platform/telemetry/calls.ts";
import { pushNow, pushSoon } from "./platform/telemetry/push.ts";
import { setGauge } from "./platform/telemetry/recording.ts";
import { withTimeLimits } from "./platform/time-limits.ts";
import { tenancy } from "./tenancy/wing.ts";
import type { CallApp, Wing } from "./wing.ts";

export { DelegationChain } from "./identity/delegation/delegation-chain.object.ts";
export { OrgLedger } from "./ledger/org-ledger.object.ts";
export { MetricsHub } from "./platform/telemetry/metrics.object.ts";

/** In the order in which their routes are mounted and their subscribers get an event. */
const wings: readonly Wing[] = [keys, tenancy, identity, assurance];

const relay = createRelay(wings.flatMap(({ subscribers }) => subscribers));
const noteCalls: NoteCalls = (context, organizationId, calls) => ledgerOf(context, organizationId).noteCalls(calls);
const app = createApp(wings, { authenticators, relay, noteCalls, pingLedger });

const callApp: CallApp = async (context, request) =>
  app.fetch(request, context.env, { waitUntil: context.defer, passThroughOnException: () => {}, props: {} });

/** Runs every minute (`wrangler.toml`). */
const scheduled = [relayWaiting, ...wings.flatMap((wing) => wing.scheduled), measureOutbox];
const scheduledLast = wings.flatMap((wing) => wing.scheduledLast ?? []);

const messages = [relayMessages, ...wings.flatMap((wing) => wing.messages)];

/** The end of the dead-letter queue's name in every deployment (`wrangler.toml`). */
const deadLetterSuffix = "-dead";

export default {
  fetch: (request: Request, env, execution) => app.fetch(request, withTimeLimits(env), execution),

  async queue(batch, env, execution) {
    const run = { requestId: newId<never>(Date.now()), source: { ip: "", userAgent: "queue" } };
    const defer = (work: Promise<unknown>) => execution.waitUntil(work);
    const context = contextOf(withTimeLimits(env), run, defer, relay);
    const bodies = batch.messages.map(({ body }) => body);
    await (batch.queue.endsWith(deadLetterSuffix) ? retryDeadLetters : receiveMessages)(messages, context, bodies);
    pushSoon(context, defer, noteCalls);
  },

  async scheduled(controller, env, execution) {
    const run = { requestId: newId<never>(controller.scheduledTime), source: { ip: "", userAgent: "cron" } };
    const context = contextOf(withTimeLimits(env), run, (work) => execution.waitUntil(work), relay);
    const outcomes = await Promise.allSettled(scheduled.map((part) => part(context, callApp)));
    outcomes.push(...(await Promise.allSettled(scheduledLast.map((part) => part(context, callApp)))));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (failures.length === 0) setGauge("agentidp_cron_last_success_timestamp_seconds", context.now() / 1000);
    await pushNow(context);
    if (failures.length > 0) throw new AggregateError(failures, `Scheduled run: ${failures.map(reasonOf).join("; ")}`);
  },
} satisfies ExportedHandler<Bindings>;

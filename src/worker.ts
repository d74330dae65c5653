/** The doors of the Worker, and the place where the house is put together. */
import { createApp } from "./app.ts";
import { measureControls, type Probe } from "./assurance/controls/service.ts";
import { createRelay, measureOutbox, relayMessages, relayWaiting } from "./events/relay.ts";
import { measureExpiringCredentials } from "./identity/credentials/service.ts";
import { delegationSubscriber } from "./identity/delegation/service.ts";
import { authenticateBearer } from "./identity/tokens/service.ts";
import { upkeepSigningKeys } from "./keys/service.ts";
import { askLedger, ledgerOf } from "./ledger/client.ts";
import { bounded } from "./platform/bounded.ts";
import { contextOf } from "./platform/context.ts";
import type { Bindings } from "./platform/env.ts";
import { newId } from "./platform/ids.ts";
import { receiveMessages, reviveMessages } from "./platform/messages.ts";
import { reasonOf } from "./platform/reason.ts";
import type { NoteCalls } from "./platform/telemetry/calls.ts";
import { pushNow, pushSoon } from "./platform/telemetry/push.ts";
import { setGauge } from "./platform/telemetry/recording.ts";
import { forgetOldActivity } from "./tenancy/analytics/service.ts";
import { auditSubscriber, makeDueCheckpoints, removeExpiredEvents } from "./tenancy/audit/service.ts";
import { billingSubscriber } from "./tenancy/billing/service.ts";
import { sweepDeliveries, webhookMessages, webhookSubscriber } from "./tenancy/webhooks/service.ts";

export { DelegationChain } from "./identity/delegation/delegation-chain.object.ts";
export { OrgLedger } from "./ledger/org-ledger.object.ts";
export { MetricsHub } from "./platform/telemetry/metrics.object.ts";

const relay = createRelay([auditSubscriber, delegationSubscriber, billingSubscriber, webhookSubscriber]);
const noteCalls: NoteCalls = (context, organizationId, calls) => ledgerOf(context, organizationId).noteCalls(calls);
const app = createApp({ authenticate: authenticateBearer, relay, noteCalls, askLedger });

/** What the minute cron does. One task that fails holds up no other. */
const chores = [
  relayWaiting,
  sweepDeliveries,
  upkeepSigningKeys,
  makeDueCheckpoints,
  removeExpiredEvents,
  forgetOldActivity,
  measureOutbox,
  measureExpiringCredentials,
];

/** The kinds of messages in the queue. */
const messages = [relayMessages, webhookMessages];

/** The end of the dead-letter queue's name, in `wrangler.toml` and wherever the service is deployed. */
const deadLetterSuffix = "-dead";

/** A request from within: the whole way through the app, and no network. */
const probe: Probe = async (context, request) =>
  app.fetch(request, context.env, { waitUntil: context.defer, passThroughOnException: () => {}, props: {} });

/** What comes after them: it looks at how they have left things. */
const judgeControls = measureControls(probe);

export default {
  fetch: (request: Request, env, execution) => app.fetch(request, bounded(env), execution),

  async queue(batch, env, execution) {
    const run = { requestId: newId<never>(Date.now()), source: { ip: "", userAgent: "queue" } };
    const defer = (work: Promise<unknown>) => execution.waitUntil(work);
    const context = contextOf(bounded(env), run, defer, relay);
    const bodies = batch.messages.map(({ body }) => body);
    await (batch.queue.endsWith(deadLetterSuffix) ? reviveMessages : receiveMessages)(messages, context, bodies);
    pushSoon(context, defer, noteCalls);
  },

  async scheduled(controller, env, execution) {
    const run = { requestId: newId<never>(controller.scheduledTime), source: { ip: "", userAgent: "cron" } };
    const context = contextOf(bounded(env), run, (work) => execution.waitUntil(work), relay);
    const outcomes = await Promise.allSettled(chores.map((chore) => chore(context)));
    outcomes.push(...(await Promise.allSettled([judgeControls(context)])));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (failures.length === 0) setGauge("agentidp_cron_last_success_timestamp_seconds", context.now() / 1000);
    await pushNow(context);
    if (failures.length > 0) throw new AggregateError(failures, `Scheduled run: ${failures.map(reasonOf).join("; ")}`);
  },
} satisfies ExportedHandler<Bindings>;

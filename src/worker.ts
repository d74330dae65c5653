/** The handlers of the Worker. */
import { createApp } from "./app.ts";
import { createRelay } from "./events/relay.ts";
import { authenticators } from "./identity/wing.ts";
import { ledgerOf, pingLedger } from "./ledger/client.ts";
import { contextOf } from "./platform/context.ts";
import type { Bindings } from "./platform/env.ts";
import { newId } from "./platform/ids.ts";
import { reasonOf } from "./platform/log.ts";
import { receiveMessages, retryDeadLetters } from "./platform/messages.ts";
import { type CallApp, runPart } from "./platform/scheduled.ts";
import type { NoteCalls } from "./platform/telemetry/calls.ts";
import { pushNow, pushSoon } from "./platform/telemetry/push.ts";
import { setGauge } from "./platform/telemetry/recording.ts";
import { withTimeLimits } from "./platform/time-limits.ts";
import { messages, scheduledParts, wings } from "./wings.ts";

export { DelegationChain } from "./identity/delegation/delegation-chain.object.ts";
export { OrgLedger } from "./ledger/org-ledger.object.ts";
export { MetricsHub } from "./platform/telemetry/metrics.object.ts";

const relay = createRelay(wings.flatMap(({ subscribers }) => subscribers));
const noteCalls: NoteCalls = (context, organizationId, calls) => ledgerOf(context, organizationId).noteCalls(calls);
const withoutSettings = (request: Request) =>
  wings.map((wing) => wing.withoutSettings?.(request) ?? null).find((answer) => answer !== null) ?? null;
const app = createApp(wings, { authenticators, relay, noteCalls, withoutSettings, pingLedger });

const callApp: CallApp = async (context, request) =>
  app.fetch(request, context.env, { waitUntil: context.defer, passThroughOnException: () => {}, props: {} });

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
    const limited = withTimeLimits(env);
    const defer = (work: Promise<unknown>) => execution.waitUntil(work);
    const contextWith = (database: D1Database) => contextOf(limited, run, defer, relay, database);
    const failures: unknown[] = [];
    for (const parts of scheduledParts) {
      const outcomes = await Promise.allSettled(parts.map((part) => runPart(part, limited.DB, contextWith, callApp)));
      failures.push(...outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : [])));
    }
    if (failures.length === 0) setGauge("agentidp_cron_last_success_timestamp_seconds", {}, Date.now() / 1000);
    await pushNow({ env: limited, requestId: run.requestId });
    if (failures.length > 0) throw new AggregateError(failures, `Scheduled run: ${failures.map(reasonOf).join("; ")}`);
  },
} satisfies ExportedHandler<Bindings>;

/** Relays events from the outbox to the subscribers, each at least once. A subscriber must recognize a repeated event by its id. */
import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import type { Context, Relay, RelayedEvents } from "../platform/context.ts";
import { rowsWithoutLimit } from "../platform/db/conditional.ts";
import { outbox } from "../platform/db/schema.ts";
import type { Bindings } from "../platform/env.ts";
import { type OrganizationId, organizationIdSchema } from "../platform/ids.ts";
import { log, noRequest } from "../platform/log.ts";
import type { MessageKind } from "../platform/messages.ts";
import { inBudget, type ScheduledPart } from "../platform/scheduled.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import { setGauge } from "../platform/telemetry/recording.ts";
import type { DomainEvent } from "./catalogue.ts";
import { publish } from "./outbox.ts";

export interface Subscriber {
  readonly name: string;
  /** It also gets the events that the ledger has recorded in the audit log itself. */
  readonly alsoRecorded?: true;
  /** Gets the events in order. When it rejects, they stay in the outbox for the next run. */
  handle(context: Context, organizationId: OrganizationId, events: readonly DomainEvent[]): Promise<void>;
}

const pageSize = 100;
/** How many organizations one scheduled run relays itself or queues, and the most messages that Queues accepts at once. */
const relayedAtMost = 1_000;
const queuedAtOnce = 100;

/** How long concurrent requests wait for one shared relay, in milliseconds. */
const patienceMs = 3_000;

/**
 * Makes the relay. Concurrent requests of an organization share a run that begins after each of them: otherwise each of many
 * would relay the events of all the others.
 */
export function createRelay(subscribers: readonly Subscriber[]): Relay {
  const running = new Map<string, SingleFlight<void>>();
  return async (context, organizationId, which) => {
    const key = `${organizationId} ${which}`;
    const runs = running.get(key) ?? new SingleFlight(patienceMs);
    running.set(key, runs);
    try {
      await runs.fromNow(() => relayAll(context, subscribers, organizationId, which));
    } finally {
      if (!runs.isRunning && running.get(key) === runs) running.delete(key);
    }
  };
}

async function relayAll(
  context: Context,
  subscribers: readonly Subscriber[],
  organizationId: OrganizationId,
  which: RelayedEvents | undefined,
): Promise<void> {
  const isRelayed = which === "all" ? undefined : eq(outbox.recorded, false);
  for (;;) {
    const rows = await context.db
      .select({ id: outbox.id, event: outbox.event, recorded: outbox.recorded })
      .from(outbox)
      .where(and(eq(outbox.organizationId, organizationId), isRelayed))
      .orderBy(asc(outbox.id))
      .limit(pageSize);
    if (rows.length === 0) return;
    for (const subscriber of subscribers) {
      const wanted = rows.filter((row) => subscriber.alsoRecorded || !row.recorded);
      const events = wanted.map((row) => row.event as DomainEvent);
      if (events.length > 0) await subscriber.handle(context, organizationId, events);
    }
    const ids = JSON.stringify(rows.map((row) => row.id));
    await context.db.run(sql`DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(${ids}))`);
    if (rows.length < pageSize) return;
  }
}

const relayMessageSchema = z.object({ relay: organizationIdSchema });

type RelayMessage = z.output<typeof relayMessageSchema>;

/** A message names an organization with events in the outbox. */
export const relayMessages: MessageKind<RelayMessage> = {
  schema: relayMessageSchema,
  async receive(context, messages) {
    const organizations = new Set(messages.map(({ relay }) => relay));
    await Promise.all([...organizations].map((id) => publish(context, id, "all")));
  },
};

/** Queues the relay of an organization's events. After a failure, the scheduled run relays them. */
export async function queueRelay(env: Pick<Bindings, "WEBHOOK_QUEUE">, organizationId: OrganizationId): Promise<void> {
  const message: RelayMessage = { relay: organizationId };
  try {
    await env.WEBHOOK_QUEUE.send(message);
  } catch (error) {
    log.warn(noRequest, "relay deferred to the Cron Trigger", { organizationId, error });
  }
}

async function queueRelays(context: Context, organizations: readonly OrganizationId[]): Promise<void> {
  const messages = organizations.map((relay) => ({ body: { relay } satisfies RelayMessage }));
  try {
    for (let from = 0; from < messages.length; from += queuedAtOnce) {
      await context.env.WEBHOOK_QUEUE.sendBatch(messages.slice(from, from + queuedAtOnce));
    }
  } catch (error) {
    log.warn(context, "relay deferred to the Cron Trigger", { organizations: organizations.length, error });
  }
}

/**
 * Relays the events that a crash or a failing subscriber left in the outbox: of some organizations itself, because the queue may be
 * down, and of the others through the queue, where each batch of messages has the queries of a whole invocation. The order is random,
 * so that organizations whose events always fail do not block the others.
 */
export const relayWaiting: ScheduledPart = {
  name: "relay",
  queries: 120,
  async run(context, run) {
    const rows = await context.db
      .select({ id: outbox.organizationId, total: rowsWithoutLimit })
      .from(outbox)
      .groupBy(outbox.organizationId)
      .orderBy(sql`random()`)
      .limit(relayedAtMost);
    let relayed = 0;
    const waiting = rows.map(({ id }) => id);
    const rest = await inBudget(run, { queriesEach: 6, width: 10 }, waiting, async (organizationId) => {
      try {
        await context.relay(organizationId, "all");
        relayed += 1;
      } catch (error) {
        log.error(context, "relay failed", { organizationId, error });
      }
    });
    await queueRelays(context, rest);
    return (rows[0]?.total ?? 0) - relayed;
  },
};

/** Measures the events in the outbox. Many, or a few for long, mean that a subscriber fails. */
export const measureOutbox: ScheduledPart = {
  name: "outbox",
  queries: 2,
  async run({ db }) {
    setGauge("agentidp_outbox_events_waiting", {}, await db.$count(outbox));
    return 0;
  },
};

/** From events to deliveries: the row first, then the message that says so. */
import type { BatchItem } from "drizzle-orm/batch";
import { queueDeliveries } from "../../../deliveries/queue.ts";
import { type DomainEvent, entryOf, type JsonValue } from "../../../events/catalogue.ts";
import type { Subscriber } from "../../../events/relay.ts";
import type { Context } from "../../../platform/context.ts";
import { sha256Hex } from "../../../platform/crypto/canonical-json.ts";
import type { DeliveryId, EventId, OrganizationId, WebhookId } from "../../../platform/ids.ts";
import { isoOf } from "../../../platform/time.ts";
import { findActiveSubscriptions } from "../store.ts";
import { webhookChannel } from "./channel.ts";
import { insertDeliveries } from "./store.ts";

/** What webhooks get of an event; null when they get nothing. Events that the ledger writes have no `data`. */
function dataOf({ action, agentId, data, details }: DomainEvent): { readonly [key: string]: JsonValue } | null {
  const webhook = entryOf(action)?.webhook;
  if (webhook === undefined) return null;
  if (webhook === true) return data ?? null;
  return { agentId, ...Object.fromEntries(webhook.details.map((name) => [name, details[name] ?? ""])) };
}

/** The body of an event's deliveries, as it is signed and sent. */
export function payloadOf(
  event: Pick<DomainEvent, "id" | "organizationId" | "occurredAtMs"> & {
    readonly type: string;
    readonly data: { readonly [key: string]: JsonValue };
  },
): string {
  return JSON.stringify({
    id: event.id,
    event: event.type,
    timestamp: isoOf(event.occurredAtMs),
    organization_id: event.organizationId,
    data: event.data,
  });
}

/** One id for an event and a subscription, whoever makes it and how often. It sorts by the time of the event, as every UUID v7 does. */
export function deliveryIdOf(eventId: EventId, subscriptionId: WebhookId): DeliveryId {
  return `${eventId.slice(0, 24)}${sha256Hex(`${eventId} ${subscriptionId}`).slice(0, 12)}` as DeliveryId;
}

/** The event with its `data` when webhooks can get it. */
function webhookEventOf(event: DomainEvent) {
  const data = event.outcome === "success" ? dataOf(event) : null;
  return data ? [{ ...event, data }] : [];
}

async function deliver(
  context: Context,
  organizationId: OrganizationId,
  events: readonly DomainEvent[],
): Promise<void> {
  const webhookEvents = events.flatMap(webhookEventOf);
  if (webhookEvents.length === 0) return;
  const subscriptions = await findActiveSubscriptions(context, organizationId);
  const planned = webhookEvents.flatMap((event) => {
    const targets = subscriptions
      // What the ledger tells comes seconds later, and may be older than the subscription.
      .filter(({ events: wanted, createdAt }) => wanted.includes(event.action) && event.occurredAtMs >= createdAt)
      .map(({ id: subscriptionId }) => ({ id: deliveryIdOf(event.id, subscriptionId), subscriptionId }));
    return targets.length === 0 ? [] : [{ event, targets }];
  });
  const [first, ...rest] = planned.map(({ event, targets }): BatchItem<"sqlite"> => {
    const payload = payloadOf({ ...event, type: event.action });
    return insertDeliveries(context, event, payload, targets, context.now());
  });
  if (!first) return;
  await context.db.batch([first, ...rest]);
  await queueDeliveries(
    webhookChannel,
    context,
    planned.flatMap(({ targets }) => targets.map(({ id }) => id)),
  );
}

/** Makes a delivery of each event for each active subscription that wants it, once however often the event is handed over. */
export const webhookSubscriber: Subscriber = { name: "webhooks", alsoRecorded: true, handle: deliver };

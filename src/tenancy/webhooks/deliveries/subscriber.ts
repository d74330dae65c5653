/** Turns events into deliveries: the row first, then its queue message. */
import type { BatchItem } from "drizzle-orm/batch";
import { queueDeliveries } from "../../../deliveries/queue.ts";
import { type DomainEvent, entryOf, type JsonValue } from "../../../events/catalogue.ts";
import type { Subscriber } from "../../../events/relay.ts";
import { sha256Hex } from "../../../platform/crypto/canonical-json.ts";
import type { DeliveryId, EventId, WebhookId } from "../../../platform/ids.ts";
import { isoOf } from "../../../platform/time.ts";
import { findActiveSubscriptions } from "../store.ts";
import { webhookChannel } from "./channel.ts";
import { insertDeliveries } from "./store.ts";

/** The `data` of an event for webhooks; null for none. The ledger's events have no `data`, so it is made of `details`. */
function dataOf({ action, agentId, data, details }: DomainEvent): { readonly [key: string]: JsonValue } | null {
  const webhook = entryOf(action)?.webhook;
  if (webhook === undefined) return null;
  if (typeof webhook === "string") return data ?? null;
  return { agentId, ...Object.fromEntries(webhook.details.map((name) => [name, details[name] ?? ""])) };
}

/** The signed body of an event's deliveries. */
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

/** The same id each time for one event and one subscription. It is a UUID v7, and sorts by the time of the event. */
export function deliveryIdOf(eventId: EventId, subscriptionId: WebhookId): DeliveryId {
  return `${eventId.slice(0, 24)}${sha256Hex(`${eventId} ${subscriptionId}`).slice(0, 12)}` as DeliveryId;
}

/** The event with its `data`, if webhooks get it. */
function webhookEventOf(event: DomainEvent) {
  const data = event.outcome === "success" ? dataOf(event) : null;
  return data ? [{ ...event, data }] : [];
}

/** Adds a delivery of each event for each subscription that matched it, once even if the relay repeats the event. */
export const webhookSubscriber: Subscriber = {
  name: "webhooks",
  alsoRecorded: true,
  async handle(context, organizationId, events) {
    const webhookEvents = events.flatMap(webhookEventOf);
    if (webhookEvents.length === 0) return;
    // Of the version before, which did not name the matching subscriptions.
    const isOpen = webhookEvents.some(({ subscriptionIds }) => subscriptionIds === undefined);
    const present = isOpen ? await findActiveSubscriptions(context, organizationId) : [];
    const matchingNow = ({ action, occurredAtMs }: DomainEvent) =>
      present
        .filter(({ events: wanted, createdAt }) => wanted.includes(action) && occurredAtMs >= createdAt)
        .map(({ id }) => id);
    const planned = webhookEvents.flatMap((event) => {
      const ids = event.subscriptionIds ?? matchingNow(event);
      const targets = ids.map((subscriptionId) => ({ id: deliveryIdOf(event.id, subscriptionId), subscriptionId }));
      return targets.length === 0 ? [] : [{ event, targets }];
    });
    const [first, ...rest] = planned.map(({ event, targets }): BatchItem<"sqlite"> => {
      const payload = payloadOf({ ...event, type: event.action });
      return insertDeliveries(context, event, payload, targets, context.now());
    });
    if (!first) return;
    await context.db.batch([first, ...rest]);
    const ids = planned.flatMap(({ targets }) => targets.map(({ id }) => id));
    await queueDeliveries(webhookChannel, context, ids);
  },
};

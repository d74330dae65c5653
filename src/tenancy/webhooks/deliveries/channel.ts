/** How webhooks use the machine of `deliveries/`: their tables and queue, the schedule, what signs, and when a subscription is disabled. */
import type { Endpoint, SignedMessage } from "../../../deliveries/attempt.ts";
import type { Channel } from "../../../deliveries/channel.ts";
import { gone, type Schedule } from "../../../deliveries/schedule.ts";
import { countFailureIfChanged, disableIfChanged } from "../../../deliveries/store.ts";
import { actorOf, commitChange, newEvent } from "../../../events/outbox.ts";
import type { Context } from "../../../platform/context.ts";
import { open, sealedPlace } from "../../../platform/crypto/sealing.ts";
import { webhookDeliveries, webhookSubscriptions } from "../../../platform/db/schema.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { count } from "../../../platform/telemetry/recording.ts";
import { hourMs, minuteMs } from "../../../platform/time.ts";
import { signedHeaders } from "../signing.ts";
import { type DeliveryRow, type FoundEndpoint, findEndpoints } from "./store.ts";

const secondMs = 1000;

/** Ten attempts over some 16 hours. */
const schedule: Schedule = {
  pausesMs: [
    10 * secondMs,
    30 * secondMs,
    2 * minuteMs,
    10 * minuteMs,
    30 * minuteMs,
    hourMs,
    2 * hourMs,
    4 * hourMs,
    8 * hourMs,
  ],
  jitter: 0.2,
  longestRetryAfterMs: 8 * hourMs,
};

/** Dead letters in a row after which a subscription is disabled. */
const deadLettersAtMost = 5;

/** @param found the present secret first */
async function openSecrets(context: Context, found: readonly FoundEndpoint[]): Promise<[string, ...string[]]> {
  const ring = context.settings.keyEncryptionKeys;
  const opened = await Promise.all(
    found.map(({ secretId, privateSealed }) => {
      return secretId && privateSealed ? open(ring, privateSealed, sealedPlace.webhookSecret(secretId)) : null;
    }),
  );
  const [present, ...previous] = opened.filter((secret) => secret !== null);
  // Nothing goes out unsigned, or signed with an old secret only. It is our fault, so it counts as no attempt.
  if (present === undefined || opened[0] === null) {
    throw new DependencyDown("The store of signing secrets", new Error("A webhook's secret cannot be opened"));
  }
  return [present, ...previous];
}

/** The endpoints of some rows, of which there is one for each secret of a subscription, the present secret first. */
export function endpointsOf(context: Context, found: readonly FoundEndpoint[]): Endpoint[] {
  return [...Map.groupBy(found, ({ id }) => id).values()].flatMap((rows) => {
    const sign = async (message: SignedMessage) => signedHeaders(await openSecrets(context, rows), message);
    return rows.slice(0, 1).map(({ id, url, slowUntil }) => ({ id, url, slowUntil, sign }));
  });
}

export const webhookChannel: Channel<DeliveryRow, FoundEndpoint> = {
  name: "webhooks",
  tables: { deliveries: webhookDeliveries, endpoints: webhookSubscriptions },
  schedule,
  queue: (env) => env.WEBHOOK_QUEUE,
  messages: { delivery: (deliveryId) => ({ deliveryId }), endpoint: (subscriptionId) => ({ subscriptionId }) },
  messageOf: ({ eventId, eventType, payload }) => ({ id: eventId, type: eventType, body: payload }),
  findEndpoints,
  endpointsOf,
  count: (outcome) => count("agentidp_webhook_deliveries_total", { outcome }),

  /** The subscription is disabled with it when the receiver is gone, or has failed too often in a row. */
  async giveUp(context, { delivery: { id: deliveryId, organizationId, endpointId } }, { httpStatusCode }, end) {
    const isGone = httpStatusCode === gone;
    const event = newEvent(context, actorOf(context, null), {
      organizationId,
      action: "webhook.disabled",
      agentId: null,
      target: endpointId,
      details: { reason: isGone ? "gone" : "dead_letters", deliveryId },
    });
    const statements = [
      end,
      countFailureIfChanged(context, webhookSubscriptions, endpointId, context.now()),
      disableIfChanged(context, webhookSubscriptions, endpointId, isGone ? 0 : deadLettersAtMost),
    ] as const;
    await commitChange(context, statements, [event]);
  },
};

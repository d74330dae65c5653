/** The wings, and what they have for the handlers of the Worker. */
import { forgetRequests } from "./access/idempotency/service.ts";
import { assurance } from "./assurance/wing.ts";
import { measureOutbox, relayMessages, relayWaiting } from "./events/relay.ts";
import { identity } from "./identity/wing.ts";
import { keys } from "./keys/wing.ts";
import type { MessageKind } from "./platform/messages.ts";
import type { ScheduledPart } from "./platform/scheduled.ts";
import { tenancy } from "./tenancy/wing.ts";
import type { Wing } from "./wing.ts";

/** In the order in which their routes are mounted and their subscribers get an event. */
export const wings: readonly Wing[] = [keys, tenancy, identity, assurance];

/** The parts of the scheduled run, which the Cron Trigger starts every minute (`wrangler.toml`): each group after the one before. */
export const scheduledParts: readonly (readonly ScheduledPart[])[] = [
  [relayWaiting, ...wings.flatMap(({ scheduled }) => scheduled), measureOutbox, forgetRequests],
  wings.flatMap(({ scheduledLast = [] }) => scheduledLast),
];

export const messages: readonly MessageKind<unknown>[] = [relayMessages, ...wings.flatMap((wing) => wing.messages)];

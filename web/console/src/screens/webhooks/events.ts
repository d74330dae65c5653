/** The events that a webhook can subscribe to, by what they are about. */
import type { WebhookEventType } from "../../api/schema.ts";
import { webhookEventTypes } from "../../api/values.ts";

/** `agent` of `agent.created` */
export const subjectOf = (event: string): string => event.split(".")[0] ?? event;

export interface EventGroup {
  readonly subject: string;
  readonly events: readonly WebhookEventType[];
}

/** The groups, in the order of the API's list. */
export const eventGroups: readonly EventGroup[] = [...new Set(webhookEventTypes.map(subjectOf))].map((subject) => ({
  subject,
  events: webhookEventTypes.filter((event) => subjectOf(event) === subject),
}));

/** In few words: "agent (all 6), token.issued" */
export function eventsText(events: readonly string[]): string {
  if (eventGroups.every((group) => group.events.every((event) => events.includes(event)))) return "all events";
  const texts = eventGroups.flatMap(({ subject, events: all }) => {
    const own = all.filter((event) => events.includes(event));
    if (own.length < 2 || own.length < all.length) return own;
    return [`${subject} (all ${all.length})`];
  });
  const unknown = events.filter((event) => !(webhookEventTypes as readonly string[]).includes(event));
  return [...texts, ...unknown].join(", ");
}

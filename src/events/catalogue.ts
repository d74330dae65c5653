/** The catalogue of events: one table, from one file for each wing. */
import type { AgentId, CredentialId, EventId, HoldId, OrganizationId, WebhookId } from "../platform/ids.ts";
import type { EventDataName, EventEntry } from "./catalogue/entry.ts";
import { identityEvents } from "./catalogue/identity.ts";
import { keyEvents } from "./catalogue/keys.ts";
import { tenancyEvents } from "./catalogue/tenancy.ts";

/** The API lists the names in this order. */
export const events = { ...identityEvents, ...tenancyEvents, ...keyEvents };

type Events = typeof events;
export type EventName = keyof Events;
/** The names whose entry has this property. */
type NamesWith<Property extends keyof EventEntry> = {
  [Name in EventName]: Events[Name] extends Readonly<Record<Property, unknown>> ? Name : never;
}[EventName];
export type AuditEventName = NamesWith<"audit">;
export type WebhookEventName = NamesWith<"webhook">;

const allNames = Object.keys(events) as EventName[];

/** The entry of an event; undefined for the name of another version of the service. */
export const entryOf = (name: string): EventEntry | undefined =>
  Object.hasOwn(events, name) ? events[name as EventName] : undefined;

/** Whether the audit log records an event. It records events of a newer version, which the outbox can hold after a rollback. */
export const isAudited = (entry: EventEntry | undefined): boolean => entry === undefined || entry.audit === true;

export const auditEventNames = allNames.filter((name): name is AuditEventName => isAudited(events[name]));

export const webhookEventNames = allNames.filter((name): name is WebhookEventName => "webhook" in events[name]);

/** The shape of the `data` of a webhook event. */
export function dataNameOf(name: WebhookEventName): EventDataName {
  const { webhook } = events[name];
  return typeof webhook === "string" ? webhook : webhook.data;
}

/** The webhook events that the ledger records itself and writes to the outbox later, without `data`. */
export const recordedWebhookEventNames: readonly string[] = webhookEventNames.filter(
  (name) => typeof events[name].webhook === "object",
);

export interface Actor {
  /** null for an unknown agent (a failed sign-in) and for the service itself (a scheduled run). */
  readonly agentId: AgentId | null;
  readonly credentialId?: CredentialId;
  readonly ip: string;
  readonly userAgent: string;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * It must not hold a secret, a token or an assertion. `details` must not hold the `email` or `owner` of an agent: a log that never
 * changes could not be erased.
 */
export interface DomainEvent {
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly action: EventName;
  readonly outcome: "success" | "failure";
  /** The affected agent. */
  readonly agentId: AgentId | null;
  readonly actor: Actor;
  /** The id of the affected object: an agent, a credential, a token, a key, an organization. */
  readonly target: string | null;
  readonly details: { readonly [key: string]: JsonValue };
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  /** The data of webhooks: the public fields of the affected object. Without it, no webhook gets the event. */
  readonly data?: { readonly [key: string]: JsonValue };
  /** The hold that the change of this event has set; the ledger releases it. Only the outbox has it: no log and no answer. */
  readonly holdId?: HoldId;
  /**
   * The webhooks that matched the event when it was recorded. Only the outbox has it: no log and no answer. Absent for an event that no
   * webhook can name.
   */
  readonly subscriptionIds?: readonly WebhookId[];
}

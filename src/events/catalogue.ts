/** The catalogue of events: one table of everything that can happen, from one file of each wing. The rest is derived from it. */
import type { AgentId, CredentialId, EventId, OrganizationId } from "../platform/ids.ts";
import type { EventEntry } from "./catalogue/entry.ts";
import { identityEvents } from "./catalogue/identity.ts";
import { keyEvents } from "./catalogue/keys.ts";
import { tenancyEvents } from "./catalogue/tenancy.ts";

/** What the service does with each kind of event. The API lists the names in this order. */
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

/** The entry of an event; undefined for the name that only another version of the service knows. */
export const entryOf = (name: string): EventEntry | undefined =>
  Object.hasOwn(events, name) ? events[name as EventName] : undefined;

/**
 * Whether an event goes into the audit log. One without an entry does: after a rollback the outbox can hold events of the
 * newer version, and the log must not lose them.
 */
export const isAudited = (entry: EventEntry | undefined): boolean => entry === undefined || entry.audit === true;

/** The events that the audit log can be searched for. */
export const auditEventNames = allNames.filter((name): name is AuditEventName => isAudited(events[name]));

/** The events that a webhook can subscribe to. */
export const webhookEventNames = allNames.filter((name): name is WebhookEventName => "webhook" in events[name]);

/** Those of them that the ledger writes by itself and puts into the outbox later, without `data`. */
export const recordedWebhookEventNames: readonly string[] = webhookEventNames.filter(
  (name) => typeof events[name].webhook === "object",
);

/** Who did it. */
export interface Actor {
  /** null: an agent that is not known (a failed sign-in), or the service itself (a scheduled run). */
  readonly agentId: AgentId | null;
  readonly credentialId?: CredentialId;
  readonly ip: string;
  readonly userAgent: string;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One thing that happened. Never holds a secret, a token or an assertion. */
export interface DomainEvent {
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly action: EventName;
  readonly outcome: "success" | "failure";
  /** The agent that it happened to, if to one. */
  readonly agentId: AgentId | null;
  readonly actor: Actor;
  /** The id of what it happened to: an agent, a credential, a token, a key, an organization. */
  readonly target: string | null;
  readonly details: { readonly [key: string]: JsonValue };
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  /** What webhooks get: the public fields of what it happened to. Without it they get nothing. */
  readonly data?: { readonly [key: string]: JsonValue };
}

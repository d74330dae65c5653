/** The form of an entry of the catalogue: how the service handles one kind of event. */

/** The shapes of `data`: components of the OpenAPI document, each in the room of its subject. */
export type EventDataName =
  | "AgentEventData"
  | "CredentialEventData"
  | "TokenEventData"
  | "DelegationEventData"
  | "ResourceEventData"
  | "TierEventData"
  | "DomainEventData";

/** An event of the audit log. */
interface AuditEntry {
  readonly audit: true;
  /**
   * Webhooks can subscribe to it, and its `data` has this shape. `details`: the ledger writes the event without `data`, and webhooks
   * get `agentId` and these members of its details.
   */
  readonly webhook?: EventDataName | { readonly data: EventDataName; readonly details: readonly string[] };
  /** The changed object: the ledger reads its agent, its organization or the organization's resources or webhooks from D1 again. */
  readonly changes?: "agent" | "organization" | "resources" | "webhooks";
}

/** An event for webhooks only. It must have its `data`. */
interface WebhookEntry {
  readonly audit?: never;
  readonly webhook: EventDataName;
  readonly changes?: never;
}

export type EventEntry = AuditEntry | WebhookEntry;

/** Entries by name. A name is `thing.happened`. */
export type EventEntries = Readonly<Record<`${string}.${string}`, EventEntry>>;

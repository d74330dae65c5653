/** The form of an entry of the catalogue: how the service handles one kind of event. */

/** An event of the audit log. */
interface AuditEntry {
  readonly audit: true;
  /**
   * Webhooks can subscribe to it. `true`: the event has its `data`. `details`: the ledger writes the event without `data`, and
   * webhooks get `agentId` and these members of its details.
   */
  readonly webhook?: true | { readonly details: readonly string[] };
  /** The changed object: the ledger reads its agent, its organization or the organization's resources from D1 again. */
  readonly changes?: "agent" | "organization" | "resources";
}

/** An event for webhooks only. It must have its `data`. */
interface WebhookEntry {
  readonly audit?: never;
  readonly webhook: true;
  readonly changes?: never;
}

export type EventEntry = AuditEntry | WebhookEntry;

/** Entries by name. A name is `thing.happened`. */
export type EventEntries = Readonly<Record<`${string}.${string}`, EventEntry>>;

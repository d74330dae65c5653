/** The form of an entry of the catalogue: what the service does with one kind of event. */

/** An event of the audit log. */
interface AuditEntry {
  readonly audit: true;
  /**
   * Webhooks can subscribe to it. `true`: the event carries its `data`. `details`: the ledger writes the event without `data`,
   * in the commit of a token request, and webhooks get `agentId` and these of its details.
   */
  readonly webhook?: true | { readonly details: readonly string[] };
  /** The change that it reports: of its agent, its organization, or the organization's resources. The ledger then reads from D1 again. */
  readonly changes?: "agent" | "organization" | "resources";
}

/** An event that only webhooks get. It must carry its `data`. */
interface WebhookEntry {
  readonly audit?: never;
  readonly webhook: true;
  readonly changes?: never;
}

export type EventEntry = AuditEntry | WebhookEntry;

/** What a file of the catalogue holds: entries by name. A name is `thing.happened`. */
export type EventEntries = Readonly<Record<`${string}.${string}`, EventEntry>>;

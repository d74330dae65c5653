/** Changes of records in D1: what the ledger must not use a cached copy for, and which copies it drops. */
import { type DomainEvent, entryOf } from "../events/catalogue.ts";
import type { HoldId } from "../platform/ids.ts";
import type { HeldTarget } from "./contract.ts";
import type { Held } from "./holds.ts";
import type { Parts } from "./parts.ts";

/** Sets the hold of a change, and drops the cached copies of what it changes. */
export function holdChange(parts: Parts, id: HoldId, targets: readonly Held[]): void {
  const { holds, principals, resources } = parts;
  principals.hold(id, targets, Date.now());
  if (holds.hasResources()) resources.changed();
}

/** Revokes what a change revokes, and refuses it while the hold lasts. */
export function withdraw(parts: Parts, id: HoldId, targets: readonly HeldTarget[]): void {
  for (const target of targets) parts.revocations.cutOff(target, Date.now());
  holdChange(parts, id, targets);
}

/** Drops what is known of the record that an event has changed, and releases the hold of its change. */
export function completeChange({ chain, principals, resources }: Parts, event: DomainEvent): void {
  const changes = entryOf(event.action)?.changes;
  // The operator's chain also has the operator's changes of other organizations. They change no record of this one.
  const isOrganization = changes === "organization" && event.target === event.organizationId;
  if (isOrganization) principals.forget(null);
  if (isOrganization || changes === "resources") resources.changed();
  if (changes === "agent" && event.agentId) principals.forget(event.agentId);
  if (changes === "webhooks") chain.handingOn.webhookChanged();
  if (event.holdId) principals.release(event.holdId, true, Date.now());
}

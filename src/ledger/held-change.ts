/** Changes that the ledger expects. It holds the record from before the write to D1 until it has the event of the change. */
import type { BatchItem } from "drizzle-orm/batch";
import type { DomainEvent } from "../events/catalogue.ts";
import { type Hold, newHold } from "../events/hold.ts";
import { type Change, commitChange } from "../events/outbox.ts";
import type { Context } from "../platform/context.ts";
import { fenceColumn } from "../platform/db/claims.ts";
import { violatesNotNull } from "../platform/db/client.ts";
import type { AgentId, OrganizationId } from "../platform/ids.ts";
import { log } from "../platform/log.ts";
import { ledgerOf } from "./client.ts";
import type { HeldTarget } from "./contract.ts";

type Statement = BatchItem<"sqlite">;

/** Revokes at once what a change revokes. The ledger refuses the targets until the change is complete. */
export async function withdraw(
  context: Context,
  organizationId: OrganizationId,
  targets: HeldTarget | readonly HeldTarget[],
): Promise<Hold> {
  const hold = newHold(context, organizationId);
  await ledgerOf(context, organizationId).withdraw([targets].flat(), hold.id);
  return hold;
}

/** Announces a change of an agent (null: of the organization), so that the ledger uses no stale copy. */
export async function expectChange(
  context: Context,
  organizationId: OrganizationId,
  agentId: AgentId | null,
): Promise<Hold> {
  const hold = newHold(context, organizationId);
  await ledgerOf(context, organizationId).expectChange(agentId, hold.id);
  return hold;
}

/** Announces a change of a resource of the organization, so that the ledger uses no stale copy. */
export async function expectResourceChange(context: Context, organizationId: OrganizationId): Promise<Hold> {
  const hold = newHold(context, organizationId);
  await ledgerOf(context, organizationId).expectResourceChange(hold.id);
  return hold;
}

/**
 * Writes a change that the ledger holds; see {@link commitChange}. The event of the change releases the hold. So does this
 * function when the change did not take place, also because another attempt of the request has taken its claim over. After any other
 * error it is unknown whether it did, and the hold ends by its deadline.
 *
 * @example
 * ```ts
 * const hold = await withdraw(context, organizationId, { kind: "agent", agentId });
 * const written = await commitHeld(context, hold, [suspend], [event]);
 * if (!written) return null; // Lost a race: read again, decide again.
 * ```
 */
export async function commitHeld<First extends Statement>(
  context: Context,
  hold: Hold,
  statements: Change<First>["statements"],
  events: readonly DomainEvent[],
  after: readonly Statement[] = [],
): Promise<First["_"]["result"] | null> {
  const release = () =>
    ledgerOf(context, hold.organizationId)
      .releaseHold(hold.id)
      .catch((error: unknown) => log.warn(context, "hold left to its deadline", { error }));
  try {
    const written = await commitChange(context, statements, events, after, hold);
    if (written === null) await release();
    return written;
  } catch (error) {
    if (violatesNotNull(error, fenceColumn)) await release();
    throw error;
  }
}

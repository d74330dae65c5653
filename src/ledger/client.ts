/** The way from a request to an organization's ledger. */
import type { Context } from "../platform/context.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { type Ledger, probeLedger } from "./contract.ts";

/**
 * The ledger of an organization. Each call is one round trip.
 *
 * @throws {DependencyDown} when the object does not answer; whether the call took effect is then unknown, and every call may be repeated
 *
 * @example
 * ```ts
 * await ledgerOf(context, organizationId).withdraw({ kind: "agent", agentId });
 * ```
 */
export function ledgerOf({ env }: Pick<Context, "env">, organizationId: OrganizationId): Ledger {
  const namespace = env.ORG_LEDGER;
  return namespace.get(namespace.idFromName(organizationId)) as unknown as Ledger;
}

/** Asks whether ledgers can be reached. Throws when the one that it asks does not answer. */
export async function askLedger(context: Pick<Context, "env">): Promise<undefined> {
  await ledgerOf(context, probeLedger).ping();
}

/** Access to an organization's ledger. */
import type { Context } from "../platform/context.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { type Ledger, probeLedger } from "./contract.ts";

/**
 * The ledger of an organization. Each call is one round trip.
 *
 * @throws {DependencyDown} when the object does not respond. It is then unknown whether the call took effect; every call may be repeated
 *
 * @example
 * ```ts
 * await ledgerOf(context, organizationId).flush();
 * ```
 */
export function ledgerOf({ env }: Pick<Context, "env">, organizationId: OrganizationId): Ledger {
  const namespace = env.ORG_LEDGER;
  return namespace.get(namespace.idFromName(organizationId)) as unknown as Ledger;
}

/** Checks that ledgers are reachable. Throws when the probe ledger does not respond. */
export async function pingLedger(context: Pick<Context, "env">): Promise<undefined> {
  await ledgerOf(context, probeLedger).ping();
}

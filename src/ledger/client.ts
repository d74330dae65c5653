/** The way from a request to an organization's ledger. */
import type { Context } from "../platform/context.ts";
import { DependencyDown } from "../platform/dependency.ts";
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
export function ledgerOf(context: Pick<Context, "env">, organizationId: OrganizationId): Ledger {
  const namespace = context.env.ORG_LEDGER;
  const stub = namespace.get(namespace.idFromName(organizationId)) as unknown as Ledger;
  const call =
    <Name extends keyof Ledger>(name: Name) =>
    async (...parameters: Parameters<Ledger[Name]>) => {
      try {
        return await (stub[name] as (...parameters: unknown[]) => Promise<unknown>)(...parameters);
      } catch (error) {
        throw new DependencyDown("The organization's ledger", error);
      }
    };
  return new Proxy({} as Ledger, { get: (_, name) => call(name as keyof Ledger) });
}

/** Asks whether ledgers can be reached. Throws when the one that it asks does not answer. */
export async function askLedger(context: Pick<Context, "env">): Promise<undefined> {
  await ledgerOf(context, probeLedger).ping();
}

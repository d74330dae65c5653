/** A delegation in answers and events. */
import { isoOf, isoOrNull } from "../../platform/time.ts";
import type { Delegation } from "./schema.ts";
import type { DelegationRow } from "./store.ts";

type Facts = Pick<
  DelegationRow,
  "delegatorAgentId" | "delegateeAgentId" | "resource" | "scopes" | "issuedAt" | "expiresAt" | "id"
>;

const namedResource = (resource: string | null) => (resource === null ? {} : { resource });

/** The details of every event about a delegation. */
export const delegationDetails = ({
  delegateeAgentId,
  resource,
  scopes,
}: Pick<Facts, "delegateeAgentId" | "resource" | "scopes">) => ({
  delegateeAgentId,
  ...namedResource(resource),
  scope: scopes.join(" "),
});

/** The members of a delegation that never change. */
export function delegationFacts({
  id,
  delegatorAgentId,
  delegateeAgentId,
  resource,
  scopes,
  issuedAt,
  expiresAt,
}: Facts) {
  return {
    chainId: id,
    delegatorAgentId,
    delegateeAgentId,
    ...namedResource(resource),
    scopes: [...scopes],
    issuedAt: isoOf(issuedAt),
    expiresAt: isoOf(expiresAt),
  };
}

/** A delegation with its status at a time. A revoked one is `revoked` also after its expiry. */
export function publicDelegation(row: DelegationRow, nowMs: number): Delegation {
  const ended = row.expiresAt <= nowMs ? "expired" : "active";
  return {
    ...delegationFacts(row),
    status: row.revokedAt === null ? ended : "revoked",
    revokedAt: isoOrNull(row.revokedAt),
  };
}

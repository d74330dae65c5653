/** The delegation as the wire shows it. */
import { isoOf, isoOrNull } from "../../platform/time.ts";
import type { Delegation } from "./schema.ts";
import type { DelegationRow } from "./store.ts";

type Facts = Pick<DelegationRow, "delegatorAgentId" | "delegateeAgentId" | "scopes" | "issuedAt" | "expiresAt" | "id">;

/** What never changes about a delegation. */
export function delegationFacts({ id, delegatorAgentId, delegateeAgentId, scopes, issuedAt, expiresAt }: Facts) {
  return {
    chainId: id,
    delegatorAgentId,
    delegateeAgentId,
    scopes: [...scopes],
    issuedAt: isoOf(issuedAt),
    expiresAt: isoOf(expiresAt),
  };
}

/** The delegation as it is at a time. One that was revoked before its end stays revoked after it. */
export function publicDelegation(row: DelegationRow, nowMs: number): Delegation {
  const ended = row.expiresAt <= nowMs ? "expired" : "active";
  return {
    ...delegationFacts(row),
    status: row.revokedAt === null ? ended : "revoked",
    revokedAt: isoOrNull(row.revokedAt),
  };
}

/** A domain as the API shows it. */
import { isoOf, isoOrNull } from "../../platform/time.ts";
import type { PublicDomain } from "./schema.ts";
import type { Domain } from "./store.ts";

/** Where the record that proves a domain stands. */
export const challengeName = (domain: string): string => `_agentidp-challenge.${domain}`;

export function publicDomain(domain: Domain): PublicDomain {
  return {
    organizationId: domain.organizationId,
    domain: domain.domain,
    status: domain.status,
    challenge: { type: "dns-txt", name: challengeName(domain.domain), value: domain.challenge },
    createdAt: isoOf(domain.createdAt),
    verifiedAt: isoOrNull(domain.verifiedAt),
    lastCheckedAt: isoOrNull(domain.lastCheckedAt),
    lapsedAt: isoOrNull(domain.lapsedAt),
  };
}

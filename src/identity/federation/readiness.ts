/** The state of an organization's partners, without a request to them. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { countCachedKeys } from "../../platform/outbound/jwks.ts";
import { listPartners } from "./store.ts";

/** The number of partners in each state. */
export interface PartnerReadiness {
  readonly active: number;
  readonly suspended: number;
  readonly expired: number;
  /** Active partners without a cached key: no token of theirs was verified within the last day. */
  readonly withoutKeys: number;
  /** Whether there are more partners than were read. */
  readonly isPartial: boolean;
}

/** Reads the organization's newest partners, at most `atMost`. */
export async function partnerReadiness(
  context: Context,
  organizationId: OrganizationId,
  atMost: number,
): Promise<PartnerReadiness> {
  const found = await listPartners(context, organizationId, { before: null, limit: atMost + 1 });
  const partners = found.slice(0, atMost);
  const suspended = partners.filter(({ status }) => status !== "active");
  const expired = partners.filter(
    ({ status, expiresAt }) => status === "active" && expiresAt !== null && expiresAt <= context.now(),
  );
  const active = partners.filter((partner) => !suspended.includes(partner) && !expired.includes(partner));
  const keys = await Promise.all(active.map((partner) => countCachedKeys(context, partner)));
  return {
    active: active.length,
    suspended: suspended.length,
    expired: expired.length,
    withoutKeys: keys.filter((count) => count === 0).length,
    isPartial: found.length > atMost,
  };
}

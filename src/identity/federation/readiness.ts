/** Whether an organization's partners can be relied on now, as far as is known without asking them. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { countKeysAtHand } from "../../platform/outbound/jwks.ts";
import { listPartners } from "./store.ts";

/** How many of the organization's partners are in which state. */
export interface PartnerReadiness {
  readonly active: number;
  readonly suspended: number;
  readonly expired: number;
  /** Active partners of which no key is at hand: nothing of theirs was checked within the last day. */
  readonly withoutKeys: number;
  /** Whether there are more partners than were looked at. */
  readonly isPartial: boolean;
}

/** Looks at the organization's newest partners, at most `atMost` of them. */
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
  const keys = await Promise.all(active.map((partner) => countKeysAtHand(context, partner)));
  return {
    active: active.length,
    suspended: suspended.length,
    expired: expired.length,
    withoutKeys: keys.filter((count) => count === 0).length,
    isPartial: found.length > atMost,
  };
}

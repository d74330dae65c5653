/** Whether partners can verify the organization's tokens, and it theirs. */
import { partnerReadiness } from "../../../identity/federation/service.ts";
import { keySet } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import type { Section } from "../schema.ts";

/** The most partners that one report reads. */
const maxPartners = 100;

/** The section. Only cached keys count: no partner gets a request. */
export async function federationReadiness(context: Context, organizationId: OrganizationId): Promise<Section> {
  const [{ keys }, partners] = await Promise.all([
    keySet(context),
    partnerReadiness(context, organizationId, maxPartners),
  ]);
  const { active, suspended, expired, withoutKeys, isPartial } = partners;
  const isPublished = keys.some(({ alg }) => alg === "ES256");
  const warnings = [
    expired > 0 && `${amount(expired, "partner")} expired: extend or delete.`,
    withoutKeys > 0 &&
      `No cached keys of ${amount(withoutKeys, "active partner")}: none of their tokens was verified within the last day, or their keys cannot be fetched.`,
  ].filter((remark) => remark !== false);
  const details = [
    isPublished
      ? `The keys that verify this organization's tokens are published (${amount(keys.length, "key")}).`
      : "No key that verifies this organization's tokens is published.",
    active + suspended + expired === 0
      ? "There are no federation partners."
      : `${amount(active, "active partner")}, ${suspended} suspended.`,
    ...warnings,
    isPartial && `Only the ${maxPartners} newest partners were read.`,
  ];
  return {
    name: "federation-readiness",
    status: isPublished ? (warnings.length > 0 ? "warn" : "pass") : "fail",
    details: details.filter((remark) => remark !== false).join(" "),
  };
}

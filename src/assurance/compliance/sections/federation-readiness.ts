/** Whether others can check this organization's agents, and it theirs. */
import { partnerReadiness } from "../../../identity/federation/service.ts";
import { keySet } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import type { Section } from "../schema.ts";

/** What one report looks at, however many partners there are. */
const maxPartners = 100;

/** The section. No partner is asked: only keys that are at hand count. */
export async function federationReadiness(context: Context, organizationId: OrganizationId): Promise<Section> {
  const [{ keys }, partners] = await Promise.all([
    keySet(context),
    partnerReadiness(context, organizationId, maxPartners),
  ]);
  const { active, suspended, expired, withoutKeys, isPartial } = partners;
  const isPublished = keys.some(({ alg }) => alg === "ES256");
  const warnings = [
    expired > 0 && `${amount(expired, "partner")} expired: prolong or delete.`,
    withoutKeys > 0 &&
      `No keys at hand of ${amount(withoutKeys, "active partner")}: none of their tokens was checked within the last day, or their keys cannot be reached.`,
  ].filter((remark) => remark !== false);
  const details = [
    isPublished
      ? `The keys that check this organization's tokens are published (${amount(keys.length, "key")}).`
      : "No key is published that checks this organization's tokens.",
    active + suspended + expired === 0
      ? "There are no federation partners."
      : `${amount(active, "active partner")}, ${suspended} suspended.`,
    ...warnings,
    isPartial && `Only the ${maxPartners} newest partners were looked at.`,
  ];
  return {
    name: "federation-readiness",
    status: isPublished ? (warnings.length > 0 ? "warn" : "pass") : "fail",
    details: details.filter((remark) => remark !== false).join(" "),
  };
}

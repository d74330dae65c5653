/** Whether the audit log is what was written. */
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { verifySlice } from "../../../tenancy/audit/service.ts";
import type { Section } from "../schema.ts";

/** What one report looks at, however long the log is. */
const maxEvents = 50_000;

/** The section, and whether what was checked holds. Costs the organization none of its own verifications. */
export async function auditTrail(context: Context, organizationId: OrganizationId) {
  const { isIntact, checkedCount, isLast, link } = await verifySlice(context, organizationId, null, maxEvents);
  const whatHolds = isLast
    ? `${amount(checkedCount, "event")} checked, from the oldest to the newest: every hash and every link holds.`
    : `The oldest ${amount(checkedCount, "event")} hold. The log is longer: GET /api/v1/audit/verify checks all of it.`;
  const section: Section = {
    name: "audit-trail",
    status: isIntact ? "pass" : "fail",
    details: isIntact
      ? whatHolds
      : `The chain does not hold after event number ${link.sequence}: an event was changed, moved, added or removed. GET /api/v1/audit/verify names the event.`,
  };
  return { section, auditChainIntegrity: isIntact };
}

/** Whether the audit log is intact. */
import { amount } from "../../../platform/amount.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { verifySlice } from "../../../tenancy/audit/service.ts";
import type { Section } from "../schema.ts";

/** The most events that one report verifies. */
const maxEvents = 50_000;

/** The section, and whether the verified events are intact. Not counted against the organization's own verifications. */
export async function auditTrail(context: Context, organizationId: OrganizationId) {
  const { isIntact, checkedCount, isLast, link, gaps } = await verifySlice(context, organizationId, null, maxEvents);
  const whatHolds = isLast
    ? `${amount(checkedCount, "event")} verified, from the oldest to the newest: every hash and every link is correct.`
    : `The oldest ${amount(checkedCount, "event")} are intact. The log is longer: GET /api/v1/audit/verify verifies all of it.`;
  const lost = gaps.map(({ fromSequence, toSequence }) => `${fromSequence} to ${toSequence}`);
  const whatIsLost =
    lost.length > 0
      ? ` Events ${lost.join(", ")} are lost; the operator has accepted that. GET /api/v1/audit/verify has the reason.`
      : "";
  const passed = lost.length > 0 ? "warn" : "pass";
  const section: Section = {
    name: "audit-trail",
    status: isIntact ? passed : "fail",
    details: isIntact
      ? whatHolds + whatIsLost
      : `The chain is broken after event number ${link.sequence}: an event was changed, moved, added or removed. GET /api/v1/audit/verify names the event.`,
  };
  return { section, auditChainIntegrity: isIntact };
}

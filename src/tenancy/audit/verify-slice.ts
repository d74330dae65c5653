/** Verifies a chain in slices, so that a scheduled run takes the same time for a chain of any length. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { setGauge } from "../../platform/telemetry/recording.ts";
import { faultAfter, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { eventPages } from "./store.ts";
import { type Link, verifyChain, type Walk } from "./verification.ts";

/** The result for a part of a chain. The next slice starts at `link`. */
export interface Slice extends Pick<Walk, "link" | "checkedCount"> {
  readonly isIntact: boolean;
  /** Whether the verification is complete: at the end of the chain, or at a fault. */
  readonly isLast: boolean;
}

/**
 * Verifies the next events of an organization's chain. The last slice sets the gauge. Does not count against the
 * organization's own limit of verifications.
 *
 * @param from the `link` of the previous slice; null for the beginning of the chain
 * @param limit the number of events at most
 */
export async function verifySlice(
  context: Context,
  organizationId: OrganizationId,
  from: Link | null,
  limit: number,
): Promise<Slice> {
  const evidence = await gatherEvidence(context, organizationId);
  const { head } = evidence;
  // Retention may have removed the event at `from` since the previous slice.
  const continues = from !== null && from.sequence >= evidence.start.sequence;
  const start = continues ? from : evidence.start;
  const through = Math.min(head.sequence, start.sequence + limit);
  const pages = eventPages(context, organizationId, continues ? from.sequence : null, through);
  const { link, checkedCount, brokenAtEventId } = await verifyChain(organizationId, pages, start);
  const isIntact =
    brokenAtEventId === null &&
    link.sequence >= through &&
    (await faultInCheckpoints(context, evidence, start.sequence, through)) === null &&
    (through < head.sequence || (await faultAfter(context, organizationId, evidence, link)) === null);
  const isLast = !isIntact || through === head.sequence;
  if (isLast) setGauge("agentidp_audit_chain_integrity", isIntact ? 1 : 0, organizationId);
  return { link, checkedCount, isIntact, isLast };
}

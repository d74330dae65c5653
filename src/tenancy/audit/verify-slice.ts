/** Verifying a chain in slices: for the scheduled run, which may not take long, however long the chain is. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { setGauge } from "../../platform/telemetry/recording.ts";
import { faultBehind, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { eventPages } from "./store.ts";
import { type Link, verifyChain } from "./verification.ts";

/** A part of a chain that was looked at. */
export interface Slice {
  /** Where to go on. */
  readonly link: Link;
  readonly checkedCount: number;
  readonly isIntact: boolean;
  /** Whether the end of the chain was reached. */
  readonly isLast: boolean;
}

/**
 * Verifies the next events of an organization's chain, and tells the metrics once it has come to an end. Costs the organization none of its own verifications.
 *
 * @param from where an earlier slice ended; null for the beginning
 * @param limit how many events at most
 */
export async function verifySlice(
  context: Context,
  organizationId: OrganizationId,
  from: Link | null,
  limit: number,
): Promise<Slice> {
  const slice = await sliceOf(context, organizationId, from, limit);
  if (slice.isLast) setGauge("agentidp_audit_chain_integrity", slice.isIntact ? 1 : 0, organizationId);
  return slice;
}

async function sliceOf(
  context: Context,
  organizationId: OrganizationId,
  from: Link | null,
  limit: number,
): Promise<Slice> {
  const evidence = await gatherEvidence(context, organizationId);
  const { head } = evidence;
  // Old events may have been removed since the slice before, and the place where it ended with them.
  const goesOn = from !== null && from.sequence >= evidence.start.sequence;
  const start = goesOn ? from : evidence.start;
  const through = Math.min(head.sequence, start.sequence + limit);
  const pages = eventPages(context, organizationId, goesOn ? from.sequence : null, through);
  const { link, checkedCount, brokenAtEventId } = await verifyChain(organizationId, pages, start);
  const isWhole = brokenAtEventId === null && link.sequence >= through;
  if (!isWhole || (await faultInCheckpoints(context, evidence, start.sequence, through)) !== null) {
    return { link, checkedCount, isIntact: false, isLast: true };
  }
  if (through < head.sequence) return { link, checkedCount, isIntact: true, isLast: false };
  const isIntact = (await faultBehind(context, organizationId, evidence, link)) === null;
  return { link, checkedCount, isIntact, isLast: true };
}

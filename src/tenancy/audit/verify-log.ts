/** Verifies the audit log of an organization: whole, over a time range, or in slices. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { setGauge } from "../../platform/telemetry/recording.ts";
import { type Evidence, faultAfter, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { eventPages, findLastEvent, findSequencesWithin, type TimeRange } from "./store.ts";
import { type Link, verifyChain, type Walk } from "./verification.ts";

/** A verification starts again, so often at most, when retention removes events meanwhile. */
const attempts = 3;

/**
 * The stretch of the chain with every event of a time range. An event that reaches the chain late has an earlier time than its
 * neighbors, so the stretch may also contain events from outside the range.
 */
async function stretchOf(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  { start, head }: Evidence,
) {
  const { fromMs, toMs } = range;
  if (fromMs === null && toMs === null) return { start, after: null, through: head.sequence };
  const span = await findSequencesWithin(context, organizationId, range, head.sequence);
  // An attacker may have deleted all events of the range, so the events on both sides of it must fit together.
  const earlier =
    span || fromMs === null
      ? null
      : await findSequencesWithin(context, organizationId, { fromMs: null, toMs: fromMs - 1 }, head.sequence);
  const first = span?.first ?? (earlier ? earlier.last + 1 : null);
  const before = first === null ? undefined : await findLastEvent(context, organizationId, first);
  return {
    start: before ?? start,
    after: before?.sequence ?? null,
    through: span?.last ?? before?.sequence ?? start.sequence,
  };
}

async function verifyOnce(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  evidence: Evidence,
): Promise<Walk> {
  const { start, after, through } = await stretchOf(context, organizationId, range, evidence);
  const walk = await verifyChain(organizationId, eventPages(context, organizationId, after, through), start);
  const brokenAtEventId =
    // A checkpoint within the verified events comes before the fault, if there is one.
    (await faultInCheckpoints(context, evidence, start.sequence, walk.link.sequence)) ??
    walk.brokenAtEventId ??
    (await faultAfter(context, organizationId, evidence, walk.link));
  return { ...walk, brokenAtEventId };
}

/**
 * Verifies a chain: recomputes every hash, checks every link, and compares the chain with its signed checkpoints and with the
 * end that the ledger knows. Holds two pages of the log in memory.
 */
export async function verifyLog(context: Context, organizationId: OrganizationId, range: TimeRange): Promise<Walk> {
  let evidence = await gatherEvidence(context, organizationId);
  for (let attempt = 1; ; attempt++) {
    const walk = await verifyOnce(context, organizationId, range, evidence);
    if (walk.brokenAtEventId === null || attempt === attempts) return walk;
    const present = await gatherEvidence(context, organizationId);
    if (present.start.sequence === evidence.start.sequence) return walk;
    evidence = present;
  }
}

/** The result for a part of a chain. The next slice starts at `link`. */
export interface Slice extends Pick<Walk, "link" | "checkedCount"> {
  readonly isIntact: boolean;
  /** Whether the verification is complete: at the end of the chain, or at a fault. */
  readonly isLast: boolean;
}

/**
 * Verifies the next events of an organization's chain, so that a scheduled run takes the same time for a chain of any length.
 * The last slice sets the gauge. Does not count against the organization's own limit of verifications.
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

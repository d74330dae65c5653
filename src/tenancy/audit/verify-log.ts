/** Whether a log is still what was written, as a whole or over a time range. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { type Evidence, faultBehind, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { eventPages, findEventBefore, findSequencesWithin, type TimeRange } from "./store.ts";
import { type Link, verifyChain } from "./verification.ts";

/** How often a verification begins anew because old events were removed under its hands. */
const attempts = 3;

/** What was found. */
export interface Verdict {
  readonly checkedCount: number;
  /** The first event at which the chain does not hold; null: it holds. */
  readonly brokenAtEventId: string | null;
}

interface Stretch {
  readonly start: Link;
  /** null: from the very first row. */
  readonly after: number | null;
  readonly through: number;
}

/**
 * The stretch of the chain that holds every event of a time range. Events that reach the chain late carry an earlier time
 * than their neighbors, so the stretch may also hold some from outside the range.
 */
async function stretchOf(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  { start, head }: Evidence,
): Promise<Stretch> {
  const { fromMs, toMs } = range;
  if (fromMs === null && toMs === null) return { start, after: null, through: head.sequence };
  const span = await findSequencesWithin(context, organizationId, range, head.sequence);
  // A range without events may have been emptied: what lies to both sides of it must still fit together.
  const earlier =
    span || fromMs === null
      ? null
      : await findSequencesWithin(context, organizationId, { fromMs: null, toMs: fromMs - 1 }, head.sequence);
  const first = span?.first ?? (earlier ? earlier.last + 1 : null);
  const before = first === null ? undefined : await findEventBefore(context, organizationId, first);
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
): Promise<Verdict> {
  const { start, after, through } = await stretchOf(context, organizationId, range, evidence);
  const walk = await verifyChain(organizationId, eventPages(context, organizationId, after, through), start);
  const { link, checkedCount } = walk;
  const brokenAtEventId =
    // What was signed before the place where the walk ended is before it in the chain, too.
    (await faultInCheckpoints(context, evidence, start.sequence, link.sequence)) ??
    walk.brokenAtEventId ??
    (await faultBehind(context, organizationId, evidence, link));
  return { checkedCount, brokenAtEventId };
}

/**
 * Verifies a chain: recomputes every hash, follows every link, and compares with what was signed and with the end that the
 * ledger knows. Reads the log page by page, however long it is.
 */
export async function verifyLog(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange = { fromMs: null, toMs: null },
): Promise<Verdict> {
  let evidence = await gatherEvidence(context, organizationId);
  for (let attempt = 1; ; attempt++) {
    const verdict = await verifyOnce(context, organizationId, range, evidence);
    if (verdict.brokenAtEventId === null || attempt === attempts) return verdict;
    const present = await gatherEvidence(context, organizationId);
    if (present.start.sequence === evidence.start.sequence) return verdict;
    evidence = present;
  }
}

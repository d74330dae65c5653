/** Verifies the audit log of an organization: whole, over a time range, or in slices. */
import type { AcceptedGap, ChainState, Gap } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { findCheckpointsBetween } from "./checkpoints/store.ts";
import { type Evidence, faultAfter, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { Gaps } from "./gaps.ts";
import { eventPages, findEventAfter, findLastEvent, findSequencesWithin, type TimeRange } from "./store.ts";
import { isIntact, type StoredEvent } from "./stored-event.ts";
import { type GapRule, type Link, verifyChain, type Walk } from "./verification.ts";
import { recordVerification } from "./verifications/record.ts";

/** A verification starts again, so often at most, when retention removes events meanwhile. */
const attempts = 3;

interface Stretch {
  readonly start: Link;
  /** The event before the range; undefined when the stretch starts at the first row. */
  readonly before?: StoredEvent | undefined;
  /** The last sequence of the range. */
  readonly through: number;
  /** The last sequence of the stretch: that of the next checkpoint or of the head. */
  readonly end: number;
}

/** The first sequence after `through` whose hash is known apart from the log: that of a checkpoint or of the head. */
async function nextSigned(context: Context, { trusted, head }: Evidence, through: number): Promise<number> {
  const [checkpoint] = await findCheckpointsBetween(context, trusted, through, head.sequence, 1);
  return checkpoint?.sequence ?? head.sequence;
}

/**
 * The stretch of the chain with every event of a time range. An event that reaches the chain late has an earlier time than its
 * neighbors, so the stretch may also contain events from outside the range. It goes on to the next checkpoint or the head:
 * an attacker can compute all later hashes again, but not these.
 */
async function stretchOf(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  evidence: Evidence,
): Promise<Stretch> {
  const { fromMs, toMs } = range;
  const { start, head } = evidence;
  if (fromMs === null && toMs === null) return { start, through: head.sequence, end: head.sequence };
  const span = await findSequencesWithin(context, organizationId, range, head.sequence);
  // An attacker may have deleted all events of the range, so the events on both sides of it must fit together.
  const earlier =
    span || fromMs === null
      ? null
      : await findSequencesWithin(context, organizationId, { fromMs: null, toMs: fromMs - 1 }, head.sequence);
  const first = span?.first ?? (earlier ? earlier.last + 1 : null);
  const before = first === null ? undefined : await findLastEvent(context, organizationId, first);
  const through = span?.last ?? before?.sequence ?? start.sequence;
  return { start: before ?? start, before, through, end: await nextSigned(context, evidence, through) };
}

/** What a verification of a log found. */
export interface LogVerification extends Pick<Walk, "checkedCount" | "fault"> {
  /** All gaps that were ever accepted. */
  readonly accepted: readonly AcceptedGap[];
  /** The gaps that are there and were not accepted, as far as the caller tolerates them. */
  readonly tolerated: readonly Gap[];
}

async function verifyOnce(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  evidence: Evidence,
  tolerates: GapRule | undefined,
): Promise<LogVerification> {
  const { start, before, through, end } = await stretchOf(context, organizationId, range, evidence);
  const accepted = evidence.head.gaps;
  // An attacker may have moved an event of the range to before it.
  if (before && !isIntact(organizationId, before)) {
    const fault = { brokenAtEventId: before.eventId, missing: null };
    return { checkedCount: 0, fault, accepted, tolerated: [] };
  }
  const gaps = new Gaps(evidence.head, tolerates);
  const pages = eventPages(context, organizationId, before?.sequence ?? null, end);
  const walk = await verifyChain(organizationId, pages, start, gaps.continuesAfter);
  const fault =
    // A checkpoint within the verified events comes before the fault, if there is one.
    (await faultInCheckpoints(context, evidence, start.sequence, walk.link.sequence, gaps)) ??
    walk.fault ??
    (await faultAfter(context, organizationId, evidence, walk.link, gaps));
  const ofRange = Math.max(0, through - start.sequence - gaps.missingThrough(through));
  return { checkedCount: Math.min(walk.checkedCount, ofRange), fault, accepted, tolerated: gaps.tolerated };
}

/**
 * Verifies a chain: recomputes every hash, checks every link, and compares the chain with its signed checkpoints and with the
 * end that the ledger knows. Holds two pages of the log in memory. `checkedCount` counts the events of the range.
 *
 * @param tolerates which gaps it continues after, beside the accepted ones
 */
export async function verifyLog(
  context: Context,
  organizationId: OrganizationId,
  range: TimeRange,
  tolerates?: GapRule,
): Promise<LogVerification> {
  let evidence = await gatherEvidence(context, organizationId);
  for (let attempt = 1; ; attempt++) {
    const verification = await verifyOnce(context, organizationId, range, evidence, tolerates);
    if (verification.fault === null || attempt === attempts) return verification;
    const present = await gatherEvidence(context, organizationId);
    if (present.start.sequence === evidence.start.sequence) return verification;
    evidence = present;
  }
}

/** Where the next slice starts. */
export interface Place extends Link {
  /** The start of the first slice, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** The events of all slices up to here. */
  readonly events: number;
}

/** The result for a part of a chain. The next slice starts at `link`. */
export interface Slice extends Pick<Walk, "checkedCount"> {
  readonly link: Place;
  readonly isIntact: boolean;
  /** Whether the verification is complete: at the end of the chain, or at a fault. */
  readonly isLast: boolean;
  /** The accepted gaps in this part. */
  readonly gaps: readonly Gap[];
}

/** The last event of a slice that would end here: the next one that is there, when this one is missing in an accepted gap. */
async function endOfSlice(context: Context, organizationId: OrganizationId, head: ChainState, sequence: number) {
  if (sequence >= head.sequence) return head.sequence;
  if (head.gaps.length === 0) return sequence;
  const present = await findEventAfter(context, organizationId, sequence - 1);
  return Math.min(head.sequence, present?.sequence ?? head.sequence);
}

/**
 * Verifies the next events of an organization's chain, so that a scheduled run takes the same time for a chain of any length.
 * The last slice is recorded. Does not count against the organization's own limit of verifications.
 *
 * @param from the `link` of the previous slice; null for the beginning of the chain
 * @param limit the number of events at most
 */
export async function verifySlice(
  context: Context,
  organizationId: OrganizationId,
  from: Place | null,
  limit: number,
): Promise<Slice> {
  const nowMs = context.now();
  const evidence = await gatherEvidence(context, organizationId);
  const { head } = evidence;
  // Retention may have removed the event at `from` since the previous slice.
  const continues = from !== null && from.sequence >= evidence.start.sequence;
  const start = continues ? from : evidence.start;
  const gaps = new Gaps(head);
  const through = await endOfSlice(context, organizationId, head, start.sequence + limit);
  const pages = eventPages(context, organizationId, continues ? from.sequence : null, through);
  const { link, checkedCount, fault } = await verifyChain(organizationId, pages, start, gaps.continuesAfter);
  const fits =
    fault === null &&
    link.sequence >= through &&
    (await faultInCheckpoints(context, evidence, start.sequence, through, gaps)) === null &&
    (through < head.sequence || (await faultAfter(context, organizationId, evidence, link, gaps)) === null);
  const isLast = !fits || through === head.sequence;
  const startedAtMs = continues ? from.startedAtMs : nowMs;
  const events = checkedCount + (continues ? from.events : 0);
  if (isLast) await recordVerification(context, organizationId, { startedAtMs, isWhole: true, events, isIntact: fits });
  const { sequence, hash } = link;
  return { link: { sequence, hash, startedAtMs, events }, checkedCount, isIntact: fits, isLast, gaps: gaps.met };
}

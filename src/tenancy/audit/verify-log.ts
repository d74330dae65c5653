/** Verifies the audit log of an organization, whole or over a time range. */
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { type Evidence, faultAfter, faultInCheckpoints, gatherEvidence } from "./evidence.ts";
import { eventPages, findLastEvent, findSequencesWithin, type TimeRange } from "./store.ts";
import { type Link, verifyChain, type Walk } from "./verification.ts";

/** A verification starts again, so often at most, when retention removes events meanwhile. */
const attempts = 3;

interface Stretch {
  readonly start: Link;
  /** null: from the first row. */
  readonly after: number | null;
  readonly through: number;
}

/**
 * The stretch of the chain with every event of a time range. An event that reaches the chain late has an earlier time than its
 * neighbors, so the stretch may also contain events from outside the range.
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

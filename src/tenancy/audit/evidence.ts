/** The facts that a chain is verified against: its start, its end in the ledger, and the signed checkpoints. */
import { ledgerOf } from "../../ledger/client.ts";
import type { ChainState, Gap } from "../../ledger/contract.ts";
import { shortestRetentionMs } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { type CheckpointKeys, checkpointKeys, isSigned } from "./checkpoints/signing.ts";
import {
  type Checkpoint,
  findAnchor,
  findCheckpointsBetween,
  findLastCheckpoint,
  type MatchedCheckpoint,
  type TrustedCheckpoints,
} from "./checkpoints/store.ts";
import type { Gaps } from "./gaps.ts";
import { findEventAfter, findLastEvent } from "./store.ts";
import { type Fault, faultAt, genesis, type Link } from "./verification.ts";

/** Checkpoints in memory at once. */
const pageSize = 500;

export interface Evidence {
  readonly keys: CheckpointKeys;
  readonly trusted: TrustedCheckpoints;
  /** The start of the chain: its genesis, or the checkpoint up to which retention has removed events. */
  readonly start: Link;
  /** The end of the chain in the ledger. */
  readonly head: ChainState;
  /** The last checkpoint, read before the head, so that it is never after the head of an honest ledger. */
  readonly lastCheckpoint: Checkpoint | undefined;
}

/** Writes all events up to now to D1, so that callers read their own writes. Returns the end of the chain. */
export async function relayAndFlush(context: Context, organizationId: OrganizationId): Promise<ChainState> {
  await context.relay(organizationId);
  return ledgerOf(context, organizationId).flush();
}

/**
 * Whether the chain may start after this anchor: a checkpoint as old as the shortest retention, which the ledger knows and the
 * service has signed. This refuses a row that an attacker adds to hide earlier events. A key that is compromised now was
 * trusted when the events were removed.
 */
async function isValid(context: Context, keys: CheckpointKeys, checkpoint: Checkpoint, head: ChainState) {
  if (checkpoint.sequence > head.anchorSequence) return false;
  if (checkpoint.timestamp > context.now() - shortestRetentionMs) return false;
  return keys.distrustedKids.includes(checkpoint.kid) || (await isSigned(keys, checkpoint));
}

/** Reads the facts that a verification needs. */
export async function gatherEvidence(context: Context, organizationId: OrganizationId): Promise<Evidence> {
  const keys = await checkpointKeys(context);
  const trusted = { organizationId, distrustedKids: keys.distrustedKids };
  const [{ checkpoint: anchor }, lastCheckpoint] = await Promise.all([
    findAnchor(context, organizationId),
    findLastCheckpoint(context, trusted),
  ]);
  const head = await relayAndFlush(context, organizationId);
  const start = anchor && (await isValid(context, keys, anchor, head)) ? anchor : genesis;
  return { keys, trusted, start, head, lastCheckpoint };
}

const changedAt = (brokenAtEventId: string): Fault => ({ brokenAtEventId, missing: null });

/** Whether the log contradicts the checkpoint. The event of a checkpoint in a gap is missing with the others. */
function contradicts({ storedHash, sequence, hash }: MatchedCheckpoint, gaps: readonly Gap[]): boolean {
  if (storedHash !== null) return storedHash !== hash;
  const gap = gaps.find(({ fromSequence, toSequence }) => fromSequence <= sequence && sequence <= toSequence);
  return !gap || (sequence === gap.toSequence && hash !== gap.lastHash);
}

/** The first checkpoint with `after` < sequence ≤ `through` that the log contradicts; null for none. */
export async function faultInCheckpoints(
  context: Context,
  { keys, trusted }: Evidence,
  after: number,
  through: number,
  { met }: Pick<Gaps, "met">,
): Promise<Fault | null> {
  for (let last = after; ; ) {
    const checkpoints = await findCheckpointsBetween(context, trusted, last, through, pageSize);
    for (const checkpoint of checkpoints) {
      if (contradicts(checkpoint, met) || !(await isSigned(keys, checkpoint))) return changedAt(checkpoint.eventId);
    }
    const end = checkpoints.at(-1);
    if (!end || checkpoints.length < pageSize) return null;
    last = end.sequence;
  }
}

/** The gap at the end of the log, which the ledger knows; null when the end is there, or another one. */
function missingEnd({ head }: Evidence, { sequence, hash }: Link): Gap | null {
  if (sequence >= head.sequence) return null;
  return { fromSequence: sequence + 1, toSequence: head.sequence, previousHash: hash, lastHash: head.hash };
}

/** Checks what follows a position: the right event, or the end that the ledger and the last checkpoint name. */
export async function faultAfter(
  context: Context,
  organizationId: OrganizationId,
  evidence: Evidence,
  link: Link,
  { continuesAfter }: Pick<Gaps, "continuesAfter">,
): Promise<Fault | null> {
  const { head, lastCheckpoint } = evidence;
  const next = await findEventAfter(context, organizationId, link.sequence);
  if (next && next.sequence <= head.sequence) return faultAt(organizationId, link, next, continuesAfter);
  if (link.hash !== head.hash) {
    const missing = next ? null : missingEnd(evidence, link);
    if (missing && continuesAfter(missing)) return null;
    return head.eventId === null ? null : { brokenAtEventId: head.eventId, missing };
  }
  // A ledger that was reset agrees with a log whose end was deleted. The checkpoint shows the deletion.
  if (lastCheckpoint && lastCheckpoint.sequence > head.sequence) return changedAt(lastCheckpoint.eventId);
  if (!next) return null;
  // Events after the head may be new ones. Read the head again: no event may come after it.
  const last = (await findLastEvent(context, organizationId)) ?? next;
  const present = await ledgerOf(context, organizationId).flush();
  if (last.sequence <= present.sequence) return null;
  return changedAt(next.sequence > present.sequence ? next.eventId : last.eventId);
}

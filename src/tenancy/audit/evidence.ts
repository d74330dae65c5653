/** What the service knows of a chain beside its events: where it begins, where it ends, and what was signed. */
import { ledgerOf } from "../../ledger/client.ts";
import type { ChainState } from "../../ledger/contract.ts";
import { shortestRetentionMs } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { type CheckpointKeys, checkpointKeys, isSigned } from "./checkpoints/signing.ts";
import {
  type Checkpoint,
  findAnchor,
  findCheckpointsBetween,
  findLastCheckpoint,
  type TrustedCheckpoints,
} from "./checkpoints/store.ts";
import { findEventAfter, findLastEvent } from "./store.ts";
import { follows, genesis, type Link } from "./verification.ts";

/** Checkpoints that are in memory at once. */
const pageSize = 500;

export interface Evidence {
  readonly keys: CheckpointKeys;
  readonly trusted: TrustedCheckpoints;
  /** Where the chain begins: its genesis, or the checkpoint up to which old events were removed. */
  readonly start: Link;
  /** The end, as the ledger knows it. */
  readonly head: ChainState;
  /** The last checkpoint, as it was before the ledger was asked for the end, so that it is never behind that. */
  readonly lastCheckpoint: Checkpoint | undefined;
}

/** Brings everything that has happened so far into D1, so that callers see their own writes. Answers with the end of the chain. */
export async function relayAndFlush(context: Context, organizationId: OrganizationId): Promise<ChainState> {
  await context.relay(organizationId);
  return ledgerOf(context, organizationId).flush();
}

/**
 * Whether the chain may begin behind this anchor: a checkpoint as old as the retention asks, which the ledger knows of and the
 * service has signed. A row that somebody has put there to hide what was before it is none of these. The key was trusted when
 * the events were removed, and what it has lost since does not bring them back.
 */
async function isValid(context: Context, keys: CheckpointKeys, checkpoint: Checkpoint, head: ChainState) {
  if (checkpoint.sequence > head.anchorSequence) return false;
  if (checkpoint.timestamp > context.now() - shortestRetentionMs) return false;
  return keys.distrustedKids.includes(checkpoint.kid) || (await isSigned(keys, checkpoint));
}

/** Gathers what a verification is held against. */
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

/** The event of the first checkpoint with `after` < sequence ≤ `through` that the log does not bear out; null when it bears out all. */
export async function faultInCheckpoints(
  context: Context,
  { keys, trusted }: Evidence,
  after: number,
  through: number,
): Promise<string | null> {
  for (let last = after; ; ) {
    const checkpoints = await findCheckpointsBetween(context, trusted, last, through, pageSize);
    for (const checkpoint of checkpoints) {
      if (checkpoint.storedHash !== checkpoint.hash || !(await isSigned(keys, checkpoint))) return checkpoint.eventId;
    }
    const end = checkpoints.at(-1);
    if (!end || checkpoints.length < pageSize) return null;
    last = end.sequence;
  }
}

/** Checks how the chain goes on behind a place: with the right event, or with the end that the ledger and the last checkpoint know. */
export async function faultBehind(
  context: Context,
  organizationId: OrganizationId,
  { head, lastCheckpoint }: Evidence,
  link: Link,
): Promise<string | null> {
  const next = await findEventAfter(context, organizationId, link.sequence);
  if (next && next.sequence <= head.sequence) return follows(link, next) ? null : next.eventId;
  if (link.hash !== head.hash) return head.eventId;
  // A ledger that was set back agrees with a log whose end was cut off.
  if (lastCheckpoint && lastCheckpoint.sequence > head.sequence) return lastCheckpoint.eventId;
  if (!next) return null;
  // Behind the head there may be events that were written in the meantime, but none behind the head as it is after reading them.
  const last = (await findLastEvent(context, organizationId)) ?? next;
  const present = await ledgerOf(context, organizationId).flush();
  if (last.sequence <= present.sequence) return null;
  return next.sequence > present.sequence ? next.eventId : last.eventId;
}

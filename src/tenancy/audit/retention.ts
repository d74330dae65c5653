/** The end of old events: the scheduled run removes them up to a checkpoint, behind which the chain then begins. */
import { ledgerOf } from "../../ledger/client.ts";
import { tierLimits } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { log } from "../../platform/log.ts";
import { dayMs } from "../../platform/time.ts";
import { type CheckpointKeys, checkpointKeys, isSigned } from "./checkpoints/signing.ts";
import {
  type Checkpoint,
  type ExpiredChain,
  findAnchor,
  findExpiredChains,
  findNextAnchor,
  removeThrough,
} from "./checkpoints/store.ts";
import { eventPages } from "./store.ts";
import { genesis, type Link, verifyChain } from "./verification.ts";

/** Chains in one run, which shares D1's thousand queries with others, and events in one step: no more lie between two checkpoints. */
const chainsAtMost = 25;
const eventsAtOnce = 10_000;

/** Whether the events are what was signed, and old enough. Evidence of a change must outlive its retention. */
async function isRemovable(
  context: Context,
  { cutoffMs }: ExpiredChain,
  start: Link,
  end: Checkpoint,
): Promise<boolean> {
  let newestMs = 0;
  async function* pages() {
    for await (const page of eventPages(context, end.organizationId, start.sequence, end.sequence)) {
      for (const { timestamp } of page) newestMs = Math.max(newestMs, timestamp);
      yield page;
    }
  }
  const { link, brokenAtEventId } = await verifyChain(end.organizationId, pages(), start);
  return brokenAtEventId === null && link.hash === end.hash && newestMs <= cutoffMs;
}

async function removeStep(context: Context, keys: CheckpointKeys, chain: ExpiredChain): Promise<void> {
  const { organizationId, cutoffMs } = chain;
  const anchor = await findAnchor(context, organizationId);
  const start = anchor.checkpoint ?? genesis;
  const trusted = { organizationId, distrustedKids: keys.distrustedKids };
  const end = await findNextAnchor(context, trusted, start.sequence, eventsAtOnce, cutoffMs);
  if (!end) return;
  if (!(await isSigned(keys, end)) || !(await isRemovable(context, chain, start, end))) {
    const message = "audit events are kept over their time, because they are not what was signed";
    log.error(context, message, { organizationId, sequence: end.sequence });
    return;
  }
  // The ledger first: from an anchor that it does not know of, verification does not start.
  await ledgerOf(context, organizationId).anchorAt(end.sequence);
  await removeThrough(context, end, start.sequence);
}

/**
 * Removes events whose retention is over, in some chains and at most 10,000 of each at a time. May be cut off at any point,
 * and run twice at once. A chain that fails does not hold up the others.
 */
export async function removeExpiredEvents(context: Context): Promise<void> {
  const nowMs = context.now();
  const cutoffs = Object.entries(tierLimits).map(([tier, { auditRetentionDays }]) => {
    return [tier, nowMs - auditRetentionDays * dayMs] as const;
  });
  const chains = await findExpiredChains(context, Object.fromEntries(cutoffs), chainsAtMost);
  if (chains.length === 0) return;
  const keys = await checkpointKeys(context);
  for (const chain of chains) {
    try {
      await removeStep(context, keys, chain);
    } catch (error) {
      log.error(context, "old audit events are left to the next run", { organizationId: chain.organizationId, error });
    }
  }
}

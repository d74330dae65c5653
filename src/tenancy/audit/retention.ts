/** Retention: a scheduled task removes old events up to a checkpoint. The chain then starts after that checkpoint. */
import { ledgerOf } from "../../ledger/client.ts";
import { tierLimits } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { log } from "../../platform/log.ts";
import { inBudget, type Run, type ScheduledPart } from "../../platform/scheduled.ts";
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
import { Gaps } from "./gaps.ts";
import { eventPages } from "./store.ts";
import { genesis, type Link, verifyChain } from "./verification.ts";

const maxChains = 100;
/** Events in one step. There are at most so many between two checkpoints. */
const maxEvents = 10_000;
/** The anchors, the pages of the events, and their removal. */
const queriesOfStep = 12;

/** Whether the events are the signed ones, and old enough. Evidence of a change must outlive its retention. */
async function isRemovable(
  context: Context,
  cutoffMs: number,
  start: Link,
  end: Checkpoint,
  gaps: Gaps,
): Promise<boolean> {
  let newestMs = 0;
  async function* pages() {
    for await (const page of eventPages(context, end.organizationId, start.sequence, end.sequence)) {
      for (const { timestamp } of page) newestMs = Math.max(newestMs, timestamp);
      yield page;
    }
  }
  const { link, fault } = await verifyChain(end.organizationId, pages(), start, gaps.continuesAfter);
  return fault === null && link.hash === end.hash && newestMs <= cutoffMs;
}

async function removeStep(context: Context, keys: CheckpointKeys, chain: ExpiredChain): Promise<void> {
  const { organizationId, cutoffMs } = chain;
  const anchor = await findAnchor(context, organizationId);
  const start = anchor.checkpoint ?? genesis;
  const trusted = { organizationId, distrustedKids: keys.distrustedKids };
  // Only the ledger knows which gaps are accepted. Few chains have one, and a call is a query of this run's budget.
  const accepted = anchor.gaps.length > 0 ? (await ledgerOf(context, organizationId).flush()).gaps : [];
  const end = await findNextAnchor(context, trusted, start.sequence, maxEvents, cutoffMs, accepted);
  if (!end) return;
  const gaps = new Gaps({ gaps: accepted });
  if (!(await isSigned(keys, end)) || !(await isRemovable(context, cutoffMs, start, end, gaps))) {
    const message = "expired audit events are kept, because they differ from the signed ones";
    log.error(context, message, { organizationId, sequence: end.sequence });
    return;
  }
  // The ledger first: a verification does not start at an anchor that the ledger does not know.
  await ledgerOf(context, organizationId).anchorAt(end.sequence);
  await removeThrough(context, end, start.sequence);
}

/**
 * Removes events whose retention has ended: in some chains, at most 10,000 of each. May be interrupted at any point, and may
 * run twice at once. A chain that fails does not delay the others.
 *
 * @returns the number of chains that wait for the next run
 */
async function removeExpired(context: Context, run: Run): Promise<number> {
  const nowMs = context.now();
  const cutoffs = Object.entries(tierLimits).map(([tier, { auditRetentionDays }]) => {
    return [tier, nowMs - auditRetentionDays * dayMs] as const;
  });
  const { chains, total } = await findExpiredChains(context, Object.fromEntries(cutoffs), maxChains);
  if (chains.length === 0) return 0;
  const keys = await checkpointKeys(context);
  let done = 0;
  await inBudget(run, { queriesEach: queriesOfStep, width: 1 }, chains, async (chain) => {
    try {
      await removeStep(context, keys, chain);
      done += 1;
    } catch (error) {
      const { organizationId } = chain;
      log.error(context, "expired audit events remain until the next run", { organizationId, error });
    }
  });
  return total - done;
}

export const removeExpiredEvents: ScheduledPart = { name: "retention", queries: 100, run: removeExpired };

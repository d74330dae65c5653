/** What the scheduled run does for the checkpoints: it signs what the ledgers say is due. */

import { ledgerOf } from "../../../ledger/client.ts";
import type { ChainHead } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import { inLanes } from "../../../platform/lanes.ts";
import { log } from "../../../platform/log.ts";
import { checkpointKey, checkpointKeys, signCheckpoint } from "./signing.ts";
import { type DueChain, findDueChains, type NextCheckpoint, saveCheckpoints, saveNextCheckpoints } from "./store.ts";

/** Organizations in one run, two calls each; those that are left come with the next, the longest overdue first. */
const chainsAtMost = 300;
const chainsAtOnce = 10;

interface Due {
  readonly chain: DueChain;
  readonly places: readonly ChainHead[];
}

/** Does the work for each chain, a few at a time. A ledger that does not answer is left for the next run. */
async function each<In, Out>(context: Context, items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const outcomes = await inLanes(chainsAtOnce, items, async (item): Promise<Out[]> => {
    try {
      return [await work(item)];
    } catch (error) {
      log.error(context, "a checkpoint is put off to the next run", { error });
      return [];
    }
  });
  return outcomes.flat();
}

/**
 * Signs what is due. May be cut off at any point, and run twice at once: the ledger goes on calling a place due until it
 * is told that the checkpoint is in D1, and a checkpoint that is there is not written again.
 */
export async function makeDueCheckpoints(context: Context): Promise<void> {
  const { distrustedKids } = await checkpointKeys(context);
  const chains = await findDueChains(context, distrustedKids, context.now(), chainsAtMost);
  if (chains.length === 0) return;
  const due = await each(context, chains, async (chain): Promise<Due> => {
    return { chain, places: await ledgerOf(context, chain.organizationId).dueCheckpoints(chain.isDistrusted) };
  });
  const key = await checkpointKey(context);
  const nowMs = context.now();
  const checkpoints = await Promise.all(
    due.flatMap(({ chain, places }) => places.map((place) => signCheckpoint(key, chain.organizationId, place, nowMs))),
  );
  if (checkpoints.length > 0) await saveCheckpoints(context, checkpoints, distrustedKids);
  const next = await each(context, due, async ({ chain, places }): Promise<NextCheckpoint> => {
    const { organizationId, sequence } = chain;
    const signed = places.at(-1)?.sequence ?? 0;
    return { organizationId, sequence, dueAtMs: await ledgerOf(context, organizationId).noteCheckpoint(signed) };
  });
  await saveNextCheckpoints(context, next);
}

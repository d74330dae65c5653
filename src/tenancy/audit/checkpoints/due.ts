/** The scheduled task that signs the checkpoints that are due. */
import { currentSigningKey } from "../../../keys/service.ts";
import { ledgerOf } from "../../../ledger/client.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { inLanes } from "../../../platform/lanes.ts";
import { log } from "../../../platform/log.ts";
import type { ScheduledPart } from "../../../platform/scheduled.ts";
import { checkpointKeys, signCheckpoint } from "./signing.ts";
import { type DueChain, findDueChains, type NextCheckpoint, saveCheckpoints, saveNextCheckpoints } from "./store.ts";

/** Chains in one run, with two calls to the ledger of each. */
const maxChains = 300;
const chainsAtOnce = 10;

/** Does the work for each chain, some concurrently. A chain whose ledger does not answer waits for the next run. */
async function forEachChain<In, Out>(
  context: Context,
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const outcomes = await inLanes(chainsAtOnce, items, async (item): Promise<Out[]> => {
    try {
      return [await work(item)];
    } catch (error) {
      log.error(context, "a checkpoint waits for the next run", { error });
      return [];
    }
  });
  return outcomes.flat();
}

/** @returns the number of chains that are done */
async function signChains(
  context: Context,
  chains: readonly DueChain[],
  distrustedKids: readonly string[],
): Promise<number> {
  const due = await forEachChain(context, chains, async (chain) => {
    return { chain, positions: await ledgerOf(context, chain.organizationId).dueCheckpoints(chain.isDistrusted) };
  });
  const key = await currentSigningKey(context, "ES256");
  const nowMs = context.now();
  const checkpoints = await Promise.all(
    due.flatMap(({ chain, positions }) =>
      positions.map((one) => signCheckpoint(key, chain.organizationId, one, nowMs)),
    ),
  );
  if (checkpoints.length > 0) await saveCheckpoints(context, checkpoints, distrustedKids);
  const next = await forEachChain(context, due, async ({ chain, positions }): Promise<NextCheckpoint> => {
    const { organizationId, sequence } = chain;
    const signed = positions.at(-1)?.sequence ?? 0;
    return { organizationId, sequence, dueAtMs: await ledgerOf(context, organizationId).noteCheckpoint(signed) };
  });
  await saveNextCheckpoints(context, next);
  return next.length;
}

/**
 * Signs what is due. May be interrupted at any point, and may run twice at once: a position stays due until the ledger knows
 * that its checkpoint is in D1, and an existing checkpoint is not written again.
 *
 * @returns the number of due chains that wait for the next run
 */
async function makeCheckpoints(context: Context): Promise<number> {
  const { distrustedKids } = await checkpointKeys(context);
  const { chains, total } = await findDueChains(context, distrustedKids, context.now(), maxChains);
  return chains.length === 0 ? 0 : total - (await signChains(context, chains, distrustedKids));
}

export const makeDueCheckpoints: ScheduledPart = { name: "checkpoints", queries: 20, run: makeCheckpoints };

/**
 * Signs what is due of one chain whose events are in D1 up to a sequence. The scheduled run makes up for a failure.
 *
 * @param renew signs the end of the chain even when it is not due
 */
export async function makeCheckpointsOf(
  context: Context,
  organizationId: OrganizationId,
  sequence: number,
  renew = false,
): Promise<void> {
  const { distrustedKids } = await checkpointKeys(context);
  await signChains(context, [{ organizationId, sequence, isDistrusted: renew }], distrustedKids);
}

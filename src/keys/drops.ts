/**
 * Drops a compromised key: every organization's ledger must refuse its signatures. The mark in D1 comes first: the key is not
 * loaded or published any more, and the scheduled run continues an interrupted drop. The last ledger retires the key.
 */
import { ledgerOf } from "../ledger/client.ts";
import type { Context } from "../platform/context.ts";
import { organizationsAfter, organizationsCreatedSince, someOrganizationsAfter } from "../platform/db/organizations.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { inLanes } from "../platform/lanes.ts";
import { clockSkewMs } from "../platform/lifetimes.ts";
import { log } from "../platform/log.ts";
import { minuteMs } from "../platform/time.ts";
import { finishedDropsSince, retireDropped, saveDropProgress, unfinishedDrops } from "./store.ts";

/** An invocation may make 1,000 subrequests: these; the rest is for D1, KV and the relay. */
const ledgerCallsAtMost = 600;
const newLedgerCallsAtMost = 200;
const pageSize = 100;
const ledgersAtOnce = 20;

/** Longer than an isolate uses keys from memory, see `cache.ts`. */
const settlingMs = 15 * minuteMs;

async function dropOnLedger(
  context: Context,
  organizationId: OrganizationId,
  kids: readonly string[],
): Promise<boolean> {
  try {
    for (const kid of kids) await ledgerOf(context, organizationId).dropSigningKey(kid);
    return true;
  } catch (error) {
    log.error(context, "a ledger did not drop a compromised key; the next run tries again", {
      organizationId,
      kids,
      error,
    });
    return false;
  }
}

/** Whether all of the ledgers have dropped the keys. */
async function dropOnLedgers(context: Context, organizations: readonly OrganizationId[], kids: readonly string[]) {
  const dropped = await inLanes(ledgersAtOnce, organizations, (id) => dropOnLedger(context, id, kids));
  return dropped.every(Boolean);
}

/** The organization after which all of these drops can continue; null for the first. */
function earliest(places: readonly (OrganizationId | null)[]): OrganizationId | null {
  return places.reduce((first, place) => (first === null || place === null || first < place ? first : place));
}

/**
 * Continues every unfinished drop, within the limits of one invocation.
 *
 * @returns whether all drops are finished; otherwise the next call continues, and repeats ledgers that did not answer
 */
export async function finishDrops(context: Context): Promise<boolean> {
  const drops = await unfinishedDrops(context);
  if (drops.length === 0) return true;
  const kids = drops.map(({ id }) => id);
  let through = earliest(drops.map(({ droppedThrough }) => droppedThrough));
  for (let left = Math.floor(ledgerCallsAtMost / kids.length); left > 0; left -= pageSize) {
    const limit = Math.min(left, pageSize);
    const page = await organizationsAfter(context, through, limit);
    const dropped = await dropOnLedgers(context, page, kids);
    through = page.at(-1) ?? through;
    if (!dropped) {
      // The next run starts with this page again. Until its ledgers answer, the others are served in random order.
      if (page.length === limit && left > limit) {
        await dropOnLedgers(context, await someOrganizationsAfter(context, through, left - limit), kids);
      }
      return false;
    }
    if (page.length < limit) {
      await retireDropped(context, kids, context.now());
      return true;
    }
    if (through !== null) await saveDropProgress(context, kids, through);
  }
  return false;
}

/** How many keys a ledger may still accept because their drop is not finished. */
export const countUnfinishedDrops = async (context: Context): Promise<number> =>
  (await unfinishedDrops(context)).length;

/** Whether a drop began within the last 15 minutes and is not finished. */
export async function isDropUnderWay(context: Context): Promise<boolean> {
  const drops = await unfinishedDrops(context);
  return drops.some(({ compromisedAt }) => (compromisedAt ?? 0) > context.now() - settlingMs);
}

/**
 * Drops keys on the ledgers of organizations that were created during a drop: an attacker with the key could sign tokens for
 * them while an isolate still has the key in memory.
 */
export async function dropOnNewOrganizations(context: Context): Promise<void> {
  const drops = await finishedDropsSince(context, context.now() - settlingMs);
  if (drops.length === 0) return;
  const kids = drops.map(({ id }) => id);
  const sinceMs = Math.min(...drops.map(({ compromisedAt }) => compromisedAt ?? context.now())) - clockSkewMs;
  const limit = Math.floor(newLedgerCallsAtMost / kids.length);
  await dropOnLedgers(context, await organizationsCreatedSince(context, sinceMs, limit), kids);
}

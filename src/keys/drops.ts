/**
 * Dropping a compromised key: every organization's ledger must refuse what it signed.
 *
 * The mark in D1 comes first and is the promise: from then on nobody loads or publishes the key, and the scheduled run
 * goes on with the drop however often it is cut off. The key is retired when the last ledger knows.
 */
import { ledgerOf } from "../ledger/client.ts";
import type { Context } from "../platform/context.ts";
import { organizationsAfter, organizationsCreatedSince } from "../platform/db/organizations.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { inLanes } from "../platform/lanes.ts";
import { clockSkewMs } from "../platform/lifetimes.ts";
import { log } from "../platform/log.ts";
import { minuteMs } from "../platform/time.ts";
import { finishedDropsSince, retireDropped, saveDropProgress, unfinishedDrops } from "./store.ts";

/** An invocation may make 1,000 subrequests: these, and those for young organizations; the rest is for D1, KV and the relay. */
const ledgerCallsAtMost = 600;
const callsToYoungAtMost = 200;
const pageSize = 100;
const ledgersAtOnce = 20;

/** Longer than any isolate trusts its memory, see `cache.ts`. */
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
    const message = "a ledger could not be told of a compromised key; the next run tells it again";
    log.error(context, message, { organizationId, kids, error });
    return false;
  }
}

/** Tells many ledgers, a few at a time; whether all of them know now. */
async function dropOnLedgers(context: Context, organizations: readonly OrganizationId[], kids: readonly string[]) {
  const told = await inLanes(ledgersAtOnce, organizations, (id) => dropOnLedger(context, id, kids));
  return told.every(Boolean);
}

/** The place from which all of these drops can go on; null is the beginning. */
function earliest(places: readonly (OrganizationId | null)[]): OrganizationId | null {
  return places.reduce((first, place) => (first === null || place === null || first < place ? first : place));
}

/**
 * Goes on with every unfinished drop, as far as one invocation may.
 *
 * @returns whether nothing is left to do; otherwise the next call goes on where this one ended. A ledger that does not
 *   answer is passed by and told again
 */
export async function finishDrops(context: Context): Promise<boolean> {
  const drops = await unfinishedDrops(context);
  if (drops.length === 0) return true;
  const kids = drops.map(({ id }) => id);
  let through = earliest(drops.map(({ droppedThrough }) => droppedThrough));
  let complete = true;
  for (let left = Math.floor(ledgerCallsAtMost / kids.length); left > 0; left -= pageSize) {
    const limit = Math.min(left, pageSize);
    const page = await organizationsAfter(context, through, limit);
    const told = await dropOnLedgers(context, page, kids);
    complete &&= told;
    through = page.at(-1) ?? through;
    if (page.length < limit) {
      if (complete) await retireDropped(context, kids, context.now());
      return complete;
    }
    if (complete && through !== null) await saveDropProgress(context, kids, through);
  }
  return false;
}

/** Whether a drop was declared within the last minutes and is not finished. */
export async function isDropUnderWay(context: Context): Promise<boolean> {
  const drops = await unfinishedDrops(context);
  return drops.some(({ compromisedAt }) => (compromisedAt ?? 0) > context.now() - settlingMs);
}

/**
 * Tells the ledgers of organizations that were made while a drop went on. They have no tokens of the key, but whoever
 * stole it could make some, and an isolate may trust it for a few minutes more.
 */
export async function dropOnNewOrganizations(context: Context): Promise<void> {
  const drops = await finishedDropsSince(context, context.now() - settlingMs);
  if (drops.length === 0) return;
  const kids = drops.map(({ id }) => id);
  const sinceMs = Math.min(...drops.map(({ compromisedAt }) => compromisedAt ?? context.now())) - clockSkewMs;
  const limit = Math.floor(callsToYoungAtMost / kids.length);
  await dropOnLedgers(context, await organizationsCreatedSince(context, sinceMs, limit), kids);
}

/** What the scheduled run does for the keys, every minute. */

import type { Context } from "../platform/context.ts";
import { longestActiveMs } from "../platform/lifetimes.ts";
import { log } from "../platform/log.ts";
import { dayMs } from "../platform/time.ts";
import { dropOnNewOrganizations, finishDrops } from "./drops.ts";
import { publishKeySet } from "./jwks.ts";
import { ensureSigningKeys, rowsWithWorkingKeys } from "./provision.ts";
import { resealPrivateKeys } from "./resealing.ts";
import { rotate } from "./rotation.ts";
import { retireReplacedBefore } from "./store.ts";

const rotationIntervalMs = 30 * dayMs;

async function rotateWhenDue(context: Context): Promise<void> {
  const rows = await rowsWithWorkingKeys(context, ["current", "next"]);
  const dueAtMs = context.now() - rotationIntervalMs;
  const isDue = rows.some((row) => row.state === "current" && (row.activatedAt ?? row.createdAt) <= dueAtMs);
  if (isDue) await rotate(context, null, { compromised: false });
}

async function retireReplaced(context: Context): Promise<void> {
  const nowMs = context.now();
  await retireReplacedBefore(context, nowMs - longestActiveMs, nowMs);
}

const duties = [
  ensureSigningKeys,
  finishDrops,
  dropOnNewOrganizations,
  retireReplaced,
  rotateWhenDue,
  resealPrivateKeys,
  publishKeySet,
] as const;

/**
 * Makes missing keys, goes on with drops of compromised keys, retires keys whose last token has expired, rotates keys that
 * are 30 days old, seals private parts with the first key-encryption key, and mends the key set in KV. Each may be cut off
 * at any point, and one that fails does not keep the others from being done.
 *
 * @throws {AggregateError} at the end, with what failed
 */
export async function maintainSigningKeys(context: Context): Promise<void> {
  const failures: unknown[] = [];
  for (const duty of duties) {
    try {
      await duty(context);
    } catch (error) {
      log.error(context, "maintenance of the signing keys", { duty: duty.name, error });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The maintenance of the signing keys is incomplete");
}

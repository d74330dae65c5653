/** The scheduled task of the keys, every minute. */
import type { Context } from "../platform/context.ts";
import { longestActiveMs } from "../platform/lifetimes.ts";
import { log } from "../platform/log.ts";
import type { ScheduledPart } from "../platform/scheduled.ts";
import { dayMs } from "../platform/time.ts";
import { countUnfinishedDrops, dropOnNewOrganizations, finishDrops } from "./drops.ts";
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

const parts = [
  ensureSigningKeys,
  finishDrops,
  dropOnNewOrganizations,
  retireReplaced,
  rotateWhenDue,
  resealPrivateKeys,
  publishKeySet,
] as const;

/**
 * Creates missing keys, continues drops of compromised keys, retires keys whose last token has expired, rotates keys that are
 * 30 days old, seals private parts with the first key-encryption key, and repairs the key set in KV. Each part can be
 * interrupted at any point, and the failure of one does not stop the others.
 *
 * @throws {AggregateError} at the end, with the errors of the parts
 */
export async function maintainSigningKeys(context: Context): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      await part(context);
    } catch (error) {
      log.error(context, "maintenance of the signing keys", { part: part.name, error });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The maintenance of the signing keys is incomplete");
}

export const maintenance: ScheduledPart = {
  name: "signing_keys",
  queries: 50,
  async run(context) {
    await maintainSigningKeys(context);
    return countUnfinishedDrops(context);
  },
};

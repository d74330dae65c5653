/** The last measurements in KV, so that pages that show the controls do not query D1. */
import type { Context } from "../../platform/context.ts";
import { orNull } from "../../platform/kv.ts";
import { minuteMs } from "../../platform/time.ts";
import { staleAfterMs } from "./catalogue.ts";
import { type Measurement, snapshotSchema } from "./schema.ts";

const cacheKey = "controls";
/** How long a location caches the value; the minimum of KV. */
const readAgainAfterSeconds = 30;
/** How often it is written while only the times change. */
const refreshAfterMs = 2 * minuteMs - 5_000;

/** The measurements in KV; null without valid ones, or when KV does not answer. */
export async function readSnapshot(context: Context): Promise<readonly Measurement[] | null> {
  const kept = await orNull(
    context,
    "controls",
    context.env.CACHE.get(cacheKey, { type: "json", cacheTtl: readAgainAfterSeconds }),
  );
  return snapshotSchema.safeParse(kept).data ?? null;
}

function isFresh(kept: readonly Measurement[], present: readonly Measurement[]): boolean {
  const earlier = new Map(kept.map((measurement) => [measurement.id, measurement]));
  return present.every(({ id, status, evidence, checkedAt }) => {
    const before = earlier.get(id);
    const ageMs = checkedAt - (before?.checkedAt ?? 0);
    return before?.status === status && before.evidence === evidence && ageMs >= 0 && ageMs < refreshAfterMs;
  });
}

/** Writes the measurements to KV, unless nearly the same are there. They expire when they are stale. */
export async function writeSnapshot(context: Context, present: readonly Measurement[]): Promise<void> {
  const kept = await readSnapshot(context);
  if (kept && isFresh(kept, present)) return;
  const measurements = present.map(({ id, status, evidence, checkedAt, lastCheckedAt }) => {
    return { id, status, evidence, checkedAt, lastCheckedAt };
  });
  const expirationTtl = staleAfterMs / 1000;
  await orNull(context, "controls", context.env.CACHE.put(cacheKey, JSON.stringify(measurements), { expirationTtl }));
}

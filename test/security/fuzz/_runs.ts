/**
 * How much is tried, and from which seed. `FUZZ_RUNS` raises the number of runs of every property, `FUZZ_SEED` repeats a
 * run that failed.
 *
 * @example
 * ```sh
 * FUZZ_RUNS=500 npx vitest run --project node test/security/fuzz
 * FUZZ_SEED=1712345678 npx vitest run --project node test/security/fuzz/bodies.node.test.ts
 * ```
 */
import fc from "fast-check";

const given = Number(process.env.FUZZ_SEED);
export const seed = Number.isSafeInteger(given) && process.env.FUZZ_SEED ? given : Date.now() & 0x7fffffff;

/** How many runs a property gets by itself; `FUZZ_RUNS` replaces it for all. */
export const runs = (usual: number) => Number(process.env.FUZZ_RUNS) || usual;

/** A request of 1 MB is told by its beginning. */
const longestReport = 6_000;

/** Fails with the seed and the smallest counterexample, cut to what a person reads. */
export async function holds<Values>(property: fc.IAsyncProperty<Values>, usualRuns: number): Promise<void> {
  // A slow machine tries less; it does not fail.
  const details = await fc.check(property, { seed, numRuns: runs(usualRuns), interruptAfterTimeLimit: 100_000 });
  if (!details.failed || (details.interrupted && details.counterexample === null)) return;
  throw new Error((fc.defaultReportMessage(details) ?? "failed").slice(0, longestReport), {
    cause: details.errorInstance,
  });
}

console.info(`fuzz: FUZZ_SEED=${seed}`);

/** Creates the first keys, and any that are missing. */
import type { Context } from "../platform/context.ts";
import { newSealedKeyPair } from "./key-pairs.ts";
import { type SigningAlg, signingAlgSchema } from "./schema.ts";
import { insertMissingKeys, publishedRows, rowOf, type SigningKeyRow } from "./store.ts";

type Working = "current" | "next";

const has = (rows: readonly SigningKeyRow[], alg: SigningAlg, state: Working) =>
  rows.some((row) => row.alg === alg && row.state === state);

/**
 * Creates the missing current and next keys. Concurrent calls are safe: the unique indexes accept one key of each algorithm and
 * state, and the others are discarded.
 */
export async function ensureSigningKeys(context: Context): Promise<void> {
  await rowsWithWorkingKeys(context, ["current", "next"]);
}

/** The published keys. Creates missing ones first, when a key of one of the states is missing. */
export async function rowsWithWorkingKeys(context: Context, states: readonly Working[]): Promise<SigningKeyRow[]> {
  const rows = await publishedRows(context);
  const isComplete = states.every((state) => signingAlgSchema.options.every((alg) => has(rows, alg, state)));
  if (isComplete) return rows;
  const missing = (["current", "next"] as const).flatMap((state) =>
    signingAlgSchema.options.filter((alg) => !has(rows, alg, state)).map((alg) => ({ alg, state })),
  );
  const nowMs = context.now();
  const fresh = await Promise.all(
    missing.map(async ({ alg, state }) => rowOf(await newSealedKeyPair(context, alg), state, nowMs)),
  );
  await insertMissingKeys(context, fresh);
  return publishedRows(context);
}

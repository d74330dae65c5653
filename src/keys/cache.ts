/** The signing keys in memory: one query serves all requests of an isolate for minutes. */
import type { Context } from "../platform/context.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { clockSkewMs } from "../platform/lifetimes.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import { hourMs, minuteMs, pause } from "../platform/time.ts";
import { importPublicKey, openPrivateKey, type SigningKey } from "./key-pairs.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { publishedJwkSchema, type SigningAlg } from "./schema.ts";

/** From this age on, keys are read again in the background. */
const refreshAfterMs = 2 * minuteMs;
/** From this age on, a request waits for fresh keys. It bounds how long a replaced key may go on signing. */
const staleAfterMs = clockSkewMs;
/** When the database is down, keys up to this age serve on: the ledgers refuse dropped ones by themselves. */
const lastResortMs = hourMs;
/** How long a request waits for a load that another request started. */
const patienceMs = 1000;
/** Unknown key ids cost at most one query in this time. */
const reloadIntervalMs = 1000;

/** Our key ids are thumbprints; anything else is refused before a look-up. */
const kidForm = /^[A-Za-z0-9_-]{1,64}$/;

/** A key that can verify. `alg` is that of our record and never that of a token. */
export interface VerificationKey {
  readonly key: CryptoKey;
  readonly alg: SigningAlg;
}

interface Keys {
  /** Counts the loads of an isolate: a load with a higher number began later. */
  readonly load: number;
  readonly readAtMs: number;
  readonly verifying: ReadonlyMap<string, VerificationKey>;
  readonly signing: ReadonlyMap<SigningAlg, SigningKey>;
  /** Why the current key of an algorithm cannot sign. Verification goes on without it. */
  readonly unusable: ReadonlyMap<SigningAlg, unknown>;
}

/** By database, so that nothing of one environment is ever used in another. */
const caches = new WeakMap<D1Database, SingleFlight<Keys>>();

function loadsOf({ env }: Context): SingleFlight<Keys> {
  const loads = caches.get(env.DB) ?? new SingleFlight<Keys>(patienceMs);
  caches.set(env.DB, loads);
  return loads;
}

/** A clock that was set back makes keys old, not young for ever. */
function isYoungerThan(context: Context, keys: Keys, limitMs: number): boolean {
  const ageMs = context.now() - keys.readAtMs;
  return ageMs >= 0 && ageMs < limitMs;
}

/** Reads the keys. Those that are known already are not imported again: a `kid` is the hash of its key. */
async function read(context: Context, load: number): Promise<Keys> {
  const readAtMs = context.now();
  const known = loadsOf(context).found?.value;
  const rows = await rowsWithWorkingKeys(context, ["current"]);
  const verifying = new Map<string, VerificationKey>();
  const signing = new Map<SigningAlg, SigningKey>();
  const unusable = new Map<SigningAlg, unknown>();
  await Promise.all(
    rows.map(async (row) => {
      const { id: kid, alg } = row;
      const jwk = publishedJwkSchema.parse(row.publicJwk);
      verifying.set(kid, known?.verifying.get(kid) ?? { key: await importPublicKey(jwk), alg });
      if (row.state !== "current") return;
      try {
        const same = known?.signing.get(alg);
        signing.set(alg, same?.kid === kid ? same : await openPrivateKey(context, { ...row, kid }));
      } catch (error) {
        unusable.set(alg, error);
      }
    }),
  );
  return { load, readAtMs, verifying, signing, unusable };
}

async function keysOf(context: Context): Promise<Keys> {
  const loads = loadsOf(context);
  const load = (number: number) => read(context, number);
  const keys = loads.found?.value;
  if (!keys) return loads.after(load);
  if (isYoungerThan(context, keys, staleAfterMs)) {
    if (!loads.isRunning && !isYoungerThan(context, keys, refreshAfterMs)) {
      context.defer(loads.start(load).catch(() => null));
    }
    return keys;
  }
  try {
    return await loads.after(load, keys.load);
  } catch (error) {
    if (isYoungerThan(context, keys, lastResortMs)) return keys;
    throw error;
  }
}

/**
 * The key to sign with.
 *
 * @throws {DependencyDown} when its private part cannot be opened with the present `KEY_ENCRYPTION_KEYS`
 *
 * @example
 * ```ts
 * const { kid, key } = await currentSigningKey(context, "ES256");
 * ```
 */
export async function currentSigningKey(context: Context, alg: SigningAlg): Promise<SigningKey> {
  const keys = await keysOf(context);
  const signing = keys.signing.get(alg);
  if (signing) return signing;
  throw keys.unusable.get(alg) ?? new DependencyDown("The store of signing keys", new Error(`no current ${alg} key`));
}

/**
 * The published key with this id: next, current or previous, and never one that was compromised.
 *
 * An unknown id leads to a new look at the database. A flood of them shares one look a second; each waits for a look that
 * began after it came, so a key that was made a moment ago is never refused.
 *
 * @returns null when there is no such key
 */
export async function verificationKey(context: Context, kid: string): Promise<VerificationKey | null> {
  if (!kidForm.test(kid)) return null;
  const loads = loadsOf(context);
  const newestLoad = loads.begun;
  const keys = await keysOf(context);
  const known = keys.verifying.get(kid);
  if (known) return known;
  if (keys.load > newestLoad) return null;
  if (loads.idleMs < reloadIntervalMs) await pause(reloadIntervalMs - loads.idleMs);
  const fresh = await loads.after((number) => read(context, number), newestLoad);
  return fresh.verifying.get(kid) ?? null;
}

/**
 * Forgets the keys, so that the next call reads them anew: a ledger has said that one of them was dropped.
 *
 * @param droppedKid the key that it said; when it is not in memory any more there is nothing to forget, so that of a
 *   thousand requests that learn of it at the same time only the first causes a query
 */
export function forgetSigningKeys(context: Context, droppedKid?: string): void {
  const loads = loadsOf(context);
  if (droppedKid !== undefined && loads.found && !loads.found.value.verifying.has(droppedKid)) return;
  loads.forget();
}

/** The signing keys in memory: one query serves all requests of an isolate for minutes. */
import type { Context } from "../platform/context.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { clockSkewMs } from "../platform/lifetimes.ts";
import { importPublicKey, openPrivateKey, type SigningKey } from "./key-pairs.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { publishedJwkSchema, type SigningAlg } from "./schema.ts";

/** From this age on, keys are read again in the background. */
const refreshAfterMs = 2 * 60_000;
/** From this age on, a request waits for fresh keys. It bounds how long a replaced key may go on signing. */
const staleAfterMs = clockSkewMs;
/** When the database is down, keys up to this age serve on: the ledgers refuse dropped ones by themselves. */
const lastResortMs = 60 * 60_000;
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

interface Loading {
  readonly load: number;
  readonly done: Promise<Keys>;
}

interface Cache {
  keys: Keys | null;
  loading: Loading | null;
  /** The number of the latest load. */
  loads: number;
  lastLoadAtMs: number;
  /** What loads up to this number find is out of date. */
  forgotten: number;
}

/** By database, so that nothing of one environment is ever used in another. */
const caches = new WeakMap<D1Database, Cache>();

function cacheOf({ env }: Context): Cache {
  const known = caches.get(env.DB);
  if (known) return known;
  const empty = { keys: null, loading: null, loads: 0, lastLoadAtMs: Number.NEGATIVE_INFINITY, forgotten: 0 };
  caches.set(env.DB, empty);
  return empty;
}

/** A clock that was set back makes keys old, not young for ever. */
function isYoungerThan(context: Context, keys: Keys, limitMs: number): boolean {
  const ageMs = context.now() - keys.readAtMs;
  return ageMs >= 0 && ageMs < limitMs;
}

/** Reads the keys. Those that are known already are not imported again: a `kid` is the hash of its key. */
async function read(context: Context, load: number, known: Keys | null): Promise<Keys> {
  const readAtMs = context.now();
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

/** Starts a load and lets others join it. The cache keeps what the latest load found, in whatever order they end. */
function startLoad(context: Context, cache: Cache): Promise<Keys> {
  const load = ++cache.loads;
  cache.lastLoadAtMs = context.now();
  const done = read(context, load, cache.keys).then((keys) => {
    if (load > Math.max(cache.forgotten, cache.keys?.load ?? 0)) cache.keys = keys;
    return keys;
  });
  const loading = { load, done };
  cache.loading = loading;
  const ended = () => {
    if (cache.loading === loading) cache.loading = null;
  };
  done.then(ended, ended);
  return done;
}

const pause = (ms: number) => new Promise<null>((resolve) => setTimeout(() => resolve(null), ms));

/** How often a request joins loads of others before it starts its own. */
const joinsAtMost = 3;

/**
 * Keys of a load that began after the load with the number `after`.
 *
 * A load belongs to the request that started it: when that request is cancelled, workerd drops its I/O and the promise
 * never settles. So nobody waits long for somebody else's load; who has waited in vain looks again, and then loads.
 */
async function loadedAfter(context: Context, cache: Cache, after: number): Promise<Keys> {
  for (let joins = 0; joins < joinsAtMost; joins++) {
    if (cache.keys && cache.keys.load > after) return cache.keys;
    const { loading } = cache;
    if (!loading || loading.load <= after || context.now() - cache.lastLoadAtMs > patienceMs) break;
    const keys = await Promise.race([loading.done.catch(() => null), pause(patienceMs)]);
    if (keys) return keys;
  }
  return startLoad(context, cache);
}

async function keysOf(context: Context): Promise<Keys> {
  const cache = cacheOf(context);
  const { keys } = cache;
  if (!keys) return loadedAfter(context, cache, cache.forgotten);
  if (isYoungerThan(context, keys, staleAfterMs)) {
    if (!cache.loading && !isYoungerThan(context, keys, refreshAfterMs)) {
      context.defer(startLoad(context, cache).catch(() => null));
    }
    return keys;
  }
  try {
    return await loadedAfter(context, cache, keys.load);
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
  const cache = cacheOf(context);
  const newestLoad = cache.loads;
  const keys = await keysOf(context);
  const known = keys.verifying.get(kid);
  if (known) return known;
  if (keys.load > newestLoad) return null;
  const sinceLastLoadMs = context.now() - cache.lastLoadAtMs;
  if (sinceLastLoadMs < reloadIntervalMs) await pause(Math.min(reloadIntervalMs - sinceLastLoadMs, reloadIntervalMs));
  const fresh = await loadedAfter(context, cache, newestLoad);
  return fresh.verifying.get(kid) ?? null;
}

/**
 * Forgets the keys, so that the next call reads them anew: a ledger has said that one of them was dropped.
 *
 * @param droppedKid the key that it said; when it is not in memory any more there is nothing to forget, so that of a
 *   thousand requests that learn of it at the same time only the first causes a query
 */
export function forgetSigningKeys(context: Context, droppedKid?: string): void {
  const cache = cacheOf(context);
  if (droppedKid !== undefined && cache.keys && !cache.keys.verifying.has(droppedKid)) return;
  cache.keys = null;
  cache.forgotten = cache.loads;
}

/** The signing keys in memory: an isolate queries them every few minutes. */
import type { Context } from "../platform/context.ts";
import { withoutBudget } from "../platform/db/query-budget.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { clockSkewMs } from "../platform/lifetimes.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import { hourMs, isYounger, minuteMs, pause } from "../platform/time.ts";
import { importPublicKey, openPrivateKey, type SigningKey } from "./key-pairs.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { publishedJwkSchema, type SigningAlg } from "./schema.ts";

/** Older keys are read again in the background. */
const refreshAfterMs = 2 * minuteMs;
/** With older keys, a request waits for a read. This limits how long a replaced key can sign. */
const staleAfterMs = clockSkewMs;
/** The oldest keys in use while the database is down. The ledgers refuse dropped keys on their own. */
const lastResortMs = hourMs;
/** How long a request waits for the read of another request. */
const patienceMs = 1000;
/** Unknown key ids cause at most one query in this time. */
const reloadIntervalMs = 1000;

/** Our key ids are thumbprints; any other id is refused before a query. */
const kidForm = /^[A-Za-z0-9_-]{1,64}$/;

/** `alg` is from our record of the key, never from a token. */
export interface VerificationKey {
  readonly key: CryptoKey;
  readonly alg: SigningAlg;
}

interface Keys {
  /** The number of the load that read them; a later load has a higher number. */
  readonly load: number;
  readonly readAtMs: number;
  readonly verifying: ReadonlyMap<string, VerificationKey>;
  readonly signing: ReadonlyMap<SigningAlg, SigningKey>;
  /** Why the current key of an algorithm cannot be opened. It can still verify. */
  readonly unusable: ReadonlyMap<SigningAlg, unknown>;
}

/** By database, so that two environments never share keys. */
const caches = new WeakMap<D1Database, SingleFlight<Keys>>();

function loadsOf({ env }: Context): SingleFlight<Keys> {
  const database = withoutBudget(env.DB);
  const loads = caches.get(database) ?? new SingleFlight<Keys>(patienceMs);
  caches.set(database, loads);
  return loads;
}

const isYoungerThan = (context: Context, { readAtMs }: Keys, limitMs: number): boolean =>
  isYounger(readAtMs, limitMs, context.now());

/** Reads the keys. Keys in memory are not imported again: a `kid` is the hash of its key. */
async function read(context: Context, load: number): Promise<Keys> {
  const readAtMs = context.now();
  const present = loadsOf(context).found?.value;
  const rows = await rowsWithWorkingKeys(context, ["current"]);
  const verifying = new Map<string, VerificationKey>();
  const signing = new Map<SigningAlg, SigningKey>();
  const unusable = new Map<SigningAlg, unknown>();
  await Promise.all(
    rows.map(async (row) => {
      const { id: kid, alg } = row;
      const jwk = publishedJwkSchema.parse(row.publicJwk);
      verifying.set(kid, present?.verifying.get(kid) ?? { key: await importPublicKey(jwk), alg });
      if (row.state !== "current") return;
      try {
        const same = present?.signing.get(alg);
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
 * The key that signs.
 *
 * @throws {DependencyDown} when no key of `KEY_ENCRYPTION_KEYS` opens its private part
 */
export async function currentSigningKey(context: Context, alg: SigningAlg): Promise<SigningKey> {
  const keys = await keysOf(context);
  const signing = keys.signing.get(alg);
  if (signing) return signing;
  throw keys.unusable.get(alg) ?? new DependencyDown("The store of signing keys", new Error(`no current ${alg} key`));
}

/**
 * The published key with this id, null without one. A compromised key is not published.
 *
 * An unknown id causes a read, at most one a second. Each request waits for a read that began after the request, so that a new
 * key is never refused.
 */
export async function verificationKey(context: Context, kid: string): Promise<VerificationKey | null> {
  if (!kidForm.test(kid)) return null;
  const loads = loadsOf(context);
  const newestLoad = loads.begun;
  const keys = await keysOf(context);
  const found = keys.verifying.get(kid);
  if (found) return found;
  if (keys.load > newestLoad) return null;
  if (loads.idleMs < reloadIntervalMs) await pause(reloadIntervalMs - loads.idleMs);
  const fresh = await loads.after((number) => read(context, number), newestLoad);
  return fresh.verifying.get(kid) ?? null;
}

/**
 * Forgets the keys, so that the next call reads them again.
 *
 * @param droppedKid a key that a ledger has refused as dropped. Without it in memory nothing is forgotten, so that of a thousand
 *   concurrent refusals only the first causes a read
 */
export function forgetSigningKeys(context: Context, droppedKid?: string): void {
  const loads = loadsOf(context);
  if (droppedKid !== undefined && loads.found && !loads.found.value.verifying.has(droppedKid)) return;
  loads.forget();
}

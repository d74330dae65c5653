/**
 * The keys of other issuers, cached: in the isolate, and in KV for all isolates.
 *
 * Fresh keys are used without asking. They stay fresh for `REMOTE_JWKS_TTL_SECONDS` (an hour), or for as long as the issuer's
 * own `max-age` says, if that is less, though never for less than a minute. This is how long a key that its issuer has dropped
 * may still be accepted. Old keys are used when a fetch fails, for a day at most. An unknown `kid` leads to a fetch at most
 * once a minute, so that a flood of made-up ones costs nothing.
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { sha256Hex } from "../crypto/canonical-json.ts";
import type { Bindings, Settings } from "../env.ts";
import { orNull } from "../kv.ts";
import { log } from "../log.ts";
import { SingleFlight } from "../single-flight.ts";
import { minuteMs } from "../time.ts";
import type { OutboundContext } from "./guard.ts";
import { fetchKeySet, fetchTimeoutMs, type RemoteIssuer } from "./key-set-fetch.ts";
import { importRemoteKey, keyMeantBy, type RemoteKey, remoteKeysSchema } from "./remote-key-set.ts";

export type { RemoteIssuer } from "./key-set-fetch.ts";

/** What a look-up needs of a context. */
export interface RemoteKeyContext extends OutboundContext, Pick<Context, "now" | "defer" | "requestId"> {
  readonly settings: OutboundContext["settings"] & Pick<Settings, "remoteJwksTtlSeconds">;
  readonly env: Pick<Bindings, "CACHE">;
}

export type RemoteKeyOutcome =
  | { readonly ok: true; readonly key: CryptoKey; readonly alg: string }
  | {
      readonly ok: false;
      /** `unreachable`: the issuer's keys cannot be had, so nothing is known. `no_such_key`: they are known, and this is not among them. */
      readonly reason: "unreachable" | "no_such_key";
    };

const secondMs = 1000;
/** An issuer that forbids keeping its keys is still not asked at each token. */
const shortestMaxAgeSeconds = 60;
const unknownKeyIntervalMs = minuteMs;
const retryAfterFailureMs = 15 * secondMs;
const lastResortMs = 24 * 60 * minuteMs;
/** Sources come from what administrators registered; this bounds what an isolate keeps of them. */
const maxSources = 1000;

const storedSchema = z.object({
  keys: remoteKeysSchema,
  fetchedAtMs: z.number(),
  maxAgeSeconds: z.number().nullable(),
});

/** A key set as it was fetched. */
type KeySet = z.output<typeof storedSchema>;

/** What an isolate knows of one source. */
interface Slot {
  readonly name: string;
  set: KeySet | null;
  readonly loads: SingleFlight<void>;
  /** When the last fetch failed; in the past for ever when it did not. */
  failedAtMs: number;
}

/** By namespace, so that nothing of one environment is ever used in another. */
const slots = new WeakMap<KVNamespace, Map<string, Slot>>();

/**
 * The address is part of the name: what one organization says of where an issuer's keys are counts for no other.
 */
function slotOf({ env }: RemoteKeyContext, { issuer, jwksUri }: RemoteIssuer): Slot {
  const known = slots.get(env.CACHE) ?? new Map<string, Slot>();
  slots.set(env.CACHE, known);
  const name = `remote-jwks:${sha256Hex(`${issuer}|${jwksUri ?? ""}`)}`;
  const slot = known.get(name) ?? {
    name,
    set: null,
    loads: new SingleFlight<void>(fetchTimeoutMs + secondMs),
    failedAtMs: Number.NEGATIVE_INFINITY,
  };
  known.delete(name);
  known.set(name, slot);
  const [oldest] = known.keys();
  if (known.size > maxSources && oldest !== undefined) known.delete(oldest);
  return slot;
}

/** A clock that was set back makes keys old, not young for ever. */
function isYounger(context: RemoteKeyContext, thenMs: number, limitMs: number): boolean {
  const ageMs = context.now() - thenMs;
  return ageMs >= 0 && ageMs < limitMs;
}

function isFresh(context: RemoteKeyContext, { fetchedAtMs, maxAgeSeconds }: KeySet): boolean {
  const ttlSeconds = Math.min(
    context.settings.remoteJwksTtlSeconds,
    Math.max(maxAgeSeconds ?? Number.POSITIVE_INFINITY, shortestMaxAgeSeconds),
  );
  return isYounger(context, fetchedAtMs, ttlSeconds * secondMs);
}

/** Takes over what another isolate has fetched since. */
async function readStored(context: RemoteKeyContext, slot: Slot): Promise<void> {
  const stored = storedSchema.safeParse(await orNull(context, "remote keys", context.env.CACHE.get(slot.name, "json")));
  if (stored.success && stored.data.fetchedAtMs > (slot.set?.fetchedAtMs ?? 0)) slot.set = stored.data;
}

/** Fetches the keys; what fails is noted. */
async function load(context: RemoteKeyContext, source: RemoteIssuer, slot: Slot): Promise<void> {
  const fetched = await fetchKeySet(context, source);
  if (!fetched.ok) {
    slot.failedAtMs = context.now();
    const { issuer } = source;
    log.warn(context, "keys of another issuer not fetched", { issuer, reason: fetched.detail });
    return;
  }
  const { keys, maxAgeSeconds } = fetched;
  const set: KeySet = { keys: [...keys], fetchedAtMs: context.now(), maxAgeSeconds };
  slot.set = set;
  slot.failedAtMs = Number.NEGATIVE_INFINITY;
  const expirationTtl = lastResortMs / secondMs;
  context.defer(
    orNull(context, "remote keys", context.env.CACHE.put(slot.name, JSON.stringify(set), { expirationTtl })),
  );
}

/** Whether to ask the issuer, for a key that is not among those at hand, or is, when they are not fresh any more. */
function shouldLoad(context: RemoteKeyContext, slot: Slot, isKnown: boolean): boolean {
  const { set, failedAtMs } = slot;
  // Whoever has an old key at hand need not wait for what another request is about to learn.
  if (slot.loads.isRunning) return !isKnown;
  if (isYounger(context, failedAtMs, set === null ? retryAfterFailureMs : unknownKeyIntervalMs)) return false;
  if (set === null || !isFresh(context, set)) return true;
  return !isKnown && !isYounger(context, set.fetchedAtMs, unknownKeyIntervalMs);
}

/**
 * How many keys of another issuer are at hand, in this isolate or in KV; 0 when there are none that still count. Asks nobody
 * else, so it says nothing about what the issuer would answer now.
 */
export async function countKeysAtHand(context: RemoteKeyContext, source: RemoteIssuer): Promise<number> {
  const slot = slotOf(context, source);
  if (slot.set === null) await readStored(context, slot);
  const { set } = slot;
  return set !== null && isYounger(context, set.fetchedAtMs, lastResortMs) ? set.keys.length : 0;
}

/**
 * The key of another issuer that a token's header names.
 *
 * @param source whose keys. `jwksUri` says where they are; without it the issuer's discovery document does (OpenID Connect
 *   Discovery 4, else RFC 8414 3), whose `issuer` must be this one exactly
 * @param header of the token, as `readJws` has read it. Its `alg` must be one of the key's own
 *
 * @example
 * ```ts
 * const found = await findRemoteKey(context, { issuer: partner.issuer, jwksUri: partner.jwksUri }, read.header);
 * if (!found.ok) return found.reason;
 * const claims = await verifyJws(token, { key: found.key, alg: found.alg, typ: null });
 * ```
 */
export async function findRemoteKey(
  context: RemoteKeyContext,
  source: RemoteIssuer,
  header: { readonly kid?: string; readonly alg: string },
): Promise<RemoteKeyOutcome> {
  const slot = slotOf(context, source);
  if (slot.set === null || !isFresh(context, slot.set)) await readStored(context, slot);
  const atHand = (): RemoteKey | null => (slot.set ? keyMeantBy(slot.set.keys, header) : null);
  if (shouldLoad(context, slot, atHand() !== null)) await slot.loads.after(() => load(context, source, slot));

  const { set } = slot;
  if (set === null || !(isFresh(context, set) || isYounger(context, set.fetchedAtMs, lastResortMs))) {
    return { ok: false, reason: "unreachable" };
  }
  const meant = keyMeantBy(set.keys, header);
  const key = meant && (await importRemoteKey(meant, header.alg));
  return key ? { ok: true, key, alg: header.alg } : { ok: false, reason: "no_such_key" };
}

/**
 * The keys of other issuers, cached in the isolate, and in KV for all isolates.
 *
 * Keys are fresh for `REMOTE_JWKS_TTL_SECONDS` (by default an hour), or for the issuer's `max-age` if that is less, but at least
 * for a minute. So long a key that its issuer has removed may still be accepted. When a fetch fails, old keys are used for at
 * most a day. An unknown `kid` causes at most one fetch a minute beside these, against a flood of invented ones.
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { sha256Hex } from "../crypto/canonical-json.ts";
import type { Bindings, Settings } from "../env.ts";
import { orNull } from "../kv.ts";
import { log } from "../log.ts";
import { SingleFlight } from "../single-flight.ts";
import { isYounger, minuteMs } from "../time.ts";
import type { OutboundContext } from "./guard.ts";
import { fetchKeySet, fetchTimeoutMs, type RemoteIssuer } from "./key-set-fetch.ts";
import { importRemoteKey, keyForHeader, type RemoteKey, remoteKeysSchema } from "./remote-key-set.ts";

export type { RemoteIssuer } from "./key-set-fetch.ts";

export interface RemoteKeyContext extends OutboundContext, Pick<Context, "now" | "defer" | "requestId"> {
  readonly settings: OutboundContext["settings"] & Pick<Settings, "remoteJwksTtlSeconds">;
  readonly env: Pick<Bindings, "CACHE">;
}

export type RemoteKeyOutcome =
  | { readonly ok: true; readonly key: CryptoKey; readonly alg: string }
  /** `unreachable`: there are no usable keys of the issuer. `no_such_key`: this key is not among them. */
  | { readonly ok: false; readonly reason: "unreachable" | "no_such_key" };

const secondMs = 1000;
/** The keys of an issuer that forbids caching are cached for so long. */
const shortestMaxAgeSeconds = 60;
const unknownKeyIntervalMs = minuteMs;
const retryAfterFailureMs = 15 * secondMs;
const lastResortMs = 24 * 60 * minuteMs;
/** The most sources in the memory of an isolate. Administrators register them. */
const maxSources = 1000;

const storedSchema = z.object({
  keys: remoteKeysSchema,
  fetchedAtMs: z.number(),
  maxAgeSeconds: z.number().nullable(),
});

type KeySet = z.output<typeof storedSchema>;

/** The state of one source in an isolate. */
interface Slot {
  readonly name: string;
  set: KeySet | null;
  readonly loads: SingleFlight<void>;
  /** When the last fetch failed; negative infinity when it succeeded. */
  failedAtMs: number;
  /** When an unknown `kid` last caused a fetch. */
  askedForKeyAtMs: number;
}

/** By namespace, so that two environments never share keys. */
const slots = new WeakMap<KVNamespace, Map<string, Slot>>();

/** The URL is part of the name, so that the `jwksUri` of one organization is not used for another. */
function slotOf({ env }: RemoteKeyContext, { issuer, jwksUri }: RemoteIssuer): Slot {
  const ofNamespace = slots.get(env.CACHE) ?? new Map<string, Slot>();
  slots.set(env.CACHE, ofNamespace);
  const name = `remote-jwks:${sha256Hex(`${issuer}|${jwksUri ?? ""}`)}`;
  const slot = ofNamespace.get(name) ?? {
    name,
    set: null,
    loads: new SingleFlight<void>(fetchTimeoutMs + secondMs),
    failedAtMs: Number.NEGATIVE_INFINITY,
    askedForKeyAtMs: Number.NEGATIVE_INFINITY,
  };
  ofNamespace.delete(name);
  ofNamespace.set(name, slot);
  const [oldest] = ofNamespace.keys();
  if (ofNamespace.size > maxSources && oldest !== undefined) ofNamespace.delete(oldest);
  return slot;
}

function isFresh(context: RemoteKeyContext, { fetchedAtMs, maxAgeSeconds }: KeySet): boolean {
  const ttlSeconds = Math.min(
    context.settings.remoteJwksTtlSeconds,
    Math.max(maxAgeSeconds ?? Number.POSITIVE_INFINITY, shortestMaxAgeSeconds),
  );
  return isYounger(fetchedAtMs, ttlSeconds * secondMs, context.now());
}

/** Takes newer keys that another isolate has fetched. */
async function readStored(context: RemoteKeyContext, slot: Slot): Promise<void> {
  const stored = storedSchema.safeParse(await orNull(context, "remote keys", context.env.CACHE.get(slot.name, "json")));
  if (stored.success && stored.data.fetchedAtMs > (slot.set?.fetchedAtMs ?? 0)) slot.set = stored.data;
}

/** Fetches the keys, or records and logs the failure. */
async function load(context: RemoteKeyContext, source: RemoteIssuer, slot: Slot): Promise<void> {
  const fetched = await fetchKeySet(context, source);
  if (!fetched.ok) {
    slot.failedAtMs = context.now();
    log.warn(context, "keys of another issuer not fetched", { issuer: source.issuer, reason: fetched.detail });
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

/** Whether to fetch: for a missing key, and when the keys are not fresh. */
function shouldLoad(context: RemoteKeyContext, slot: Slot, isCached: boolean): boolean {
  const { set, failedAtMs } = slot;
  // With a cached key, a request does not wait for the fetch of another request.
  if (slot.loads.isRunning) return !isCached;
  if (isYounger(failedAtMs, set === null ? retryAfterFailureMs : unknownKeyIntervalMs, context.now())) return false;
  if (set === null || !isFresh(context, set)) return true;
  if (isCached || isYounger(slot.askedForKeyAtMs, unknownKeyIntervalMs, context.now())) return false;
  slot.askedForKeyAtMs = context.now();
  return true;
}

/** The number of usable keys of another issuer, given or cached, without a fetch. */
export async function countCachedKeys(context: RemoteKeyContext, source: RemoteIssuer): Promise<number> {
  if (source.jwks) return source.jwks.keys.length;
  const slot = slotOf(context, source);
  if (slot.set === null) await readStored(context, slot);
  const { set } = slot;
  return set !== null && isYounger(set.fetchedAtMs, lastResortMs, context.now()) ? set.keys.length : 0;
}

/**
 * The key of another issuer that a token's header names.
 *
 * @param source without `jwks` and `jwksUri`, the issuer's discovery document has the address (OpenID Connect Discovery 4, else RFC 8414 3); its
 *   `issuer` must equal this one exactly
 * @param header of the token, from `readForeignJws`. Its `alg` must be one of the key's own
 *
 * @example
 * ```ts
 * const found = await findRemoteKey(context, partner, read.header);
 * if (!found.ok) return found.reason;
 * const claims = await verifyForeignJws(token, found);
 * ```
 */
export async function findRemoteKey(
  context: RemoteKeyContext,
  source: RemoteIssuer,
  header: { readonly kid?: string; readonly alg: string },
): Promise<RemoteKeyOutcome> {
  if (source.jwks) return outcomeOf(source.jwks.keys, header);
  const slot = slotOf(context, source);
  if (slot.set === null || !isFresh(context, slot.set)) await readStored(context, slot);
  const isCached = slot.set !== null && keyForHeader(slot.set.keys, header) !== null;
  if (shouldLoad(context, slot, isCached)) await slot.loads.after(() => load(context, source, slot));

  const { set } = slot;
  if (set === null || !(isFresh(context, set) || isYounger(set.fetchedAtMs, lastResortMs, context.now()))) {
    return { ok: false, reason: "unreachable" };
  }
  return outcomeOf(set.keys, header);
}

async function outcomeOf(
  keys: readonly RemoteKey[],
  header: { readonly kid?: string; readonly alg: string },
): Promise<RemoteKeyOutcome> {
  const named = keyForHeader(keys, header);
  const key = named && (await importRemoteKey(named, header.alg));
  return key ? { ok: true, key, alg: header.alg } : { ok: false, reason: "no_such_key" };
}

/** The published key set: built from D1, cached in KV. */
import { calculateJwkThumbprint } from "jose";
import type { Context } from "../platform/context.ts";
import { orNull } from "../platform/kv.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { type Jwks, jwksSchema, publishedJwkSchema } from "./schema.ts";

const cacheKey = "jwks";
const lifetimeSeconds = 3600;
/** How long a location may serve an older key set; the minimum of KV. */
const readAgainAfterSeconds = 30;

/** The public parts of the next, current and previous keys without compromised ones, oldest first. */
async function built(context: Context): Promise<Jwks> {
  const rows = await rowsWithWorkingKeys(context, ["current", "next"]);
  return { keys: rows.map(({ publicJwk }) => publishedJwkSchema.parse(publicJwk)) };
}

/** The last text from KV that passed the checks. */
let checked: { readonly text: string; readonly jwks: Jwks } | null = null;

/** The key set in KV. It counts only with public members alone, and with each `kid` the thumbprint of its key. */
async function cached(context: Context): Promise<Jwks | null> {
  const text = await context.env.CACHE.get(cacheKey, { type: "text", cacheTtl: readAgainAfterSeconds });
  if (text === null) return null;
  if (checked?.text === text) return checked.jwks;
  const parsed = jwksSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return null;
  const { keys } = parsed.data;
  const thumbprints = await Promise.all(keys.map((jwk) => calculateJwkThumbprint(jwk, "sha256")));
  if (!keys.every(({ kid }, index) => kid === thumbprints[index])) return null;
  checked = { text, jwks: parsed.data };
  return parsed.data;
}

const store = (context: Context, jwks: Jwks) =>
  orNull(context, "key set", context.env.CACHE.put(cacheKey, JSON.stringify(jwks), { expirationTtl: lifetimeSeconds }));

/** The published key set (RFC 7517 5): from KV, or from D1 when KV has none, an invalid one, or does not answer. */
export async function keySet(context: Context): Promise<Jwks> {
  const published = await orNull(context, "key set", cached(context));
  if (published) return published;
  const jwks = await built(context);
  context.defer(store(context, jwks));
  return jwks;
}

/** Writes the present key set to KV, if KV has another. A failure is repaired by the next scheduled run. */
export async function publishKeySet(context: Context): Promise<void> {
  const [published, jwks] = await Promise.all([orNull(context, "key set", cached(context)), built(context)]);
  if (JSON.stringify(published) !== JSON.stringify(jwks)) await store(context, jwks);
}

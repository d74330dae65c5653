/** The published key set: rebuilt from D1, kept in KV. */

import { calculateJwkThumbprint } from "jose";
import type { Context } from "../platform/context.ts";
import { orNull } from "../platform/kv.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { type Jwks, jwksSchema, publishedJwkSchema } from "./schema.ts";

const cacheKey = "jwks";
/** A document that nobody replaced, for whatever reason, is gone after an hour. */
const lifetimeSeconds = 3600;
/** How long a location may go on with what it has read before; KV allows no less. */
const readAgainAfterSeconds = 30;

/** The public parts of the next, current and previous keys, from D1, oldest first. Compromised keys are not among them. */
async function rebuilt(context: Context): Promise<Jwks> {
  const rows = await rowsWithWorkingKeys(context, ["current", "next"]);
  return { keys: rows.map(({ publicJwk }) => publishedJwkSchema.parse(publicJwk)) };
}

/** The text that was found to be a key set last, and what it says. */
let checked: { readonly text: string; readonly jwks: Jwks } | null = null;

/** What KV holds, if it is a key set: nothing but public members, and each `kid` the thumbprint of its key. */
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

/** The key set (RFC 7517 5) as it is published: from KV, or from D1 when KV has none, a wrong one, or does not answer. */
export async function keySet(context: Context): Promise<Jwks> {
  const known = await orNull(context, "key set", cached(context));
  if (known) return known;
  const jwks = await rebuilt(context);
  context.defer(store(context, jwks));
  return jwks;
}

/** Puts the key set of this moment into KV, unless it is there. When that fails, the next scheduled run does it. */
export async function publishKeySet(context: Context): Promise<void> {
  const [known, jwks] = await Promise.all([orNull(context, "key set", cached(context)), rebuilt(context)]);
  if (JSON.stringify(known) !== JSON.stringify(jwks)) await store(context, jwks);
}

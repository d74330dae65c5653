/** The keys of another issuer: what of a published key set (RFC 7517 5) is used, and which key verifies a token. */
import { z } from "@hono/zod-openapi";
import { importJWK, type JWK } from "jose";
import { decodeBase64url } from "../crypto/base64url.ts";
import { privateMembers } from "../crypto/jwk.ts";

/** A set with more is refused whole: whoever picks some of them decides for the issuer which. */
const maxKeys = 100;

const ecAlgs = { "P-256": "ES256", "P-384": "ES384" } as const;
const okpAlgs = ["EdDSA", "Ed25519"] as const;
const rsaAlgs = ["RS256", "RS384", "RS512", "PS256"] as const;

/** Of the modulus: shorter keys can be broken, longer ones make a verification slow. */
const minRsaBits = 2048;
const maxRsaBits = 8192;

function bitsOf(encoded: string): number {
  const bytes = decodeBase64url(encoded) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}

const labels = { kid: z.string().max(256).exactOptional(), use: z.literal("sig").exactOptional() };
const part = z.string().max(2048);

/** Only what is needed to verify; `alg` only where it fits the kind of key. */
const remoteKeySchema = z.discriminatedUnion("kty", [
  z
    .object({
      kty: z.literal("EC"),
      crv: z.enum(["P-256", "P-384"]),
      x: part,
      y: part,
      alg: z.string().exactOptional(),
      ...labels,
    })
    .refine(({ crv, alg }) => alg === undefined || alg === ecAlgs[crv]),
  z.object({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: part,
    alg: z.enum(okpAlgs).exactOptional(),
    ...labels,
  }),
  z.object({
    kty: z.literal("RSA"),
    n: part.refine((n) => bitsOf(n) >= minRsaBits && bitsOf(n) <= maxRsaBits),
    e: part,
    alg: z.enum(rsaAlgs).exactOptional(),
    ...labels,
  }),
]);

/** A public key of another issuer that verifies signatures. */
export type RemoteKey = z.output<typeof remoteKeySchema>;

export const remoteKeysSchema = z.array(remoteKeySchema).max(maxKeys);

const keySetSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(maxKeys) });

const canVerify = ({ key_ops }: Record<string, unknown>) =>
  key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes("verify"));

/**
 * The usable keys of a published set. Keys of other kinds and purposes are left out, as RFC 7517 5 asks.
 *
 * @returns null for what is no key set, or one with more than {@link maxKeys} keys
 */
export function readKeySet(document: unknown): RemoteKey[] | null {
  const parsed = keySetSchema.safeParse(document);
  if (!parsed.success) return null;
  return parsed.data.keys
    .filter((jwk) => canVerify(jwk) && !privateMembers.some((member) => Object.hasOwn(jwk, member)))
    .flatMap((jwk) => remoteKeySchema.safeParse(jwk).data ?? []);
}

/** The algorithms of a key's signatures: by its kind, and by its own `alg` where it has one. Never by a token. */
function algsOf(key: RemoteKey): readonly string[] {
  if (key.kty === "EC") return [ecAlgs[key.crv]];
  // Two names of one algorithm (RFC 9864 2.2), and libraries differ in which they write.
  if (key.kty === "OKP") return okpAlgs;
  return key.alg === undefined ? rsaAlgs : [key.alg];
}

/**
 * The one key that a token's header can mean. Without a `kid` that is the only key of its algorithm; where several fit,
 * none is tried.
 */
export function keyMeantBy(keys: readonly RemoteKey[], header: { kid?: string; alg: string }): RemoteKey | null {
  const [first, ...others] = keys.filter(
    (key) => algsOf(key).includes(header.alg) && (header.kid === undefined || key.kid === header.kid),
  );
  return first !== undefined && others.length === 0 ? first : null;
}

/** The key in the form that verifies; null when it is none, such as a point that is not on the curve. */
export async function importRemoteKey(key: RemoteKey, alg: string): Promise<CryptoKey | null> {
  try {
    const imported = await importJWK(key as JWK, alg);
    return imported instanceof Uint8Array ? null : imported;
  } catch {
    return null;
  }
}

/** The key set (RFC 7517 5) of another issuer: its usable keys, and the key that verifies a token. */
import { z } from "@hono/zod-openapi";
import { importJWK, type JWK } from "jose";
import { decodeBase64url } from "../crypto/base64url.ts";
import { privateMembers } from "../crypto/jwk.ts";

/** A larger set is refused, because any choice of some keys would be arbitrary. */
const maxKeys = 100;

const ecAlgs = { "P-256": "ES256", "P-384": "ES384" } as const;
const okpAlgs = ["EdDSA", "Ed25519"] as const;
const rsaAlgs = ["RS256", "RS384", "RS512", "PS256"] as const;

/** Of the modulus: a shorter key can be broken, a longer one makes verification slow. */
const minRsaBits = 2048;
const maxRsaBits = 8192;

function bitsOf(encoded: string): number {
  const bytes = decodeBase64url(encoded) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}

const labels = { kid: z.string().max(256).exactOptional(), use: z.literal("sig").exactOptional() };
const part = z.string().max(2048);

/** The members that verification needs. `alg` must fit the kind of key. */
const remoteKeySchema = z.discriminatedUnion("kty", [
  z
    .object({
      kty: z.literal("EC"),
      crv: z.enum(["P-256", "P-384"]),
      x: part,
      y: part,
      alg: z.string().exactOptional(),
    })
    .extend(labels)
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

export type RemoteKey = z.output<typeof remoteKeySchema>;

export const remoteKeysSchema = z.array(remoteKeySchema).max(maxKeys);

const keySetSchema = z.object({ keys: z.array(z.unknown()).max(maxKeys) });

const isObject = (entry: unknown): entry is Record<string, unknown> => typeof entry === "object" && entry !== null;

const canVerify = ({ key_ops }: Record<string, unknown>) =>
  key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes("verify"));

/**
 * The usable keys of a published set. Ignores entries of other kinds and purposes (RFC 7517 5), and published private keys: every
 * party can sign with them.
 *
 * @returns null for anything but a key set with at most {@link maxKeys} keys
 */
export function readKeySet(document: unknown): RemoteKey[] | null {
  const parsed = keySetSchema.safeParse(document);
  if (!parsed.success) return null;
  return parsed.data.keys
    .filter(isObject)
    .filter((jwk) => canVerify(jwk) && !privateMembers.some((member) => Object.hasOwn(jwk, member)))
    .flatMap((jwk) => remoteKeySchema.safeParse(jwk).data ?? []);
}

/** The algorithms of a key: by its kind, and by its own `alg` if it has one. Never by a token. */
export function keyAlgs(key: RemoteKey): readonly string[] {
  if (key.kty === "EC") return [ecAlgs[key.crv]];
  // Two names of one algorithm (RFC 9864 2.2); libraries differ in the one that they write.
  if (key.kty === "OKP") return okpAlgs;
  return key.alg === undefined ? rsaAlgs : [key.alg];
}

/** The members that make a key: two entries with the same are one key, whatever their labels are. */
function materialOf(key: RemoteKey): string {
  if (key.kty === "RSA") return `RSA ${key.n} ${key.e}`;
  return `${key.crv} ${key.x} ${key.kty === "EC" ? key.y : ""}`;
}

/**
 * The only key that fits a token's header, by `alg` and, if present, `kid`; null when none or several fit. A key that is listed twice
 * is one key.
 */
export function keyForHeader(keys: readonly RemoteKey[], header: { kid?: string; alg: string }): RemoteKey | null {
  const fitting = keys.filter(
    (key) => keyAlgs(key).includes(header.alg) && (header.kid === undefined || key.kid === header.kid),
  );
  return new Set(fitting.map(materialOf)).size === 1 ? (fitting[0] ?? null) : null;
}

/** The key for verification; null for an invalid one, such as a point that is not on the curve. */
export async function importRemoteKey(key: RemoteKey, alg: string): Promise<CryptoKey | null> {
  try {
    const imported = await importJWK(key as JWK, alg);
    return imported instanceof Uint8Array ? null : imported;
  } catch {
    return null;
  }
}

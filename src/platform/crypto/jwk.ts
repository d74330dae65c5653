/** Public keys that agents register: EC P-256, Ed25519 and RSA, as JWKs (RFC 7517, RFC 7518 6, RFC 8037). */
import { z } from "@hono/zod-openapi";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { component, enumeration } from "../http/components.ts";
import { decodeBase64url } from "./base64url.ts";
import { isEd25519Point } from "./ed25519-point.ts";
import { keyIdForm } from "./jws.ts";

/** The members that only a private or a symmetric key has (RFC 7518 6.2.2, 6.3.2, 6.4.1; RFC 9964 3 for `priv`). */
export const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** A Base64urlUInt (RFC 7518 2): big-endian and without leading zeros; null for anything else. */
function unsignedOf(encoded: string): bigint | null {
  const bytes = decodeBase64url(encoded);
  if (!bytes?.[0]) return null;
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}

function isModulus(encoded: string): boolean {
  const modulus = unsignedOf(encoded);
  return modulus !== null && modulus >= 1n << 2047n && modulus < 1n << 4096n && modulus % 2n === 1n;
}

/** An exponent of 3 permitted forged signatures (CVE-2006-4339); a huge exponent makes every verification slow. */
function isExponent(encoded: string): boolean {
  const exponent = unsignedOf(encoded);
  return exponent !== null && exponent >= 65_537n && exponent < 1n << 32n && exponent % 2n === 1n;
}

const coordinate = z
  .string({ error: "must be the base64url of 32 bytes" })
  .refine((text) => text.length === 43 && decodeBase64url(text) !== null, {
    error: "must be the base64url of 32 bytes, without padding",
  });

const labels = {
  kid: z
    .string()
    .regex(keyIdForm, { error: "must be 1 to 256 of the characters A-Z a-z 0-9 _ . : # % -" })
    .exactOptional(),
  use: z.literal("sig", { error: "must be sig: the key verifies signatures" }).exactOptional(),
};

const algsOf = { EC: ["ES256"], OKP: ["EdDSA", "Ed25519"], RSA: ["RS256", "PS256"] } as const;

const algOf = <const Alg extends string>(algs: readonly [Alg, ...Alg[]]) =>
  z.enum(algs, { error: `must be ${algs.join(" or ")} for this kind of key` }).exactOptional();

const modulusRule = { error: "must be the base64url of an odd number of 2048 to 4096 bits, without leading zeros" };
const exponentRule = {
  error: "must be the base64url of an odd number from 65537 to 4294967295, without leading zeros",
};

const byKeyType = z.discriminatedUnion(
  "kty",
  [
    z.object({
      kty: z.literal("EC"),
      crv: z.literal("P-256", { error: "must be P-256" }),
      x: coordinate,
      y: coordinate,
      ...labels,
      alg: algOf(algsOf.EC),
    }),
    z.object({
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519", { error: "must be Ed25519" }),
      x: coordinate,
      ...labels,
      alg: algOf(algsOf.OKP),
    }),
    z.object({
      kty: z.literal("RSA"),
      n: z
        .string(modulusRule)
        .max(683, { abort: true, error: "must have at most 4096 bits" })
        .refine(isModulus, modulusRule),
      e: z
        .string(exponentRule)
        .max(6, { abort: true, error: "must be at most 4294967295" })
        .refine(isExponent, exponentRule),
      ...labels,
      alg: algOf(algsOf.RSA),
    }),
  ],
  { error: "must be EC, OKP or RSA" },
);

export type PublicJwk = z.output<typeof byKeyType>;
type EcPublicJwk = Extract<PublicJwk, { kty: "EC" }>;

/**
 * A public JWK as an agent registers it. Returns its public members, `kid`, `use` and `alg`; every other member of a public
 * JWK (`key_ops`, `ext`, certificates) is dropped. {@link isUsablePublicJwk} checks whether the key works.
 */
const checkedJwk = z
  .record(z.string(), z.unknown(), { error: "must be a JWK: an object with kty" })
  .superRefine((jwk, context) => {
    const found = privateMembers.filter((member) => Object.hasOwn(jwk, member));
    if (found.length === 0) return;
    // The issue has the path of the whole key: with the member's own path, the response would echo the private value.
    context.addIssue({
      code: "custom",
      message: `holds private members (${found.join(", ")}): a private key must never be sent; consider this one leaked and make another`,
    });
  })
  .pipe(byKeyType);

const encoded = z.string().openapi({ pattern: "^[A-Za-z0-9_-]+$" });

/** One object, because few generators of clients read a union: the members of each kind of key. */
const shownJwk = z
  .object({
    kty: enumeration("KeyType", ["EC", "OKP", "RSA"]).openapi({
      description: "EC demands `crv` (P-256), `x` and `y`; OKP `crv` (Ed25519) and `x`; RSA `n` and `e`",
    }),
    crv: enumeration("KeyCurve", ["P-256", "Ed25519"]).optional(),
    x: encoded.min(43).max(43).optional().openapi({ description: "EC and OKP: the base64url of 32 bytes" }),
    y: encoded.min(43).max(43).optional().openapi({ description: "EC: the base64url of 32 bytes" }),
    n: encoded.max(683).optional().openapi({ description: "RSA: an odd number of 2048 to 4096 bits" }),
    e: encoded.max(6).optional().openapi({ description: "RSA: an odd number from 65537 to 4294967295" }),
    kid: z.string().max(256).optional().openapi({ pattern: keyIdForm.source }),
    use: z.literal("sig").optional(),
    alg: enumeration("KeyAlg", Object.values(algsOf).flat())
      .optional()
      .openapi({ description: "One of the kind of key" }),
  })
  .openapi({
    description: "A public JSON Web Key (RFC 7517). A private member is refused; every other member is dropped.",
    example: {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
  });

/** {@link checkedJwk}. */
export const publicJwkSchema = component("PublicKeyJwk", checkedJwk, shownJwk);

/**
 * The algorithms that a signature of this key may name: those of its kind, or the one that the key itself names. EdDSA and
 * Ed25519 (RFC 9864 2.2) are the same algorithm here, because libraries differ in the name that they write.
 */
export function verificationAlgs(jwk: PublicJwk): readonly string[] {
  return jwk.alg === undefined || jwk.kty === "OKP" ? algsOf[jwk.kty] : [jwk.alg];
}

/**
 * Imports a key to verify signatures of one algorithm.
 *
 * @throws {TypeError} when the algorithm is not one of the key's, see {@link verificationAlgs}
 * @throws when the key is invalid, such as a point that is not on the curve
 */
export async function importVerificationKey(jwk: PublicJwk, alg: string): Promise<CryptoKey> {
  if (!verificationAlgs(jwk).includes(alg)) throw new TypeError(`A key of type ${jwk.kty} does not verify ${alg}`);
  const key = await importJWK(jwk as JWK, alg);
  if (key instanceof Uint8Array) throw new TypeError("A public key is never symmetric");
  return key;
}

/** The SHA-256 thumbprint of a key (RFC 7638), in base64url. */
export const jwkThumbprint = (jwk: PublicJwk): Promise<string> => calculateJwkThumbprint(jwk as JWK);

/** Whether a key that passed {@link publicJwkSchema} can be used: its point is on the curve and the runtime accepts it. */
export async function isUsablePublicJwk(jwk: PublicJwk): Promise<boolean> {
  if (jwk.kty === "OKP" && !isEd25519Point(decodeBase64url(jwk.x) ?? new Uint8Array())) return false;
  try {
    await Promise.all(verificationAlgs(jwk).map((alg) => importVerificationKey(jwk, alg)));
    return true;
  } catch {
    return false;
  }
}

/** A new P-256 key for an agent without a key of its own. The caller must seal the private part before it stores it. */
export async function newAgentKeyPair(): Promise<{ publicJwk: EcPublicJwk; privateJwk: EcPublicJwk & { d: string } }> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { x, y, d } = await exportJWK(privateKey);
  if (x === undefined || y === undefined || d === undefined) throw new TypeError("P-256 keys have x, y and d");
  const publicJwk = { kty: "EC", crv: "P-256", x, y } as const;
  return { publicJwk, privateJwk: { ...publicJwk, d } };
}

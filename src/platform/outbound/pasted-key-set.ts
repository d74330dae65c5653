/** A key set (RFC 7517 5) that an administrator sends, for an issuer whose own cannot be reached. */
import { z } from "@hono/zod-openapi";
import { sha256Hex } from "../crypto/canonical-json.ts";
import { privateMembers } from "../crypto/jwk.ts";
import { component, enumeration } from "../http/components.ts";
import { importRemoteKey, keyAlgs, readKeySet } from "./remote-key-set.ts";

/** The most entries of a pasted set. */
const maxKeys = 20;

const rule = `must be a key set: {"keys": [...]} with 1 to ${maxKeys} public keys`;

const hasPrivatePart = (jwk: Record<string, unknown>) => privateMembers.some((member) => Object.hasOwn(jwk, member));

const isImportable = async (key: Parameters<typeof importRemoteKey>[0]) =>
  (await importRemoteKey(key, keyAlgs(key)[0] ?? "")) !== null;

const texts = Object.fromEntries(
  ["kid", "use", "alg", "crv", "x", "y", "n", "e"].map((name) => [name, z.string().optional()]),
);

/** What the document shows: the members of a key of any of the three kinds. */
const shownKeySet = z
  .object({
    keys: z
      .array(z.object({ kty: enumeration("KeyType", ["EC", "OKP", "RSA"]), ...texts }).openapi("IssuerKey"))
      .min(1)
      .max(maxKeys),
  })
  .openapi({
    description:
      "The public keys of an issuer (RFC 7517 5): EC P-256 or P-384, Ed25519, RSA of 2048 to 8192 bits. Nothing is fetched; send the new keys when the issuer changes them",
    example: {
      keys: [
        {
          kty: "EC",
          kid: "1",
          crv: "P-256",
          x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
      ],
    },
  });

/**
 * The public keys of an issuer. Returns the members that verification needs; entries of other kinds and purposes are left out, as
 * from a fetched set. Refuses a private key, because its owner must know that it has left its place.
 */
export const pastedKeySetSchema = component(
  "IssuerKeySet",
  z
    .object(
      { keys: z.array(z.record(z.string(), z.unknown()), { error: rule }).min(1, { error: rule }) },
      { error: rule },
    )
    .superRefine(({ keys }, context) => {
      if (keys.length > maxKeys) context.addIssue({ code: "custom", message: rule });
      if (!keys.some(hasPrivatePart)) return;
      // The issue has the path of the whole set: with the member's own path, the response would echo the private value.
      const message = "holds a private key, which must never be sent: consider it leaked and make another";
      context.addIssue({ code: "custom", message });
    })
    .transform((set) => ({ keys: readKeySet(set) ?? [] }))
    .refine(async ({ keys }) => keys.length > 0 && (await Promise.all(keys.map(isImportable))).every(Boolean), {
      error: "must hold keys that verify signatures: EC P-256 or P-384, Ed25519, RSA of 2048 to 8192 bits",
    }),
  shownKeySet,
);

export type PastedKeySet = z.output<typeof pastedKeySetSchema>;

/** A key set in an audit event: the SHA-256 of its JSON, which is short. */
export const keySetDigest = (keySet: PastedKeySet): string => `sha256:${sha256Hex(JSON.stringify(keySet))}`;

/** The replaced secrets of a credential that still sign in. */
import type { credentials, EarlierSecret } from "../platform/db/schema.ts";

type Stored = Pick<
  typeof credentials.$inferSelect,
  "previousSecretHash" | "previousHashKeyId" | "previousExpiresAt" | "earlierSecrets"
>;

/** The replaced secrets whose overlap has not ended, oldest first. */
export function secretsInOverlap(credential: Stored, nowMs: number): readonly EarlierSecret[] {
  const { previousSecretHash: secretHash, previousHashKeyId: hashKeyId, previousExpiresAt: expiresAt } = credential;
  // A rotation by version 0.1.0 without overlap clears the previous secret only, and must end the earlier ones too.
  if (secretHash === null || hashKeyId === null || expiresAt === null) return [];
  return [...credential.earlierSecrets, { secretHash, hashKeyId, expiresAt }].filter(
    (secret) => secret.expiresAt > nowMs,
  );
}

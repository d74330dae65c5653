/** A credential as the wire sees it: never its secret, nor the hash of it. */
import { isoOf, isoOrNull } from "../../platform/time.ts";
import type { Credential } from "./schema.ts";
import type { CredentialRow } from "./store.ts";

/** Revoked outweighs expired: it is what somebody decided. */
export function statusOf(
  { revokedAt, expiresAt }: Pick<CredentialRow, "revokedAt" | "expiresAt">,
  nowMs: number,
): Credential["status"] {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= nowMs ? "expired" : "active";
}

/** The credential as the wire shows it at this moment (milliseconds since the epoch). */
export function publicCredential(credential: CredentialRow, nowMs: number): Credential {
  return {
    credentialId: credential.id,
    clientId: credential.agentId,
    status: statusOf(credential, nowMs),
    createdAt: isoOf(credential.createdAt),
    expiresAt: isoOrNull(credential.expiresAt),
    lastUsedAt: isoOrNull(credential.lastUsedAt),
    revokedAt: isoOrNull(credential.revokedAt),
  };
}

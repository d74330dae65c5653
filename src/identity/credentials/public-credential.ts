/** The wire form of a credential: without its secret and without the hash of it. */
import { isoOf, isoOrNull } from "../../platform/time.ts";
import type { Credential } from "./schema.ts";
import type { CredentialRow } from "./store.ts";

/** A credential that is revoked and expired is `revoked`. */
export function statusOf(
  { revokedAt, expiresAt }: Pick<CredentialRow, "revokedAt" | "expiresAt">,
  nowMs: number,
): Credential["status"] {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= nowMs ? "expired" : "active";
}

/** The wire form at `nowMs`, in milliseconds since the epoch. */
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

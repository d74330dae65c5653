/** A new credential that is not stored yet: for its own creation, and for the batches of onboarding. */

import type { Context } from "../../platform/context.ts";
import { type AgentId, type CredentialId, newId, type OrganizationId } from "../../platform/ids.ts";
import { publicCredential } from "./public-credential.ts";
import type { CredentialWithSecret } from "./schema.ts";
import { newSecret } from "./secret.ts";
import { insertCredential } from "./store.ts";

/** The most active credentials of an agent. */
export const maxActive = 10;

/**
 * Creates a credential and its secret. Stores nothing.
 *
 * @param expiresAt milliseconds since the epoch; null for never
 * @param maximum the most active credentials that the agent may have then
 * @returns `credential`, the only place with the secret in clear; `statement`, which stores it unless the agent is
 *   decommissioned or has the most active ones; and `generated`, the fields of its event
 */
export function prepareCredential(
  context: Context,
  organizationId: OrganizationId,
  agentId: AgentId,
  expiresAt: number | null,
  maximum: number = maxActive,
) {
  const now = context.now();
  const credentialId = newId<CredentialId>(now);
  const { clientSecret, ...secret } = newSecret(context);
  const row = {
    ...secret,
    id: credentialId,
    organizationId,
    agentId,
    previousSecretHash: null,
    previousHashKeyId: null,
    previousExpiresAt: null,
    earlierSecrets: [],
    createdAt: now,
    rotatedAt: null,
    expiresAt,
    lastUsedAt: null,
    revokedAt: null,
  };
  const credential: CredentialWithSecret = { ...publicCredential(row, now), clientSecret };
  return {
    credential,
    statement: insertCredential(context, row, maximum),
    generated: {
      organizationId,
      action: "credential.generated" as const,
      agentId,
      target: credentialId,
      details: { expiresAt: credential.expiresAt },
      data: { credentialId, agentId },
    },
  };
}

/** Rotating a credential: a new secret under the same id. With an overlap the old secret signs in beside it for some time. */

import type { SecretHolder } from "../../access/app-env.ts";
import { refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { refusedClient } from "../../access/secret-holder.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import type { HeldTarget, NamedCredential } from "../../ledger/contract.ts";
import { commitHeld, expectChange, withdraw } from "../../ledger/held-change.ts";
import { secretsInOverlap } from "../../ledger/secrets-in-overlap.ts";
import type { Context } from "../../platform/context.ts";
import { isSameHash } from "../../platform/crypto/keyed-hash.ts";
import { untilWritten } from "../../platform/db/conditional.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import { publicCredential, statusOf } from "./public-credential.ts";
import type { CredentialWithSecret, RotateCredential } from "./schema.ts";
import { newSecret } from "./secret.ts";
import { type CredentialRow, findHeldCredential, type Holder, replaceSecret } from "./store.ts";

/** What a 403 says of the way without a token. */
export const ownRotationHint =
  "An agent rotates its own credential without a token: Authorization: Basic with its client_id and the newest secret of that credential.";

/** The most secrets of a credential that have an overlap. Each sign-in of its agent compares all of them. */
const mostInOverlap = 10;

/** Who rotates: a caller with an access token, or a client that has authenticated with a secret. */
type Rotating = { readonly caller: Caller } | { readonly holder: SecretHolder };

/**
 * Gives a credential a new secret. The answer holds it; it is not kept. With an overlap of 0 the tokens that the old secret got,
 * and the delegations made with them, end, and so does every earlier secret. With an overlap, earlier secrets keep their own.
 *
 * @returns `CREDENTIAL_ALREADY_REVOKED`, `AGENT_ALREADY_DECOMMISSIONED`, `VALIDATION_ERROR` for an expired credential and for
 *   an overlap beside ten others, `FORBIDDEN` for a caller that may not take the agent over, `UNAUTHORIZED` for a secret that is not the newest one any more
 */
export function rotateCredential(
  context: Context,
  rotating: Rotating,
  named: NamedCredential,
  input: RotateCredential,
): Promise<Result<CredentialWithSecret>> {
  return untilWritten(() => attempt(context, rotating, named, input));
}

function refuse(rotating: Rotating, agent: Holder, { secretHash, hashKeyId }: CredentialRow): Problem | null {
  if ("caller" in rotating) {
    const refused = refuseTakeover(rotating.caller, agent);
    return refused && { ...refused, hint: ownRotationHint };
  }
  // Another rotation may have replaced the secret since the ledger compared it: an old secret must rotate nothing.
  const { hashes } = rotating.holder;
  const isNewest = hashes.some(({ keyId, hash }) => keyId === hashKeyId && isSameHash(hash, secretHash));
  return isNewest ? null : refusedClient();
}

async function attempt(
  context: Context,
  rotating: Rotating,
  { agentId, credentialId }: NamedCredential,
  { overlapSeconds }: RotateCredential,
): Promise<Result<CredentialWithSecret> | null> {
  const acting = "caller" in rotating ? rotating.caller : rotating.holder;
  const { organizationId } = acting;
  const found = await findHeldCredential(context, organizationId, agentId, credentialId);
  if (!found) return problem("AGENT_NOT_FOUND");
  const { holder: agent, credential: before } = found;
  if (!before) return problem("CREDENTIAL_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused = refuse(rotating, agent, before);
  if (refused) return refused;
  const now = context.now();
  const status = statusOf(before, now);
  if (status === "revoked") return problem("CREDENTIAL_ALREADY_REVOKED");
  if (status === "expired") {
    return invalid([{ path: "credentialId", message: "has expired and cannot be rotated; create a new credential" }]);
  }

  const earlierSecrets = secretsInOverlap(before, now);
  if (overlapSeconds > 0 && earlierSecrets.length >= mostInOverlap) {
    const message = `must be 0 while ${mostInOverlap} secrets of the credential are in an overlap`;
    return invalid([{ path: "overlapSeconds", message, received: overlapSeconds }]);
  }

  const { clientSecret, ...secret } = newSecret(context);
  const previous =
    overlapSeconds === 0
      ? { previousSecretHash: null, previousHashKeyId: null, previousExpiresAt: null, earlierSecrets: [] }
      : {
          previousSecretHash: before.secretHash,
          previousHashKeyId: before.hashKeyId,
          previousExpiresAt: now + overlapSeconds * 1000,
          earlierSecrets,
        };
  const ended: HeldTarget | null = overlapSeconds === 0 ? { kind: "secrets", agentId, credentialId } : null;
  // The old secret signs in until the change is written. The ledger takes the cut-off again when it gets the event.
  const hold = await (ended
    ? withdraw(context, organizationId, ended)
    : expectChange(context, organizationId, agentId));
  const event = newEvent(context, actorOf(context, acting), {
    organizationId,
    action: "credential.rotated",
    agentId,
    target: credentialId,
    details: { overlapSeconds },
    data: { credentialId, agentId },
  });
  const replacement = replaceSecret(context, before, { ...secret, ...previous, rotatedAt: now });
  const after = ended ? [delegationsEndedBy(context, organizationId, ended)] : [];
  const rotated = { ...publicCredential(before, now), clientSecret };
  const answered = await answering(context, rotated, agentId);
  return (await commitHeld(answered, hold, [replacement], [event], after)) && ok(rotated);
}

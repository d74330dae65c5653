/** Rotating a credential: a new secret under the same id; with an overlap the old one works beside it for a while. */

import { refuseTakeover, refuseWithoutScope } from "../../access/authority.ts";
import { type Caller, isSelf } from "../../access/caller.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { untilWritten } from "../../platform/db/conditional.ts";
import type { AgentId, CredentialId } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { publicCredential, statusOf } from "./public-credential.ts";
import type { NewCredential, RotateCredential } from "./schema.ts";
import { newSecret } from "./secret.ts";
import { findHeldCredential, type Holder, replaceSecret } from "./store.ts";

/**
 * Gives a credential a new secret. The answer holds it; it is not kept. With an overlap of 0 the old secret dies at once.
 * Only the last secret gets an overlap: one that is still in the overlap of an earlier rotation dies now.
 *
 * @returns `CREDENTIAL_ALREADY_REVOKED`, `AGENT_ALREADY_DECOMMISSIONED`, `VALIDATION_ERROR` for an expired credential, and
 *   `FORBIDDEN` unless the credential is the caller's own or the caller may manage that agent's credentials
 */
export async function rotateCredential(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  credentialId: CredentialId,
  input: RotateCredential,
): Promise<Result<NewCredential>> {
  const refused = refuseScope(caller, agentId);
  return refused ?? untilWritten(() => attempt(context, caller, agentId, credentialId, input));
}

/** An agent may rotate its own credentials with any token of its own; those of others take `agents:write`. */
function refuseScope(caller: Caller, agentId: AgentId): Problem | null {
  return isSelf(caller, agentId) ? null : refuseWithoutScope(caller, "agents:write");
}

function refuseAuthority(caller: Caller, agent: Holder): Problem | null {
  return isSelf(caller, agent.id) ? null : refuseTakeover(caller, agent);
}

async function attempt(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  credentialId: CredentialId,
  { overlapSeconds }: RotateCredential,
): Promise<Result<NewCredential> | null> {
  const { organizationId } = caller;
  const found = await findHeldCredential(context, organizationId, agentId, credentialId);
  if (!found) return problem("AGENT_NOT_FOUND");
  const { holder: agent, credential: before } = found;
  if (!before) return problem("CREDENTIAL_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused = refuseAuthority(caller, agent);
  if (refused) return refused;
  const now = context.now();
  const status = statusOf(before, now);
  if (status === "revoked") return problem("CREDENTIAL_ALREADY_REVOKED");
  if (status === "expired") {
    return invalid([{ path: "credentialId", message: "has expired and cannot be rotated; create a new credential" }]);
  }

  const { clientSecret, ...secret } = newSecret(context);
  const previous =
    overlapSeconds === 0
      ? { previousSecretHash: null, previousHashKeyId: null, previousExpiresAt: null }
      : {
          previousSecretHash: before.secretHash,
          previousHashKeyId: before.hashKeyId,
          previousExpiresAt: now + overlapSeconds * 1000,
        };
  await ledgerOf(context, organizationId).expectChange(agentId);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "credential.rotated",
    agentId,
    target: credentialId,
    details: { overlapSeconds },
    data: { credentialId, agentId },
  });
  const replacement = replaceSecret(context, before, { ...secret, ...previous, rotatedAt: now });
  if (!(await commitChange(context, [replacement], [event]))) return null;
  return ok({ ...publicCredential(before, now), clientSecret });
}

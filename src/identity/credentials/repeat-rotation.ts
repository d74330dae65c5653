/** Repeats the answer to a rotation for the secret that it has replaced: a lost answer must not lock an agent out. */
import type { SecretHolder } from "../../access/app-env.ts";
import { useUpRepetition } from "../../access/idempotency/service.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import type { NamedCredential } from "../../ledger/contract.ts";
import type { RequestKey } from "../../platform/claim.ts";
import type { Context } from "../../platform/context.ts";

/**
 * Uses up the one repetition, and records it in the same batch: the second one to show a secret is an event of its own.
 *
 * @param first the claim of the rotation
 * @returns whether it was unused
 */
export async function useRepetition(
  context: Context,
  { repeats, ...holder }: SecretHolder,
  { agentId, credentialId }: NamedCredential,
  first: RequestKey & { readonly claimId: string },
): Promise<boolean> {
  if (first.claimId !== repeats) return false;
  const event = newEvent(context, actorOf(context, holder), {
    organizationId: holder.organizationId,
    action: "credential.rotation_replayed",
    agentId,
    target: credentialId,
    details: {},
  });
  return (await commitChange(context, [useUpRepetition(context, first, context.now())], [event])) !== null;
}

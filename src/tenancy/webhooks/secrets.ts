/** Signing secrets at rest: sealed, since deliveries must be signed with them. */
import type { Context } from "../../platform/context.ts";
import { seal, sealedPlace } from "../../platform/crypto/sealing.ts";
import { newId, type WebhookId } from "../../platform/ids.ts";
import { newSigningSecret } from "./signing.ts";
import type { SealedSecret } from "./store.ts";

/** A new secret, and the row that keeps it. */
export async function newWebhookSecret(
  context: Context,
  subscriptionId: WebhookId,
): Promise<{ readonly signingSecret: string; readonly row: SealedSecret }> {
  const createdAt = context.now();
  const id: string = newId(createdAt);
  const signingSecret = newSigningSecret();
  const privateSealed = await seal(context.settings.keyEncryptionKeys, signingSecret, sealedPlace.webhookSecret(id));
  return { signingSecret, row: { id, subscriptionId, privateSealed, createdAt, expiresAt: null } };
}

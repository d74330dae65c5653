/** Signing secrets at rest: sealed, since deliveries must be signed with them. */
import type { Context } from "../../platform/context.ts";
import { seal } from "../../platform/crypto/sealing.ts";
import { newId, type WebhookId } from "../../platform/ids.ts";
import { newSigningSecret } from "./signing.ts";
import type { SealedSecret } from "./store.ts";

/** Where a secret may be opened; authenticated by the seal. `keys/resealing.ts` says the same. */
export const secretContext = (id: string) => `webhook-secret:${id}`;

/** A new secret, and the row that keeps it. */
export async function newSecret(
  context: Context,
  subscriptionId: WebhookId,
): Promise<{ readonly signingSecret: string; readonly row: SealedSecret }> {
  const createdAt = context.now();
  const id: string = newId(createdAt);
  const signingSecret = newSigningSecret();
  const privateSealed = await seal(context.settings.keyEncryptionKeys, signingSecret, secretContext(id));
  return { signingSecret, row: { id, subscriptionId, privateSealed, createdAt, expiresAt: null } };
}

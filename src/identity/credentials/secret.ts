/** Client secrets: in clear for the answer, hashed for the record. */

import type { Context } from "../../platform/context.ts";
import { newClientSecret } from "../../platform/crypto/client-secret.ts";
import { hashSecret } from "../../platform/crypto/keyed-hash.ts";

/** `clientSecret` is for one answer; the other members are stored. */
export interface NewSecret {
  readonly clientSecret: string;
  readonly secretHash: string;
  readonly hashKeyId: string;
}

/** A new secret with 256 random bits. */
export function newSecret({ settings }: Pick<Context, "settings">): NewSecret {
  const clientSecret = newClientSecret();
  const { hash, keyId } = hashSecret(settings.secretHashKeys, clientSecret);
  return { clientSecret, secretHash: hash, hashKeyId: keyId };
}

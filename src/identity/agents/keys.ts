/** Keys of agents: the agent's own key, or one that the service creates and stores sealed. */

import type { Context } from "../../platform/context.ts";
import { isUsablePublicJwk, newAgentKeyPair, type PublicJwk } from "../../platform/crypto/jwk.ts";
import { seal, sealedPlace } from "../../platform/crypto/sealing.ts";
import { type AgentId, newId } from "../../platform/ids.ts";
import { invalid } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import type { AgentKey } from "./store.ts";

/** A key row; `publicJwk` is one that has passed `publicJwkSchema`. */
export type NewAgentKey = AgentKey & { readonly publicJwk: PublicJwk };

/**
 * The row of an agent's next key.
 *
 * @param number the N of its name `#key-N`
 * @param publicJwk the agent's own key; null: the service creates and stores one
 * @returns `VALIDATION_ERROR` for an own key that cannot verify anything
 */
export async function newAgentKey(
  context: Context,
  agentId: AgentId,
  number: number,
  publicJwk: PublicJwk | null,
): Promise<Result<NewAgentKey>> {
  return publicJwk ? broughtKey(context, agentId, number, publicJwk) : ok(await madeKey(context, agentId, number));
}

async function broughtKey(
  context: Context,
  agentId: AgentId,
  number: number,
  publicJwk: PublicJwk,
): Promise<Result<NewAgentKey>> {
  if (!(await isUsablePublicJwk(publicJwk))) {
    return invalid([{ path: "publicKeyJwk", message: "is no usable key: its point or its modulus is not valid" }]);
  }
  const createdAt = context.now();
  return ok({ id: newId(createdAt), agentId, number, publicJwk, privateSealed: null, createdAt, replacedAt: null });
}

/** A P-256 key; its private part is sealed to this row. */
async function madeKey(context: Context, agentId: AgentId, number: number): Promise<NewAgentKey> {
  const createdAt = context.now();
  const id: string = newId(createdAt);
  const { publicJwk, privateJwk } = await newAgentKeyPair();
  const privateSealed = await seal(
    context.settings.keyEncryptionKeys,
    JSON.stringify(privateJwk),
    sealedPlace.agentKey(id),
  );
  return { id, agentId, number, publicJwk, privateSealed, createdAt, replacedAt: null };
}

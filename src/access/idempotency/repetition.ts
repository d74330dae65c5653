/** A rotation whose answer was lost: the secret that it has replaced authenticates once more, for this answer alone. */
import { z } from "@hono/zod-openapi";
import type { RequestKey } from "../../platform/claim.ts";
import type { Context } from "../../platform/context.ts";
import { hashUnderEach, isSameHash, type KeyedHash } from "../../platform/crypto/keyed-hash.ts";
import { networkOf } from "../../platform/network.ts";
import { keptResult, type NamedRequest } from "./service.ts";
import { findRequest } from "./store.ts";

/** A kept answer with a new secret, and how the ledger knows both secrets. */
export interface Repetition {
  readonly claimId: string;
  /** The hash of the secret that had authenticated the rotation. */
  readonly proof: KeyedHash;
  /** The hash of the secret in the answer, under each hash key. */
  readonly successor: readonly KeyedHash[];
}

const answered = z.object({ clientSecret: z.string() });

/**
 * The answer that a client may get again with a replaced secret: the secret has authenticated the first request, with the
 * same body, from the same network, less than ten minutes ago, and has got no answer again. The ledger decides on the rest. For all
 * other requests null: the refusal must not show whether the key is known.
 *
 * @param hashes the HMAC of the presented secret under each hash key
 */
export async function findRepetition(
  context: Context,
  request: RequestKey & NamedRequest,
  hashes: readonly KeyedHash[],
): Promise<Repetition | null> {
  const row = await findRequest(context, request);
  if (!row?.proof || row.replayedAt !== null || row.network !== networkOf(context.source)) return null;
  const { claimId, proof } = row;
  if (row.bodyHash !== request.bodyHash) return null;
  if (!hashes.some(({ keyId, hash }) => keyId === proof.keyId && isSameHash(hash, proof.hash))) return null;
  const kept = await keptResult(context, row);
  const { data } = answered.safeParse(kept?.ok ? kept.value : null);
  return data ? { claimId, proof, successor: hashUnderEach(context.settings.secretHashKeys, data.clientSecret) } : null;
}

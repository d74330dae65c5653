/** Rotation: next becomes current, current becomes previous, and a new next key is published. */
import { refuseUnlessOperatorAdmin } from "../access/authority.ts";
import type { Caller } from "../access/caller.ts";
import { actorOf, type Change, newEvent, publish, writeChanges } from "../events/outbox.ts";
import type { Context } from "../platform/context.ts";
import { findOperator } from "../platform/db/organizations.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { problem } from "../platform/problems/problems.ts";
import { ok, type Result } from "../platform/problems/result.ts";
import { isoOf } from "../platform/time.ts";
import { forgetSigningKeys } from "./cache.ts";
import { finishDrops, isDropUnderWay } from "./drops.ts";
import { publishKeySet } from "./jwks.ts";
import { newSealedKeyPair } from "./key-pairs.ts";
import { rowsWithWorkingKeys } from "./provision.ts";
import { type KeysRotated, type SigningAlg, signingAlgSchema } from "./schema.ts";
import {
  activateNextKey,
  insertMissingKeys,
  markCompromised,
  publishedRows,
  replaceCurrentKey,
  rowOf,
  type SigningKeyRow,
} from "./store.ts";

export interface Rotation {
  /** Another party has the current keys. */
  readonly compromised: boolean;
}

interface Operation extends Rotation {
  readonly organizationId: OrganizationId | null;
  readonly caller: Caller | null;
  readonly nowMs: number;
}

function workingKid(rows: readonly SigningKeyRow[], alg: SigningAlg, state: "current" | "next"): string {
  const row = rows.find((candidate) => candidate.alg === alg && candidate.state === state);
  if (!row) throw new Error(`There is no ${state} ${alg} key`);
  return row.id;
}

/** The changes for one algorithm. Each depends on the keys that were read, so of two concurrent rotations one takes place. */
async function changesOf(
  context: Context,
  rows: readonly SigningKeyRow[],
  alg: SigningAlg,
  { organizationId, caller, nowMs, compromised }: Operation,
): Promise<readonly Change[]> {
  const replaced = workingKid(rows, alg, "current");
  const activated = workingKid(rows, alg, "next");
  // A party with the current key may also have the previous keys.
  const dropped = [replaced, ...rows.filter((row) => row.alg === alg && row.state === "previous").map(({ id }) => id)];
  const fresh = rowOf(await newSealedKeyPair(context, alg), "next", nowMs);
  const actor = actorOf(context, caller);
  const event = (action: "signing_key.rotated" | "signing_key.compromised", target: string, details = {}) =>
    organizationId === null
      ? []
      : [newEvent(context, actor, { action, organizationId, agentId: null, target, details: { alg, ...details } })];
  const replacement: Change = {
    statements: [replaceCurrentKey(context, replaced, activated, nowMs)],
    events: event("signing_key.rotated", activated, { replaced }),
    after: [activateNextKey(context, alg, activated, nowMs), insertMissingKeys(context, [fresh])],
  };
  if (!compromised) return [replacement];
  // Not conditional on the rotation: after a concurrent rotation, the key that the caller reported must still be dropped.
  const drops = dropped.map(
    (kid): Change => ({
      statements: [markCompromised(context, kid, nowMs)],
      events: event("signing_key.compromised", kid),
    }),
  );
  return [replacement, ...drops];
}

/** Rotates both algorithms in one batch. `caller` is null for the scheduled run. */
export async function rotate(context: Context, caller: Caller | null, { compromised }: Rotation): Promise<void> {
  const rows = await rowsWithWorkingKeys(context, ["current", "next"]);
  const organizationId = await findOperator(context);
  const nowMs = context.now();
  const operation = { organizationId, caller, nowMs, compromised };
  const changes = signingAlgSchema.options.map((alg) => changesOf(context, rows, alg, operation));
  await writeChanges(context, (await Promise.all(changes)).flat());
  forgetSigningKeys(context);
  await publishKeySet(context);
  if (organizationId !== null) await publish(context, organizationId);
}

/**
 * Rotates the signing keys. The old keys stay published until their last token has expired. With `compromised`, they and every
 * token that they signed are dropped before this returns. Two concurrent calls make one rotation. A call during an unfinished
 * drop continues it.
 *
 * @returns the published keys after the rotation; `FORBIDDEN` unless the caller is an admin of the operator's organization;
 *   `SERVICE_UNAVAILABLE` when the keys are rotated but a ledger has not dropped the old ones yet
 */
export async function rotateSigningKeys(
  context: Context,
  caller: Caller,
  { compromised }: Rotation,
): Promise<Result<KeysRotated>> {
  const refused = refuseUnlessOperatorAdmin(caller, "rotate the signing keys");
  if (refused) return refused;
  if (compromised && (await isDropUnderWay(context))) await publishKeySet(context);
  else await rotate(context, caller, { compromised });
  if (compromised && !(await finishDrops(context))) {
    return problem(
      "SERVICE_UNAVAILABLE",
      "The keys are rotated, but not every organization's ledger has dropped the old ones yet. The service continues every minute; repeat the call to see whether it is finished.",
    );
  }
  const rows = await publishedRows(context);
  const keys = rows.map(({ id: kid, alg, state, createdAt }) => ({ kid, alg, state, createdAt: isoOf(createdAt) }));
  return ok({ rotated: true, keys });
}

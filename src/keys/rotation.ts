/** Replacing the keys: next becomes current, current becomes previous, and a new next is published. */
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
  /** The current keys are in somebody else's hands, or the previous ones. */
  readonly compromised: boolean;
}

interface Turn extends Rotation {
  readonly organizationId: OrganizationId | null;
  readonly caller: Caller | null;
  readonly nowMs: number;
}

function workingKid(rows: readonly SigningKeyRow[], alg: SigningAlg, state: "current" | "next"): string {
  const row = rows.find((candidate) => candidate.alg === alg && candidate.state === state);
  if (!row) throw new Error(`There is no ${state} ${alg} key`);
  return row.id;
}

/** The changes that turn one algorithm. Each is conditional on the keys that were read, so of two rotations one wins. */
async function turnOf(
  context: Context,
  rows: readonly SigningKeyRow[],
  alg: SigningAlg,
  turn: Turn,
): Promise<readonly Change[]> {
  const { organizationId, caller, nowMs, compromised } = turn;
  const replaced = workingKid(rows, alg, "current");
  const activated = workingKid(rows, alg, "next");
  // Whoever has the current key may have had the ones before it, too.
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
  // Not conditional on having won: when another rotation came first, the key that the caller meant is still dropped.
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
  const turns = signingAlgSchema.options.map((alg) =>
    turnOf(context, rows, alg, { organizationId, caller, nowMs, compromised }),
  );
  await writeChanges(context, (await Promise.all(turns)).flat());
  forgetSigningKeys(context);
  await publishKeySet(context);
  if (organizationId !== null) await publish(context, organizationId);
}

/**
 * Rotates the signing keys at once. The old ones stay published until their last token has expired, unless `compromised`:
 * then they, and every token that they signed, are dropped before this answers. Two calls at the same time make one
 * rotation. So does repeating a drop that was not finished, which goes on with it.
 *
 * @returns the published keys after the rotation; `FORBIDDEN` unless the caller is an admin of the operator's
 *   organization; `SERVICE_UNAVAILABLE` when the keys are rotated but not every ledger could be told yet
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
      "The keys are rotated, but not every organization's ledger has dropped the old ones yet. The service goes on with it every minute; repeat the call to see whether it is done.",
    );
  }
  const rows = await publishedRows(context);
  const keys = rows.map(({ id: kid, alg, state, createdAt }) => ({
    kid,
    alg,
    state,
    createdAt: isoOf(createdAt),
  }));
  return ok({ rotated: true, keys });
}

/** Accepts a gap in a log: what a restore of D1 has lost stays named in the log, and the rest can be verified again. */
import { refuseUnlessOperatorAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { actorOf } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { AcceptedGap, Gap } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { dayMs } from "../../platform/time.ts";
import { readOrganization } from "../organizations/service.ts";
import { makeCheckpointsOf } from "./checkpoints/due.ts";
import { refuseManyVerifications } from "./limit.ts";
import type { AcceptedGapView, AcceptGap, GapView } from "./schema.ts";
import { hasChain } from "./store.ts";
import { verifyLog } from "./verify-log.ts";

type Range = Pick<Gap, "fromSequence" | "toSequence">;

/** The first and the last missing event of a gap. */
export const rangeOf = ({ fromSequence, toSequence }: Range): Range => ({ fromSequence, toSequence });

/** The wire form of an accepted gap. */
export const publicGap = ({ reason, acceptedAt, acceptedBy, eventId, ...gap }: AcceptedGap): GapView => ({
  ...rangeOf(gap),
  reason,
  acceptedAt,
  acceptedBy,
  eventId,
});

const areSame = (one: Range, other: Range) =>
  one.fromSequence === other.fromSequence && one.toSequence === other.toSequence;

function mismatch(message: string, missing: Gap | undefined, brokenAtEventId: string | null): Problem {
  const details = { missing: missing ? rangeOf(missing) : null, brokenAtEventId };
  return problem("AUDIT_GAP_MISMATCH", message, { details });
}

/**
 * The first gap that is not accepted, if it is the named one. Every event on both sides must fit, to the end of the log: a gap is
 * no way to accept a changed event.
 */
async function findGap(context: Context, { organizationId, ...range }: AcceptGap): Promise<Result<Gap>> {
  const whole = { fromMs: null, toMs: null };
  const { fault, tolerated } = await verifyLog(context, organizationId, whole, () => true);
  const [first] = tolerated;
  if (fault) {
    const message = "Events of this log were changed, moved, added or removed. Only a gap can be accepted.";
    return mismatch(message, first, fault.brokenAtEventId);
  }
  if (!first) return mismatch("This log has no gap.", first, null);
  if (areSame(first, range)) return ok(first);
  return mismatch(`The missing events are ${first.fromSequence} to ${first.toSequence}.`, first, null);
}

/**
 * Accepts the first gap in the log of an organization, which must be exactly the named one. A repeated call changes nothing and
 * returns the first acceptance.
 *
 * @returns `AUDIT_GAP_MISMATCH` with the actual gap in its details, `FORBIDDEN` for a caller that is not an admin of the operator
 */
export async function acceptGap(
  context: Context,
  caller: Caller,
  request: AcceptGap,
): Promise<Result<AcceptedGapView>> {
  const refusal = refuseUnlessOperatorAdmin(caller, "accept a gap in an audit log");
  if (refusal) return refusal;
  const { organizationId, reason } = request;
  // The log of a deleted organization stays. A new organization has none in the database for some seconds.
  const exists =
    (await hasChain(context, organizationId)) || (await readOrganization(context, caller, organizationId)).ok;
  if (!exists) return problem("ORGANIZATION_NOT_FOUND");
  const ledger = ledgerOf(context, organizationId);
  const acceptance = async () => (await ledger.flush()).gaps.find((gap) => areSame(gap, request));
  const known = await acceptance();
  const limited = known ? null : await refuseManyVerifications(context, organizationId);
  if (limited) return limited;
  let found: Result<Gap> = known ? ok(known) : await findGap(context, request);
  if (!found.ok) {
    // Another call can have accepted the gap since the ledger was read. Then the verification has found none.
    const meanwhile = await acceptance();
    if (!meanwhile) return found;
    found = ok(meanwhile);
  }
  const accepted = await ledger.acceptGap(found.value, reason, actorOf(context, caller));
  await recordForOperator(context, caller, request, accepted);
  const { sequence } = await ledger.flush();
  await makeCheckpointsOf(context, organizationId, sequence);
  return ok({ organizationId, ...publicGap(accepted) });
}

/**
 * The log of the operator has its acts on other organizations, too. Its ledger records an event once by its id, but forgets the
 * id after some weeks, so a call that is repeated later leaves it out.
 */
async function recordForOperator(
  context: Context,
  caller: Caller,
  { organizationId }: AcceptGap,
  { eventId, sequence: _, acceptedAt, ...details }: AcceptedGap,
): Promise<void> {
  if (caller.organizationId === organizationId || context.now() - Date.parse(acceptedAt) > dayMs) return;
  const event = {
    id: eventId,
    organizationId: caller.organizationId,
    action: "audit.gap_accepted",
    outcome: "success",
    agentId: null,
    actor: actorOf(context, caller),
    target: organizationId,
    details: { ...details, acceptedAt },
    occurredAtMs: Date.parse(acceptedAt),
  } as const;
  await ledgerOf(context, caller.organizationId).record([event]);
}

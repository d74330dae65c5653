/** The queries of requests with an `Idempotency-Key`. */
import { and, eq, isNull, lte, type SQL, sql } from "drizzle-orm";
import type { Claim, KeptAnswer, RequestKey } from "../../platform/claim.ts";
import type { WithDb } from "../../platform/context.ts";
import { previousChanged } from "../../platform/db/conditional.ts";
import { idempotentRequests } from "../../platform/db/schema.ts";

export type KeptRequest = typeof idempotentRequests.$inferSelect;

/** How long a claim without an answer belongs to its attempt, in milliseconds. */
const attemptMs = 30_000;

const isRequest = ({ organizationId, agentId, route, keyHash }: RequestKey): SQL | undefined =>
  and(
    eq(idempotentRequests.organizationId, organizationId),
    eq(idempotentRequests.agentId, agentId),
    eq(idempotentRequests.route, route),
    eq(idempotentRequests.keyHash, keyHash),
  );

/** Holds while the attempt has the claim, and the request has no answer. */
const isUnderWay = (claim: Claim): SQL | undefined =>
  and(isRequest(claim), eq(idempotentRequests.attempt, claim.attempt), isNull(idempotentRequests.answeredAt));

/**
 * Claims a request that has no row, or an expired one, or a claim of the same body whose attempt took too long.
 *
 * @returns the row as it is then; the claim is made if its `attempt` is the given one
 */
export async function claimRequest({ db }: WithDb, claim: KeptRequest): Promise<KeptRequest | null> {
  const { claimedAt: nowMs } = claim;
  const isExpired = lte(idempotentRequests.expiresAt, nowMs);
  const isAbandoned = and(
    isNull(idempotentRequests.answeredAt),
    lte(idempotentRequests.claimedAt, nowMs - attemptMs),
    eq(idempotentRequests.bodyHash, claim.bodyHash),
  );
  const { organizationId: _, agentId: __, route: ___, keyHash: ____, ...replaced } = claim;
  const claimId = sql`CASE WHEN ${isExpired} THEN ${claim.claimId} ELSE ${idempotentRequests.claimId} END`;
  const [, rows] = await db.batch([
    db
      .insert(idempotentRequests)
      .values(claim)
      .onConflictDoUpdate({
        target: [
          idempotentRequests.organizationId,
          idempotentRequests.agentId,
          idempotentRequests.route,
          idempotentRequests.keyHash,
        ],
        set: { ...replaced, claimId },
        setWhere: sql`${isExpired} OR (${isAbandoned})`,
      }),
    db.select().from(idempotentRequests).where(isRequest(claim)),
  ]);
  return rows[0] ?? null;
}

/** The row of a request. */
export async function findRequest({ db }: WithDb, request: RequestKey): Promise<KeptRequest | null> {
  return (await db.select().from(idempotentRequests).where(isRequest(request)).get()) ?? null;
}

/**
 * The first statement of a change: it fails, and the whole batch with it, when the attempt has lost its claim. In SQLite a statement
 * fails only by an error, so it inserts a row that has no body.
 */
export function failUnlessClaimed({ db }: WithDb, claim: Claim) {
  const mine = db.select({ one: sql`1` }).from(idempotentRequests).where(isUnderWay(claim));
  const values = sql`${claim.organizationId}, ${claim.agentId}, ${claim.route}, ${claim.keyHash}, '', '', NULL, 0, '{}',
    NULL, NULL, 0, NULL, NULL, NULL, NULL, 0`;
  return db.insert(idempotentRequests).select(sql`SELECT ${values} WHERE NOT EXISTS ${mine}`);
}

/** SQLite's name of the column that {@link failUnlessClaimed} leaves without a value. */
export const fenceColumn = "idempotent_requests.body_hash";

function answerWhere({ db }: WithDb, claim: Claim, answer: KeptAnswer, answeredAt: number, also?: SQL) {
  const { text, sealed, about } = answer;
  return db
    .update(idempotentRequests)
    .set({ answer: text, sealed, about, answeredAt })
    .where(and(isUnderWay(claim), also));
}

/** Writes the answer if the previous statement of the batch changed a row. */
export const answerIfChanged = (context: WithDb, claim: Claim, answer: KeptAnswer, answeredAt: number) =>
  answerWhere(context, claim, answer, answeredAt, previousChanged);

/** Writes the answer while the attempt has its claim. @returns whether it had it */
export async function answerRequest(
  context: WithDb,
  claim: Claim,
  answer: KeptAnswer,
  answeredAt: number,
): Promise<boolean> {
  return (await answerWhere(context, claim, answer, answeredAt)).meta.changes > 0;
}

/** Ends the claim of an attempt that has no answer to keep. */
export async function releaseClaim({ db }: WithDb, claim: Claim): Promise<void> {
  await db.delete(idempotentRequests).where(isUnderWay(claim));
}

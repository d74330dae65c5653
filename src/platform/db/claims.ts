/** The claim of a request with an `Idempotency-Key` in the batch of a change. `access/idempotency/` has the other queries. */
import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Claim, KeptAnswer, RequestKey } from "../claim.ts";
import type { WithDb } from "../context.ts";
import { previousChanged } from "./conditional.ts";
import { idempotentRequests } from "./schema.ts";

/** The row of a request. */
export const isRequest = ({ organizationId, agentId, route, keyHash }: RequestKey): SQL | undefined =>
  and(
    eq(idempotentRequests.organizationId, organizationId),
    eq(idempotentRequests.agentId, agentId),
    eq(idempotentRequests.route, route),
    eq(idempotentRequests.keyHash, keyHash),
  );

/** Holds while the attempt has the claim, and the request has no answer. */
export const isUnderWay = (claim: Claim): SQL | undefined =>
  and(isRequest(claim), eq(idempotentRequests.attempt, claim.attempt), isNull(idempotentRequests.answeredAt));

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

/** Writes the answer while the attempt has its claim. */
export function writeAnswer({ db }: WithDb, claim: Claim, answer: KeptAnswer, answeredAt: number, also?: SQL) {
  const { text, sealed, about } = answer;
  return db
    .update(idempotentRequests)
    .set({ answer: text, sealed, about, answeredAt })
    .where(and(isUnderWay(claim), also));
}

/** Writes the answer if the previous statement of the batch changed a row. */
export const answerIfChanged = (context: WithDb, claim: Claim, answer: KeptAnswer, answeredAt: number) =>
  writeAnswer(context, claim, answer, answeredAt, previousChanged);

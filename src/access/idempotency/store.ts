/** The queries of requests with an `Idempotency-Key`. */
import { and, eq, isNull, lte, type SQL, sql } from "drizzle-orm";
import type { Claim, KeptAnswer, RequestKey } from "../../platform/claim.ts";
import type { WithDb } from "../../platform/context.ts";
import { isRequest, isUnderWay, writeAnswer } from "../../platform/db/claims.ts";
import { among } from "../../platform/db/conditional.ts";
import { idempotentRequests } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { dayMs, minuteMs } from "../../platform/time.ts";

export type KeptRequest = typeof idempotentRequests.$inferSelect;

/** How long an answer is kept, from its request on. */
export const requestMs = dayMs;

/** How long an answer with a secret is kept, from the answer on. */
export const secretMs = 10 * minuteMs;

/** How long a claim without an answer belongs to its attempt, in milliseconds. */
const attemptMs = 30_000;

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

/** Writes the answer while the attempt has its claim. @returns whether it had it */
export async function answerRequest(
  context: WithDb,
  claim: Claim,
  answer: KeptAnswer,
  answeredAt: number,
): Promise<boolean> {
  return (await writeAnswer(context, claim, answer, answeredAt)).meta.changes > 0;
}

/** Ends the claim of an attempt that has no answer to keep. */
export async function releaseClaim({ db }: WithDb, claim: Claim): Promise<void> {
  await db.delete(idempotentRequests).where(isUnderWay(claim));
}

/** No secret, and no address of a network: a repetition with a replaced secret needs both. */
const withoutSecret = { answer: null, network: null };

/** The secrets that were answered at this time or before. */
const isSpentSecret = (answeredAt: number): SQL =>
  sql`sealed = 1 AND answer IS NOT NULL AND answered_at <= ${answeredAt}`;

/**
 * Removes secrets that were answered at `answeredAt` or before, and then rows that have expired: at most `limit` of each.
 *
 * @returns how many are left
 */
export async function removeExpired(
  { db }: WithDb,
  { answeredAt, nowMs, limit }: { readonly answeredAt: number; readonly nowMs: number; readonly limit: number },
): Promise<number> {
  const some = (condition: SQL) =>
    sql`rowid IN (SELECT rowid FROM idempotent_requests WHERE ${condition} LIMIT ${limit})`;
  const isExpired = lte(idempotentRequests.expiresAt, nowMs);
  const [, , [left]] = await db.batch([
    db
      .update(idempotentRequests)
      .set(withoutSecret)
      .where(some(isSpentSecret(answeredAt))),
    db.delete(idempotentRequests).where(some(isExpired)),
    db
      .select({
        count: sql<number>`(SELECT count(*) FROM idempotent_requests WHERE ${isSpentSecret(answeredAt)})
          + (SELECT count(*) FROM idempotent_requests WHERE ${isExpired})`,
      })
      .from(sql`(SELECT 1)`),
  ]);
  return left?.count ?? 0;
}

/** Uses up the one repetition of an answer with a replaced secret. Changes no row when it is used up. */
export function useUpRepetition(
  { db }: WithDb,
  request: RequestKey & { readonly claimId: string },
  replayedAt: number,
) {
  const isUnused = and(eq(idempotentRequests.claimId, request.claimId), isNull(idempotentRequests.replayedAt));
  return db
    .update(idempotentRequests)
    .set({ replayedAt })
    .where(and(isRequest(request), isUnused));
}

/**
 * Removes the secrets in answers about agents that are decommissioned, and the hashes of replaced secrets. Their requests stay: they
 * have had their effect.
 */
export function removeSecretsAbout({ db }: WithDb, agentIds: readonly AgentId[]) {
  const ended = sql`(SELECT id FROM agents WHERE id IN ${among(agentIds)} AND status = 'decommissioned')`;
  return db
    .update(idempotentRequests)
    .set({ ...withoutSecret, proof: null })
    .where(sql`about IN ${ended} AND sealed = 1`);
}

/** In place of the hash of a body that is erased with its answer: a person's e-mail could be guessed from it. */
export const erasedBody = "";

/**
 * Removes what these erased agents have requested themselves, and the answers about them with the hashes of the bodies. Such a request
 * stays, so that a late repetition does not bring the erased texts back.
 */
export function removeAnswersAbout({ db }: WithDb, agentIds: readonly AgentId[]) {
  const own = sql`(SELECT organization_id, id FROM agents WHERE id IN ${among(agentIds)})`;
  return [
    db.delete(idempotentRequests).where(sql`(organization_id, agent_id) IN ${own}`),
    db
      .update(idempotentRequests)
      .set({ ...withoutSecret, proof: null, bodyHash: erasedBody })
      .where(sql`about IN ${among(agentIds)}`),
  ] as const;
}

/** Removes requests of deleted organizations, at most `limit`. */
export function removeRequestsOf({ db }: WithDb, organizationIds: readonly OrganizationId[], limit: number) {
  const theirs = sql`SELECT rowid FROM idempotent_requests WHERE organization_id IN ${among(organizationIds)} LIMIT ${limit}`;
  return db.delete(idempotentRequests).where(sql`rowid IN (${theirs})`);
}

/**
 * The queries over deliveries. A row is claimed before its attempt and let go with the outcome, so that of two who want to
 * attempt it one does. Every outcome names the claim that it ends, and counts only while that claim stands.
 */
import { and, asc, count, desc, eq, gt, inArray, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import type { DomainEvent } from "../../../events/catalogue.ts";
import type { Context } from "../../../platform/context.ts";
import { among, insertWhere, previousChanged } from "../../../platform/db/conditional.ts";
import { webhookDeliveries, webhookSecrets, webhookSubscriptions } from "../../../platform/db/schema.ts";
import type { DeliveryId, OrganizationId, WebhookId } from "../../../platform/ids.ts";
import type { DeliveryQuery } from "../schema.ts";

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;
/** A row with an attempt under way. */
export type ClaimedRow = DeliveryRow & { readonly claimedUntil: number };

type Store = Pick<Context, "db">;

/** How many requests at once an endpoint gets that is known to be slow. */
const slowWidth = 5;
/** The clock of whoever sent a message with a delay may be a little ahead of ours. */
const earlyMs = 1000;

/** Adds the event's delivery to each of the subscriptions that is active and has none of it yet. */
export function insertDeliveries(
  { db }: Store,
  event: Pick<DomainEvent, "id" | "organizationId" | "action">,
  payload: string,
  targets: readonly { readonly id: DeliveryId; readonly subscriptionId: WebhookId }[],
  nowMs: number,
) {
  return db
    .insert(webhookDeliveries)
    .select(
      sql`SELECT planned.value ->> 'id', ${event.organizationId}, target.id, ${event.id}, ${event.action},
        ${payload}, 'pending', 0, ${nowMs}, NULL, NULL, NULL, NULL, NULL, ${nowMs}, ${nowMs}
      FROM json_each(${JSON.stringify(targets)}) AS planned
      JOIN webhook_subscriptions AS target ON target.id = planned.value ->> 'subscriptionId' WHERE target.active = 1`,
    )
    .onConflictDoNothing();
}

/** Adds a delivery whose attempt begins at once, if its subscription is still there. */
export function insertClaimed({ db }: Store, row: ClaimedRow) {
  const isThere = sql`EXISTS (SELECT 1 FROM webhook_subscriptions WHERE id = ${row.subscriptionId})`;
  return insertWhere(db, webhookDeliveries, row, isThere);
}

/** Due, and its endpoint may get a request now: it is active, and if it is slow it has few under way. */
function isReady(nowMs: number): SQL {
  return sql`${webhookDeliveries.dueAt} <= ${nowMs + earlyMs} AND EXISTS (
    SELECT 1 FROM webhook_subscriptions AS target
    WHERE target.id = ${webhookDeliveries.subscriptionId} AND target.active = 1 AND (target.slow_until <= ${nowMs} OR
      (SELECT count(*) FROM webhook_deliveries AS other
       WHERE other.subscription_id = target.id AND other.claimed_until > ${nowMs}) < ${slowWidth}))`;
}

function claim({ db }: Store, nowMs: number, leaseMs: number, which: SQL) {
  const claimedUntil = nowMs + leaseMs;
  return db
    .update(webhookDeliveries)
    .set({ claimedUntil, dueAt: claimedUntil })
    .where(and(which, isReady(nowMs)))
    .returning();
}

function subscriptionsAmong({ db }: Store, ids: SQL) {
  return db.select().from(webhookSubscriptions).where(sql`${webhookSubscriptions.id} IN ${ids}`);
}

/** The secrets that sign at present, the newest first. */
function secretsAmong({ db }: Store, subscriptionIds: SQL, nowMs: number) {
  return db
    .select()
    .from(webhookSecrets)
    .where(
      and(
        sql`${webhookSecrets.subscriptionId} IN ${subscriptionIds}`,
        sql`coalesce(${webhookSecrets.expiresAt} > ${nowMs}, true)`,
      ),
    )
    .orderBy(sql`${webhookSecrets.expiresAt} IS NOT NULL`, desc(webhookSecrets.id));
}

/** Claims those of the deliveries that are ready; answers with them, their subscriptions and what signs for these. */
export function claimDeliveries(context: Store, ids: readonly DeliveryId[], nowMs: number, leaseMs: number) {
  const targets = sql`(SELECT subscription_id FROM webhook_deliveries WHERE id IN ${among(ids)})`;
  return context.db.batch([
    claim(context, nowMs, leaseMs, sql`${webhookDeliveries.id} IN ${among(ids)}`),
    subscriptionsAmong(context, targets),
    secretsAmong(context, targets, nowMs),
  ]);
}

/** The same for the one of a subscription's deliveries that has been due for longest. */
export function claimNextDelivery(context: Store, id: WebhookId, nowMs: number, leaseMs: number) {
  const next = sql`(SELECT id FROM webhook_deliveries WHERE subscription_id = ${id} AND due_at <= ${nowMs}
    ORDER BY due_at LIMIT 1)`;
  const target = sql`(${id})`;
  return context.db.batch([
    claim(context, nowMs, leaseMs, sql`${webhookDeliveries.id} IN ${next}`),
    subscriptionsAmong(context, target),
    secretsAmong(context, target, nowMs),
  ]);
}

/** What signs for a subscription at present, the newest secret first. */
export function findSecrets(context: Store, subscriptionId: WebhookId, nowMs: number) {
  return secretsAmong(context, sql`(${subscriptionId})`, nowMs);
}

/** What came of an attempt, as the row keeps it. */
export type AttemptRecord = Pick<DeliveryRow, "httpStatusCode" | "responseBody" | "error">;

/** Ends an attempt. */
export function endAttempt(
  { db }: Store,
  { id, claimedUntil, attemptCount }: ClaimedRow,
  end: AttemptRecord & Pick<DeliveryRow, "status" | "dueAt" | "deliveredAt">,
  nowMs: number,
) {
  return db
    .update(webhookDeliveries)
    .set({ ...end, attemptCount: attemptCount + 1, claimedUntil: null, updatedAt: nowMs })
    .where(
      and(
        eq(webhookDeliveries.id, id),
        eq(webhookDeliveries.claimedUntil, claimedUntil),
        eq(webhookDeliveries.attemptCount, attemptCount),
      ),
    );
}

/** Ends a row of dead letters and, after a fast answer, the suspicion of being slow. */
export function clearFailures({ db }: Store, subscriptionId: WebhookId, wasFast: boolean, nowMs: number) {
  const { failureCount, slowUntil } = webhookSubscriptions;
  return db
    .update(webhookSubscriptions)
    .set({ failureCount: 0, ...(wasFast ? { slowUntil: 0 } : {}), updatedAt: sql`max(updated_at + 1, ${nowMs})` })
    .where(
      and(
        eq(webhookSubscriptions.id, subscriptionId),
        wasFast ? or(gt(failureCount, 0), gt(slowUntil, 0)) : gt(failureCount, 0),
      ),
    );
}

/** Counts a dead letter, when the statement before it in the batch made one. */
export function countDeadLetterIfChanged({ db }: Store, subscriptionId: WebhookId, nowMs: number) {
  return db
    .update(webhookSubscriptions)
    .set({ failureCount: sql`failure_count + 1`, updatedAt: sql`max(updated_at + 1, ${nowMs})` })
    .where(and(eq(webhookSubscriptions.id, subscriptionId), previousChanged));
}

/** Disables a subscription that has so many dead letters in a row, when the statement before it in the batch changed a row. */
export function disableIfChanged({ db }: Store, subscriptionId: WebhookId, deadLetters: number) {
  return db
    .update(webhookSubscriptions)
    .set({ active: false })
    .where(
      and(
        eq(webhookSubscriptions.id, subscriptionId),
        eq(webhookSubscriptions.active, true),
        sql`${webhookSubscriptions.failureCount} >= ${deadLetters}`,
        previousChanged,
      ),
    );
}

/** Notes that an endpoint takes long. */
export async function markSlow({ db }: Store, subscriptionId: WebhookId, untilMs: number): Promise<void> {
  await db
    .update(webhookSubscriptions)
    .set({ slowUntil: untilMs })
    .where(and(eq(webhookSubscriptions.id, subscriptionId), lte(webhookSubscriptions.slowUntil, untilMs)));
}

/** Some of the active subscriptions with deliveries that have been due since before a time: nobody is looking after them. */
export async function subscriptionsWithOverdue({ db }: Store, beforeMs: number, limit: number): Promise<WebhookId[]> {
  const rows = await db
    .select({ id: webhookSubscriptions.id })
    .from(webhookSubscriptions)
    .where(
      and(
        eq(webhookSubscriptions.active, true),
        sql`EXISTS (SELECT 1 FROM webhook_deliveries AS waiting
          WHERE waiting.subscription_id = ${webhookSubscriptions.id} AND waiting.due_at <= ${beforeMs})`,
      ),
    )
    .orderBy(sql`random()`)
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The subscriptions of some deliveries that are not finished. */
export async function subscriptionsWaitingFor({ db }: Store, ids: readonly DeliveryId[]): Promise<WebhookId[]> {
  const rows = await db
    .selectDistinct({ id: webhookDeliveries.subscriptionId })
    .from(webhookDeliveries)
    .where(and(sql`${webhookDeliveries.id} IN ${among(ids)}`, sql`${webhookDeliveries.dueAt} IS NOT NULL`));
  return rows.map(({ id }) => id);
}

/** Deletes some of the deliveries that were finished before a time. */
export async function forgetFinished({ db }: Store, beforeMs: number, limit: number): Promise<void> {
  const old = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(and(isNull(webhookDeliveries.dueAt), lte(webhookDeliveries.updatedAt, beforeMs)))
    .orderBy(asc(webhookDeliveries.updatedAt))
    .limit(limit);
  await db.delete(webhookDeliveries).where(inArray(webhookDeliveries.id, old));
}

/** A page of a subscription's deliveries, newest first, and how many there are in all. */
export async function listDeliveries(
  { db }: Store,
  subscriptionId: WebhookId,
  { limit, offset, status }: DeliveryQuery,
): Promise<{ readonly rows: DeliveryRow[]; readonly total: number }> {
  const which = and(
    eq(webhookDeliveries.subscriptionId, subscriptionId),
    status && eq(webhookDeliveries.status, status),
  );
  const [rows, [counted]] = await db.batch([
    db.select().from(webhookDeliveries).where(which).orderBy(desc(webhookDeliveries.id)).limit(limit).offset(offset),
    db.select({ total: count() }).from(webhookDeliveries).where(which),
  ]);
  return { rows, total: counted?.total ?? 0 };
}

/** Which delivery of the subscription has this id? */
export async function findDelivery(
  { db }: Store,
  subscriptionId: WebhookId,
  id: DeliveryId,
): Promise<DeliveryRow | null> {
  const row = await db
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.subscriptionId, subscriptionId), eq(webhookDeliveries.id, id)))
    .get();
  return row ?? null;
}

/** Lets a delivery begin anew, whatever became of it; an attempt that is under way counts no more. */
export async function restartDelivery(
  { db }: Store,
  organizationId: OrganizationId,
  subscriptionId: WebhookId,
  id: DeliveryId,
  nowMs: number,
): Promise<DeliveryRow | null> {
  const [row] = await db
    .update(webhookDeliveries)
    .set({
      status: "pending",
      attemptCount: 0,
      dueAt: nowMs,
      claimedUntil: null,
      httpStatusCode: null,
      responseBody: null,
      error: null,
      deliveredAt: null,
      updatedAt: nowMs,
    })
    .where(
      and(
        eq(webhookDeliveries.organizationId, organizationId),
        eq(webhookDeliveries.subscriptionId, subscriptionId),
        eq(webhookDeliveries.id, id),
      ),
    )
    .returning();
  return row ?? null;
}

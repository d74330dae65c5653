/** The queries of the controls. */
import { and, count, desc, eq, isNotNull, lte, min, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import {
  agents,
  controlResults,
  organizations,
  outbox,
  signingKeys,
  webhookDeliveries,
  webhookSubscriptions,
} from "../../platform/db/schema.ts";
import type { AgentId } from "../../platform/ids.ts";
import { dayMs, minuteMs } from "../../platform/time.ts";

export type ControlResult = typeof controlResults.$inferSelect;

/** The last measurements of all controls. */
export function allResults({ db }: Pick<Context, "db">): Promise<ControlResult[]> {
  return db.select().from(controlResults);
}

/** Stores measurements. Of two concurrent runs, the later measurement stays. */
export async function saveResults({ db }: Pick<Context, "db">, results: readonly ControlResult[]): Promise<void> {
  if (results.length === 0) return;
  await db
    .insert(controlResults)
    .values([...results])
    .onConflictDoUpdate({
      target: controlResults.id,
      set: {
        status: sql`excluded.status`,
        evidence: sql`excluded.evidence`,
        checkedAt: sql`excluded.checked_at`,
        lastCheckedAt: sql`excluded.last_checked_at`,
        progress: sql`excluded.progress`,
      },
      setWhere: sql`excluded.checked_at >= ${controlResults.checkedAt}`,
    });
}

/** Which agent was registered last? */
export async function newestAgent({ db }: Pick<Context, "db">): Promise<{ id: AgentId } | null> {
  const [row] = await db.select({ id: agents.id }).from(agents).orderBy(desc(agents.id)).limit(1);
  return row ?? null;
}

/** D1 can record a use this long after it happened, and so after the agent was suspended. */
const lateUseMs = minuteMs;

export interface CredentialPage {
  readonly checked: number;
  /** Neither revoked nor expired, nor of a deleted organization, whose ledger refuses every sign-in. */
  readonly live: number;
  /** Live ones of decommissioned agents or without an agent, and those that a suspended agent used since. */
  readonly misplaced: number;
  /** Live ones with a secret older than 90 days. */
  readonly old: number;
  /** Secrets without the form of an HMAC-SHA-256: 43 characters of base64url. An empty one was removed. */
  readonly unhashed: number;
  readonly lastId: string | null;
}

/** Counts over the credentials after an id, in the order of ids. */
export async function credentialPage(
  { db, now }: Pick<Context, "db" | "now">,
  after: string | null,
  limit: number,
): Promise<CredentialPage> {
  const nowMs = now();
  const notHash = (column: string) =>
    sql.raw(`(${column} IS NOT NULL AND (length(${column}) NOT IN (0, 43) OR ${column} GLOB '*[^A-Za-z0-9_-]*'))`);
  const [page] = await db.all<CredentialPage>(sql`
    SELECT count(*) AS checked, max(id) AS lastId, coalesce(sum(live), 0) AS live,
      coalesce(sum(live AND misplaced), 0) AS misplaced, coalesce(sum(live AND old), 0) AS old,
      coalesce(sum(unhashed), 0) AS unhashed
    FROM (
      SELECT c.id,
        c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > ${nowMs}) AND o.status IS NOT 'deleted' AS live,
        a.id IS NULL OR a.status = 'decommissioned'
          OR (a.status = 'suspended' AND coalesce(c.last_used_at, 0) > a.updated_at + ${lateUseMs}) AS misplaced,
        coalesce(c.rotated_at, c.created_at) < ${nowMs - 90 * dayMs} AS old,
        ${notHash("c.secret_hash")} OR ${notHash("c.previous_secret_hash")}
          OR EXISTS (SELECT 1 FROM json_each(c.earlier_secrets) WHERE ${notHash("value ->> 'secretHash'")}) AS unhashed
      FROM credentials c LEFT JOIN agents a ON a.id = c.agent_id LEFT JOIN organizations o ON o.id = c.organization_id
      WHERE c.id > ${after ?? ""} ORDER BY c.id LIMIT ${limit}
    )`);
  if (!page) throw new Error("a query of counts has no row");
  return page;
}

/** When each current signing key began to sign, in milliseconds. */
export async function currentKeyTimes({ db }: Pick<Context, "db">): Promise<{ alg: string; sinceMs: number }[]> {
  const rows = await db
    .select({ alg: signingKeys.alg, createdAt: signingKeys.createdAt, activatedAt: signingKeys.activatedAt })
    .from(signingKeys)
    .where(eq(signingKeys.state, "current"));
  return rows.map(({ alg, createdAt, activatedAt }) => ({ alg, sinceMs: activatedAt ?? createdAt }));
}

/** The number of webhook subscriptions of organizations that are not deleted, and of those without https. */
export async function webhookTargets({ db }: Pick<Context, "db">): Promise<{ total: number; insecure: number }> {
  const insecure = sql<number>`coalesce(sum(${webhookSubscriptions.url} NOT LIKE 'https://%'), 0)`;
  const [row] = await db
    .select({ total: count(), insecure })
    .from(webhookSubscriptions)
    .leftJoin(organizations, eq(organizations.id, webhookSubscriptions.organizationId))
    .where(sql`${organizations.status} IS NOT 'deleted'`);
  return row ?? { total: 0, insecure: 0 };
}

/** The age of the oldest event in the outbox, in milliseconds; 0 without one. */
export async function oldestOutboxAgeMs({ db, now }: Pick<Context, "db" | "now">): Promise<number> {
  const [row] = await db.select({ oldest: min(outbox.createdAt) }).from(outbox);
  return row?.oldest ? now() - row.oldest : 0;
}

/** How late the latest webhook delivery is, in milliseconds; 0 without one. Slow endpoints are not counted. */
export async function mostOverdueDeliveryMs({ db, now }: Pick<Context, "db" | "now">): Promise<number> {
  const [row] = await db
    .select({ due: min(webhookDeliveries.dueAt) })
    .from(webhookDeliveries)
    .innerJoin(webhookSubscriptions, eq(webhookSubscriptions.id, webhookDeliveries.endpointId))
    .where(
      and(
        isNotNull(webhookDeliveries.dueAt),
        eq(webhookSubscriptions.active, true),
        lte(webhookSubscriptions.slowUntil, now()),
      ),
    );
  return row?.due ? Math.max(0, now() - row.due) : 0;
}

/** The number of events in the outbox, counted up to `most`. */
export async function countOutbox({ db }: Pick<Context, "db">, most: number): Promise<number> {
  const [row] = await db.all<{ count: number }>(
    sql`SELECT count(*) AS count FROM (SELECT 1 FROM outbox LIMIT ${most})`,
  );
  return row?.count ?? 0;
}

/** The last deliveries that finished within a day, at most `most`: their number, and that of those given up. */
export async function finishedDeliveries(
  { db, now }: Pick<Context, "db" | "now">,
  most: number,
): Promise<{ finished: number; givenUp: number }> {
  const [row] = await db.all<{ finished: number; givenUp: number }>(sql`
    SELECT count(*) AS finished, coalesce(sum(status = 'dead_letter'), 0) AS givenUp FROM (
      SELECT status FROM webhook_deliveries WHERE due_at IS NULL AND updated_at > ${now() - dayMs}
      ORDER BY updated_at DESC LIMIT ${most}
    )`);
  return row ?? { finished: 0, givenUp: 0 };
}

/** The names of the applied migrations; null without their table. */
export async function appliedMigrations({ db }: Pick<Context, "db">): Promise<string[] | null> {
  const tables = await db.all(sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'd1_migrations'`);
  if (tables.length === 0) return null;
  const rows = await db.all<{ name: string }>(sql`SELECT name FROM d1_migrations ORDER BY name`);
  return rows.map(({ name }) => name);
}

/** Queries over the checkpoints of the audit log, and the writes of the scheduled tasks that sign them and remove old events. */
import { and, asc, desc, eq, getTableColumns, gt, lt, lte, not, or, sql } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Gap } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import { among, rowsWithoutLimit } from "../../../platform/db/conditional.ts";
import { auditChains, auditCheckpoints, auditEvents } from "../../../platform/db/schema.ts";
import type { OrganizationId } from "../../../platform/ids.ts";

export type Checkpoint = typeof auditCheckpoints.$inferSelect;

/** The newest checkpoints, newest first. `before`: only checkpoints of a lower sequence. */
export function findCheckpoints(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  before: number | null,
  limit: number,
): Promise<Checkpoint[]> {
  const below = before === null ? undefined : lt(auditCheckpoints.sequence, before);
  return db
    .select()
    .from(auditCheckpoints)
    .where(and(eq(auditCheckpoints.organizationId, organizationId), below))
    .orderBy(desc(auditCheckpoints.sequence))
    .limit(limit);
}

/** Selects the checkpoints of a chain that no distrusted key has signed. */
export interface TrustedCheckpoints {
  readonly organizationId: OrganizationId;
  readonly distrustedKids: readonly string[];
}

/** One parameter for all values: D1 binds at most a hundred, and compromised keys stay in the list for ever. */
const isAmong = (column: AnySQLiteColumn, values: readonly string[]) => sql`${column} IN ${among(values)}`;

const isTrusted = ({ organizationId, distrustedKids }: TrustedCheckpoints) =>
  and(eq(auditCheckpoints.organizationId, organizationId), not(isAmong(auditCheckpoints.kid, distrustedKids)));

/** The last checkpoint of a chain. */
export function findLastCheckpoint({ db }: Pick<Context, "db">, trusted: TrustedCheckpoints) {
  const newestFirst = desc(auditCheckpoints.sequence);
  return db.select().from(auditCheckpoints).where(isTrusted(trusted)).orderBy(newestFirst).limit(1).get();
}

/**
 * The sequence up to which events were removed, 0 for none, and its checkpoint; null when that is missing. With D1's copy of the
 * accepted gaps.
 */
export async function findAnchor({ db }: Pick<Context, "db">, organizationId: OrganizationId) {
  const isThere = and(
    eq(auditCheckpoints.organizationId, auditChains.organizationId),
    eq(auditCheckpoints.sequence, auditChains.anchorSequence),
  );
  const [row] = await db
    .select({ sequence: auditChains.anchorSequence, checkpoint: auditCheckpoints, gaps: auditChains.gaps })
    .from(auditChains)
    .leftJoin(auditCheckpoints, isThere)
    .where(eq(auditChains.organizationId, organizationId));
  return row ?? { sequence: 0, checkpoint: null, gaps: [] };
}

/** A checkpoint with the stored hash of its event; null when the event is missing. */
export interface MatchedCheckpoint extends Checkpoint {
  readonly storedHash: string | null;
}

/** Checkpoints with `after` < sequence ≤ `through`, lowest first. */
export function findCheckpointsBetween(
  { db }: Pick<Context, "db">,
  trusted: TrustedCheckpoints,
  after: number,
  through: number,
  limit: number,
): Promise<MatchedCheckpoint[]> {
  const { organizationId, sequence } = auditEvents;
  return db
    .select({ ...getTableColumns(auditCheckpoints), storedHash: auditEvents.hash })
    .from(auditCheckpoints)
    .leftJoin(
      auditEvents,
      and(eq(organizationId, auditCheckpoints.organizationId), eq(sequence, auditCheckpoints.sequence)),
    )
    .where(and(isTrusted(trusted), gt(auditCheckpoints.sequence, after), lte(auditCheckpoints.sequence, through)))
    .orderBy(asc(auditCheckpoints.sequence))
    .limit(limit);
}

/** A chain that needs a checkpoint: its ledger says so, or the key of its last checkpoint is compromised. */
export interface DueChain {
  readonly organizationId: OrganizationId;
  /** The last event in D1. */
  readonly sequence: number;
  /** Whether a distrusted key has signed its last checkpoint. */
  readonly isDistrusted: boolean;
}

/** Some due chains, in random order, so that chains whose ledgers do not answer do not block the others; and the number of all. */
export async function findDueChains(
  { db }: Pick<Context, "db">,
  distrustedKids: readonly string[],
  nowMs: number,
  limit: number,
): Promise<{ readonly chains: readonly DueChain[]; readonly total: number }> {
  const { organizationId, sequence, checkpointDueAt, checkpointKid } = auditChains;
  const distrusted = isAmong(checkpointKid, distrustedKids);
  const isDistrusted = sql<boolean>`${distrusted} IS TRUE`.mapWith(Boolean);
  const chains = await db
    .select({ organizationId, sequence, isDistrusted, total: rowsWithoutLimit })
    .from(auditChains)
    .where(or(lte(checkpointDueAt, nowMs), distrusted))
    .orderBy(sql`random()`)
    .limit(limit);
  return { chains, total: chains[0]?.total ?? 0 };
}

/** Writes checkpoints, hundreds in one statement. Replaces an existing checkpoint only if a distrusted key has signed it. */
export async function saveCheckpoints(
  { env }: Pick<Context, "env">,
  checkpoints: readonly Checkpoint[],
  distrustedKids: readonly string[],
): Promise<void> {
  const insert = `INSERT INTO audit_checkpoints (organization_id, sequence, event_id, hash, timestamp, kid, jws)
    SELECT value ->> 'organizationId', value ->> 'sequence', value ->> 'eventId', value ->> 'hash', value ->> 'timestamp',
      value ->> 'kid', value ->> 'jws' FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET hash = excluded.hash, timestamp = excluded.timestamp, kid = excluded.kid, jws = excluded.jws
      WHERE audit_checkpoints.kid IN (SELECT value FROM json_each(?2))`;
  const note = `UPDATE audit_chains SET checkpoint_kid = (SELECT kid FROM audit_checkpoints AS made
      WHERE made.organization_id = audit_chains.organization_id ORDER BY made.sequence DESC LIMIT 1)
    WHERE organization_id IN (SELECT value ->> 'organizationId' FROM json_each(?))`;
  const rows = JSON.stringify(checkpoints);
  await env.DB.batch([
    env.DB.prepare(insert).bind(rows, JSON.stringify(distrustedKids)),
    env.DB.prepare(note).bind(rows),
  ]);
}

/** When the ledger of a chain wants the next checkpoint. */
export interface NextCheckpoint {
  readonly organizationId: OrganizationId;
  /** The sequence of {@link DueChain}. If the chain has grown since, the ledger has written a newer time, which must stay. */
  readonly sequence: number;
  /** Milliseconds since the epoch; null while nothing is unsigned. */
  readonly dueAtMs: number | null;
}

export async function saveNextCheckpoints(
  { env }: Pick<Context, "env">,
  next: readonly NextCheckpoint[],
): Promise<void> {
  const update = `UPDATE audit_chains SET checkpoint_due_at = next.value ->> 'dueAtMs' FROM json_each(?) AS next
    WHERE audit_chains.organization_id = next.value ->> 'organizationId'
      AND audit_chains.sequence = next.value ->> 'sequence'`;
  await env.DB.prepare(update).bind(JSON.stringify(next)).run();
}

/** A chain whose oldest checkpoint after the anchor is older than the retention of its organization. */
export interface ExpiredChain {
  readonly organizationId: OrganizationId;
  /** The retention has ended for events up to this time, in milliseconds since the epoch. */
  readonly cutoffMs: number;
}

/** Some chains with events to remove, in random order, so that a chain that always fails does not block the others; and the number of all. */
export async function findExpiredChains(
  { env }: Pick<Context, "env">,
  cutoffMsOfTier: Readonly<Record<string, number>>,
  limit: number,
): Promise<{ readonly chains: readonly ExpiredChain[]; readonly total: number }> {
  const { results } = await env.DB.prepare(
    `SELECT organizationId, cutoffMs, count(*) OVER () AS total FROM (
       SELECT chain.organization_id AS organizationId, ?1 ->> organization.plan_tier AS cutoffMs,
         (SELECT timestamp FROM audit_checkpoints AS checkpoint
          WHERE checkpoint.organization_id = chain.organization_id AND checkpoint.sequence > chain.anchor_sequence
          ORDER BY checkpoint.sequence LIMIT 1) AS oldestMs
       FROM audit_chains AS chain JOIN organizations AS organization ON organization.id = chain.organization_id)
     WHERE oldestMs <= cutoffMs ORDER BY random() LIMIT ?2`,
  )
    .bind(JSON.stringify(cutoffMsOfTier), limit)
    .all<ExpiredChain & { total: number }>();
  return { chains: results, total: results[0]?.total ?? 0 };
}

/**
 * The checkpoint up to which to remove next: the last within `step` events, or the first one if there is none within. A checkpoint
 * in a gap has no event, so the chain cannot start there.
 */
export function findNextAnchor(
  { db }: Pick<Context, "db">,
  trusted: TrustedCheckpoints,
  after: number,
  step: number,
  cutoffMs: number,
  gaps: readonly Gap[],
) {
  const { sequence, timestamp } = auditCheckpoints;
  const isInGap = sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(gaps)}) AS gap
    WHERE ${sequence} BETWEEN gap.value ->> 'fromSequence' AND gap.value ->> 'toSequence')`;
  const isWithin = sql`${sequence} <= ${after + step}`;
  return db
    .select()
    .from(auditCheckpoints)
    .where(and(isTrusted(trusted), gt(sequence, after), lte(timestamp, cutoffMs), not(isInGap)))
    .orderBy(desc(isWithin), sql`CASE WHEN ${isWithin} THEN -${sequence} ELSE ${sequence} END`)
    .limit(1)
    .get();
}

/** Removes the events up to a checkpoint and the checkpoints before it, in one transaction. The chain then starts there. */
export async function removeThrough(
  { db }: Pick<Context, "db">,
  { organizationId, sequence }: Checkpoint,
  after: number,
): Promise<void> {
  const ofChain = eq(auditEvents.organizationId, organizationId);
  await db.batch([
    db
      .update(auditChains)
      .set({ anchorSequence: sequence })
      .where(and(eq(auditChains.organizationId, organizationId), lt(auditChains.anchorSequence, sequence))),
    db.delete(auditEvents).where(and(ofChain, gt(auditEvents.sequence, after), lte(auditEvents.sequence, sequence))),
    db
      .delete(auditCheckpoints)
      .where(and(eq(auditCheckpoints.organizationId, organizationId), lt(auditCheckpoints.sequence, sequence))),
  ]);
}

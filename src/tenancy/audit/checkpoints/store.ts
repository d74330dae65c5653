/** Questions to the checkpoints of the audit log, and what the scheduled run writes: checkpoints, marks, and the end of old events. */
import { and, asc, desc, eq, getTableColumns, gt, lt, lte, not, or, sql } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Context } from "../../../platform/context.ts";
import { among } from "../../../platform/db/conditional.ts";
import { auditChains, auditCheckpoints, auditEvents } from "../../../platform/db/schema.ts";
import type { OrganizationId } from "../../../platform/ids.ts";

export type Checkpoint = typeof auditCheckpoints.$inferSelect;

/** The newest checkpoints, newest first. `before`: only those of a lower sequence. */
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

/** Which checkpoints are asked for: those of a chain that none of the distrusted keys has signed. */
export interface TrustedCheckpoints {
  readonly organizationId: OrganizationId;
  readonly distrustedKids: readonly string[];
}

/** One parameter, however many they are: D1 takes a hundred, and compromised keys are remembered for ever. */
const isAmong = (column: AnySQLiteColumn, values: readonly string[]) =>
  sql<number | null>`${column} IN ${among(values)}`;

const isTrusted = ({ organizationId, distrustedKids }: TrustedCheckpoints) =>
  and(eq(auditCheckpoints.organizationId, organizationId), not(isAmong(auditCheckpoints.kid, distrustedKids)));

/** The last checkpoint of a chain. */
export async function findLastCheckpoint(
  { db }: Pick<Context, "db">,
  trusted: TrustedCheckpoints,
): Promise<Checkpoint | undefined> {
  const [last] = await db
    .select()
    .from(auditCheckpoints)
    .where(isTrusted(trusted))
    .orderBy(desc(auditCheckpoints.sequence))
    .limit(1);
  return last;
}

/** The place up to which events of a chain were removed, and the checkpoint there; null when it cannot be found. */
export interface Anchor {
  /** 0: none was removed. */
  readonly sequence: number;
  readonly checkpoint: Checkpoint | null;
}

export async function findAnchor({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<Anchor> {
  const isThere = and(
    eq(auditCheckpoints.organizationId, auditChains.organizationId),
    eq(auditCheckpoints.sequence, auditChains.anchorSequence),
  );
  const [row] = await db
    .select({ sequence: auditChains.anchorSequence, checkpoint: auditCheckpoints })
    .from(auditChains)
    .leftJoin(auditCheckpoints, isThere)
    .where(eq(auditChains.organizationId, organizationId));
  return row ?? { sequence: 0, checkpoint: null };
}

/** A checkpoint, and the hash of the event that it names, if that is there. */
export interface MatchedCheckpoint extends Checkpoint {
  readonly storedHash: string | null;
}

/** Checkpoints with `after` < sequence ≤ `through` in their order. */
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

/** A chain that the ledger, or a key that was stolen, has made due for a checkpoint. */
export interface DueChain {
  readonly organizationId: OrganizationId;
  /** How far the log had come. */
  readonly sequence: number;
  /** Whether its last checkpoint was signed by a key that is not trusted any more. */
  readonly isDistrusted: boolean;
}

/** Chains that are due, the longest overdue first. */
export async function findDueChains(
  { db }: Pick<Context, "db">,
  distrustedKids: readonly string[],
  nowMs: number,
  limit: number,
): Promise<DueChain[]> {
  const { organizationId, sequence, checkpointDueAt, checkpointKid } = auditChains;
  const distrusted = isAmong(checkpointKid, distrustedKids);
  const rows = await db
    .select({ organizationId, sequence, isDistrusted: distrusted })
    .from(auditChains)
    .where(or(lte(checkpointDueAt, nowMs), distrusted))
    .orderBy(asc(checkpointDueAt))
    .limit(limit);
  return rows.map((row) => ({ ...row, isDistrusted: row.isDistrusted === 1 }));
}

/**
 * Writes checkpoints. One that is there stays, unless a key that is not trusted any more has signed it. All of them in one
 * statement, so that a run over hundreds of organizations costs D1 one.
 */
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

/** When a chain is due again, as its ledger said. */
export interface NextCheckpoint {
  readonly organizationId: OrganizationId;
  /** The sequence of {@link DueChain}: when the log has moved on since, the ledger has said more, and that stands. */
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

/** A chain that holds events whose time is over, by its oldest checkpoint behind the anchor. */
export interface ExpiredChain {
  readonly organizationId: OrganizationId;
  /** Checkpoints up to this time are old enough, in milliseconds. */
  readonly cutoffMs: number;
}

/** Some chains with events to remove. In no order, so that none that cannot be done holds up the others. */
export async function findExpiredChains(
  { env }: Pick<Context, "env">,
  cutoffMsOfTier: Readonly<Record<string, number>>,
  limit: number,
): Promise<ExpiredChain[]> {
  const { results } = await env.DB.prepare(
    `SELECT organizationId, cutoffMs FROM (
       SELECT chain.organization_id AS organizationId, ?1 ->> organization.plan_tier AS cutoffMs,
         (SELECT timestamp FROM audit_checkpoints AS checkpoint
          WHERE checkpoint.organization_id = chain.organization_id AND checkpoint.sequence > chain.anchor_sequence
          ORDER BY checkpoint.sequence LIMIT 1) AS oldestMs
       FROM audit_chains AS chain JOIN organizations AS organization ON organization.id = chain.organization_id)
     WHERE oldestMs <= cutoffMs ORDER BY random() LIMIT ?2`,
  )
    .bind(JSON.stringify(cutoffMsOfTier), limit)
    .all<ExpiredChain>();
  return results;
}

/** The checkpoint up to which to remove next: the last within a step, or else the first behind it. */
export async function findNextAnchor(
  { db }: Pick<Context, "db">,
  trusted: TrustedCheckpoints,
  after: number,
  step: number,
  cutoffMs: number,
): Promise<Checkpoint | undefined> {
  const { sequence, timestamp } = auditCheckpoints;
  const isWithin = sql`${sequence} <= ${after + step}`;
  const [next] = await db
    .select()
    .from(auditCheckpoints)
    .where(and(isTrusted(trusted), gt(sequence, after), lte(timestamp, cutoffMs)))
    .orderBy(desc(isWithin), sql`CASE WHEN ${isWithin} THEN -${sequence} ELSE ${sequence} END`)
    .limit(1);
  return next;
}

/** Removes the events up to a checkpoint, and the checkpoints before it; the chain then begins there. All or nothing. */
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

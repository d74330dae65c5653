/** The queries of the console's sessions. */
import { and, desc, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import type { Context, WithDb } from "../../platform/context.ts";
import type { KeyedHash } from "../../platform/crypto/keyed-hash.ts";
import { among } from "../../platform/db/conditional.ts";
import { consoleLinks, consoleSessions, type sessionEnds } from "../../platform/db/schema.ts";
import type { AgentId, TokenId } from "../../platform/ids.ts";
import { dayMs, minuteMs } from "../../platform/time.ts";

export type SessionRow = typeof consoleSessions.$inferSelect;
export type LinkRow = typeof consoleLinks.$inferSelect;
export type SessionEnd = (typeof sessionEnds)[number];

/** How long a session lasts without a call, and at all, in milliseconds. */
export const idleMs = 30 * minuteMs;
export const longestMs = 8 * 60 * minuteMs;

/** How long a row stays after the end of its session, so that its browser gets the reason. */
const keptMs = dayMs;

/** Whether a session that was not ended lasts at `nowMs`. */
export const isOver = ({ expiresAt, lastUsedAt }: Pick<SessionRow, "expiresAt" | "lastUsedAt">, nowMs: number) =>
  expiresAt <= nowMs || lastUsedAt + idleMs <= nowMs;

const isExpired = (nowMs: number): SQL =>
  sql`(${consoleSessions.expiresAt} <= ${nowMs} OR ${consoleSessions.lastUsedAt} <= ${nowMs - idleMs})`;

/** Changes nothing where the session is stored: another request with the same link was first. */
export const insertSession = ({ db }: WithDb, row: SessionRow) =>
  db.insert(consoleSessions).values(row).onConflictDoNothing();

/** The session with this cookie, also one that has ended. */
export async function findByCookie({ db }: WithDb, hashes: readonly KeyedHash[]): Promise<SessionRow | null> {
  const rows = await db
    .select()
    .from(consoleSessions)
    .where(
      inArray(
        consoleSessions.cookieHash,
        hashes.map(({ hash }) => hash),
      ),
    );
  return rows.find(({ cookieHashKeyId }) => hashes.some(({ keyId }) => keyId === cookieHashKeyId)) ?? null;
}

/** A session of the agent; null when it has no such one. */
export async function findSession({ db }: WithDb, agentId: AgentId, id: TokenId): Promise<SessionRow | null> {
  const isOwn = and(eq(consoleSessions.id, id), eq(consoleSessions.agentId, agentId));
  return (await db.select().from(consoleSessions).where(isOwn).get()) ?? null;
}

/** The sessions of the agent that were not ended and have not expired, newest first. */
export function sessionsOf({ db, now }: Pick<Context, "db" | "now">, agentId: AgentId): Promise<SessionRow[]> {
  return db
    .select()
    .from(consoleSessions)
    .where(and(eq(consoleSessions.agentId, agentId), isNull(consoleSessions.endedAt), sql`NOT ${isExpired(now())}`))
    .orderBy(desc(consoleSessions.id));
}

/** Records a call. */
export async function touchSession({ db }: WithDb, id: TokenId, lastUsedAt: number): Promise<void> {
  await db.update(consoleSessions).set({ lastUsedAt }).where(eq(consoleSessions.id, id));
}

/** Records why a session is about to end. */
export async function noteReason({ db }: WithDb, id: TokenId, endReason: SessionEnd): Promise<void> {
  await db
    .update(consoleSessions)
    .set({ endReason })
    .where(and(eq(consoleSessions.id, id), isNull(consoleSessions.endReason)));
}

/** Records the end of a session. @returns whether it had none */
export async function endRow({ db }: WithDb, id: TokenId, endedAt: number): Promise<boolean> {
  const { meta } = await db
    .update(consoleSessions)
    .set({ endedAt })
    .where(and(eq(consoleSessions.id, id), isNull(consoleSessions.endedAt)));
  return meta.changes > 0;
}

/** Some sessions whose time is over and whose end is not recorded. */
export function expiredSessions({ db }: WithDb, nowMs: number, limit: number): Promise<SessionRow[]> {
  return db
    .select()
    .from(consoleSessions)
    .where(and(isNull(consoleSessions.endedAt), isExpired(nowMs)))
    .limit(limit);
}

/** Removes at most `limit` rows of sessions that ended long ago. */
export async function removeEnded({ db }: WithDb, nowMs: number, limit: number): Promise<void> {
  const old = sql`SELECT rowid FROM console_sessions WHERE ended_at <= ${nowMs - keptMs} LIMIT ${limit}`;
  await db.delete(consoleSessions).where(sql`rowid IN (${old})`);
}

export const insertLink = ({ db }: WithDb, row: LinkRow) => db.insert(consoleLinks).values(row);

/** The link with this code, also one that is too old. */
export async function findLink({ db }: WithDb, hashes: readonly KeyedHash[]): Promise<LinkRow | null> {
  const isOne = inArray(
    consoleLinks.codeHash,
    hashes.map(({ hash }) => hash),
  );
  const rows = await db.select().from(consoleLinks).where(isOne);
  return rows.find(({ codeHashKeyId }) => hashes.some(({ keyId }) => keyId === codeHashKeyId)) ?? null;
}

export const removeLink = ({ db }: WithDb, { codeHash }: LinkRow) =>
  db.delete(consoleLinks).where(eq(consoleLinks.codeHash, codeHash));

/** Removes at most `limit` links that are too old. */
export async function removeOldLinks({ db }: WithDb, nowMs: number, limit: number): Promise<void> {
  const old = sql`SELECT rowid FROM console_links WHERE expires_at <= ${nowMs} LIMIT ${limit}`;
  await db.delete(consoleLinks).where(sql`rowid IN (${old})`);
}

/** Removes the sessions of these agents, which are decommissioned, or about to be in the same batch. */
export const removeSessionsOf = ({ db }: WithDb, agentIds: readonly AgentId[]) =>
  db.delete(consoleSessions).where(sql`${consoleSessions.agentId} IN ${among(agentIds)}`);

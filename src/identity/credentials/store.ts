/** The queries of the credentials room, each named after the question it answers or the change it makes. */
import { and, count, desc, eq, exists, gt, isNull, lt, lte, ne, notExists, or, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../platform/db/client.ts";
import { insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { agents, credentials } from "../../platform/db/schema.ts";
import type { AgentId, CredentialId } from "../../platform/ids.ts";

export type CredentialRow = typeof credentials.$inferSelect;

/** Which credential of the agent has this id? */
export async function findCredential(db: Database, agentId: AgentId, id: CredentialId): Promise<CredentialRow | null> {
  const row = await db
    .select()
    .from(credentials)
    .where(and(eq(credentials.agentId, agentId), eq(credentials.id, id)))
    .get();
  return row ?? null;
}

/** The agent's newest credentials that are older than `before`. */
export function listCredentials(
  db: Database,
  agentId: AgentId,
  page: { readonly before: CredentialId | null; readonly limit: number },
): Promise<CredentialRow[]> {
  return db
    .select()
    .from(credentials)
    .where(and(eq(credentials.agentId, agentId), page.before === null ? undefined : lt(credentials.id, page.before)))
    .orderBy(desc(credentials.id))
    .limit(page.limit);
}

function active(db: Database, agentId: AgentId, nowMs: number) {
  return db
    .select({ count: count() })
    .from(credentials)
    .where(
      and(
        eq(credentials.agentId, agentId),
        isNull(credentials.revokedAt),
        or(isNull(credentials.expiresAt), gt(credentials.expiresAt, nowMs)),
      ),
    );
}

/** How many credentials of the agent are neither revoked nor expired? */
export async function countActiveCredentials(db: Database, agentId: AgentId, nowMs: number): Promise<number> {
  return (await active(db, agentId, nowMs).get())?.count ?? 0;
}

/** How many unrevoked credentials, of all organizations, expire after one time and up to another? */
export function countExpiringCredentials(db: Database, afterMs: number, throughMs: number): Promise<number> {
  const { revokedAt, expiresAt } = credentials;
  return db.$count(credentials, and(isNull(revokedAt), gt(expiresAt, afterMs), lte(expiresAt, throughMs)));
}

/** Adds a credential if the agent is not decommissioned and has fewer than `maximum` active ones. */
export function insertCredential(db: Database, row: CredentialRow, maximum: number) {
  const agent = db
    .select({ id: agents.id })
    .from(agents)
    .where(
      and(
        eq(agents.id, row.agentId),
        ne(agents.status, "decommissioned"),
        sql`${active(db, row.agentId, row.createdAt)} < ${maximum}`,
      ),
    );
  return insertWhere(db, credentials, row, exists(agent));
}

/** Puts a new secret in the place of the one that was read, unless that has been replaced or the credential revoked since. */
export function replaceSecret(
  db: Database,
  read: CredentialRow,
  next: Pick<
    CredentialRow,
    "secretHash" | "hashKeyId" | "previousSecretHash" | "previousHashKeyId" | "previousExpiresAt" | "rotatedAt"
  >,
) {
  return db
    .update(credentials)
    .set(next)
    .where(
      and(eq(credentials.id, read.id), eq(credentials.secretHash, read.secretHash), isNull(credentials.revokedAt)),
    );
}

/** Revokes a credential unless it is revoked already. */
export function revokeCredential(db: Database, id: CredentialId, revokedAt: number) {
  return db
    .update(credentials)
    .set({ revokedAt })
    .where(and(eq(credentials.id, id), isNull(credentials.revokedAt)));
}

/** Which credentials of the agent are not revoked? Expired ones are among them. */
export async function unrevokedCredentialIds(db: Database, agentId: AgentId): Promise<CredentialId[]> {
  const rows = await db
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.agentId, agentId), isNull(credentials.revokedAt)))
    .orderBy(credentials.id);
  return rows.map(({ id }) => id);
}

/** Holds when the agent has no unrevoked credential beside the given ones. */
export function noUnrevokedBeside(db: Database, agentId: AgentId, ids: readonly CredentialId[]): SQL {
  const others = db
    .select({ id: credentials.id })
    .from(credentials)
    .where(
      and(
        eq(credentials.agentId, agentId),
        isNull(credentials.revokedAt),
        // One parameter however many ids there are: D1 takes at most 100.
        sql`${credentials.id} NOT IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
      ),
    );
  return notExists(others);
}

/** Revokes all credentials of an agent if the statement before changed a row. */
export function revokeCredentialsIfChanged(db: Database, agentId: AgentId, revokedAt: number) {
  return db
    .update(credentials)
    .set({ revokedAt })
    .where(and(eq(credentials.agentId, agentId), isNull(credentials.revokedAt), previousChanged));
}

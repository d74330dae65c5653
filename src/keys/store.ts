/** The queries over signing keys. */
import { and, asc, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { WithDb } from "../platform/context.ts";
import { among } from "../platform/db/conditional.ts";
import { agentKeys, signingKeys, webhookSecrets } from "../platform/db/schema.ts";
import type { OrganizationId } from "../platform/ids.ts";
import type { SealedKeyPair } from "./key-pairs.ts";
import type { PublishedJwk, SigningAlg } from "./schema.ts";

export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** The next, current and previous keys without compromised ones, oldest first. */
export function publishedRows({ db }: WithDb): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(ne(signingKeys.state, "retired"), isNull(signingKeys.compromisedAt)))
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
}

/** Every key that ever existed: a few a year. */
export function everyRow({ db }: WithDb): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys);
}

/** The row of a new key. */
export function rowOf(pair: SealedKeyPair, state: "next" | "current", nowMs: number): typeof signingKeys.$inferInsert {
  return {
    id: pair.kid,
    alg: pair.alg,
    state,
    publicJwk: pair.publicJwk satisfies PublishedJwk as JsonWebKey,
    privateSealed: pair.privateSealed,
    createdAt: nowMs,
    activatedAt: state === "current" ? nowMs : null,
  };
}

/** Inserts keys, except where there is one of the same algorithm and state: a concurrent request inserted it. */
export function insertMissingKeys({ db }: WithDb, rows: readonly (typeof signingKeys.$inferInsert)[]) {
  return db
    .insert(signingKeys)
    .values([...rows])
    .onConflictDoNothing();
}

/** The first step of a rotation: current becomes previous, if both keys still have the states that the caller read. */
export function replaceCurrentKey({ db }: WithDb, currentKid: string, nextKid: string, nowMs: number) {
  const hasNext = sql`EXISTS (SELECT 1 FROM signing_keys WHERE id = ${nextKid} AND state = 'next')`;
  return db
    .update(signingKeys)
    .set({ state: "previous", replacedAt: nowMs, privateSealed: null })
    .where(and(eq(signingKeys.id, currentKid), eq(signingKeys.state, "current"), hasNext));
}

/** The second step: next becomes current, if the first step took place. */
export function activateNextKey({ db }: WithDb, alg: SigningAlg, nextKid: string, nowMs: number) {
  const hasNoCurrent = sql`NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = ${alg} AND state = 'current')`;
  return db
    .update(signingKeys)
    .set({ state: "current", activatedAt: nowMs })
    .where(and(eq(signingKeys.id, nextKid), eq(signingKeys.state, "next"), hasNoCurrent));
}

/** Marks a replaced key as compromised: it is not loaded or published any more, and its private part is deleted. */
export function markCompromised({ db }: WithDb, kid: string, nowMs: number) {
  return db
    .update(signingKeys)
    .set({ compromisedAt: nowMs, privateSealed: null })
    .where(and(eq(signingKeys.id, kid), eq(signingKeys.state, "previous"), isNull(signingKeys.compromisedAt)));
}

/** Compromised keys that a ledger may still accept, oldest mark first. */
export function unfinishedDrops({ db }: WithDb): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(isNotNull(signingKeys.compromisedAt), ne(signingKeys.state, "retired")))
    .orderBy(asc(signingKeys.compromisedAt), asc(signingKeys.id));
}

/** Compromised keys whose drop is finished, marked at or after a time. */
export function finishedDropsSince({ db }: WithDb, sinceMs: number): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(gte(signingKeys.compromisedAt, sinceMs), eq(signingKeys.state, "retired")));
}

/** Stores the last organization whose ledger has dropped the keys. */
export async function saveDropProgress(
  { db }: WithDb,
  kids: readonly string[],
  through: OrganizationId,
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ droppedThrough: through })
    .where(and(inArray(signingKeys.id, among(kids)), ne(signingKeys.state, "retired")));
}

/** Ends a drop: every ledger has dropped the keys. */
export async function retireDropped({ db }: WithDb, kids: readonly string[], nowMs: number): Promise<void> {
  await db
    .update(signingKeys)
    .set({ state: "retired", retiredAt: nowMs, privateSealed: null })
    .where(
      and(inArray(signingKeys.id, among(kids)), isNotNull(signingKeys.compromisedAt), ne(signingKeys.state, "retired")),
    );
}

/** Retires the previous keys that were replaced at or before a time. */
export async function retireReplacedBefore({ db }: WithDb, replacedAtMs: number, nowMs: number): Promise<void> {
  const { state, compromisedAt, replacedAt } = signingKeys;
  await db
    .update(signingKeys)
    .set({ state: "retired", retiredAt: nowMs, privateSealed: null })
    .where(and(eq(state, "previous"), isNull(compromisedAt), lte(replacedAt, replacedAtMs)));
}

/** A private part that is not sealed with the first key of the ring. */
export interface SealedRow {
  readonly id: string;
  readonly privateSealed: string;
}

const sealedIn = { signing_keys: signingKeys, agent_keys: agentKeys, webhook_secrets: webhookSecrets } as const;
/** A table with private parts. */
export type SealedTable = keyof typeof sealedIn;

export const sealedTables = Object.keys(sealedIn) as readonly SealedTable[];

/** The rows after an id, in the order of ids: the private part, and the text of the public part if the table has one. */
export function storedKeysAfter({ db }: WithDb, table: SealedTable, after: string | null, limit: number) {
  const columns: { id: SQLiteColumn; privateSealed: SQLiteColumn; publicJwk?: SQLiteColumn } = sealedIn[table];
  return db
    .select({
      id: sql<string>`${columns.id}`,
      privateSealed: sql<string | null>`${columns.privateSealed}`,
      publicJwk: sql<string | null>`${columns.publicJwk ?? null}`,
    })
    .from(sealedIn[table])
    .where(after === null ? undefined : gt(columns.id, after))
    .orderBy(asc(columns.id))
    .limit(limit);
}

/** Holds for private parts that the scheduled run is about to remove (`identity/removal`). */
const isToRemove: Readonly<Record<SealedTable, SQL>> = {
  signing_keys: sql`false`,
  agent_keys: sql`EXISTS (SELECT 1 FROM agents JOIN organizations ON organizations.id = agents.organization_id
    WHERE agents.id = agent_keys.agent_id AND (agents.status = 'decommissioned' OR organizations.status = 'deleted'))`,
  webhook_secrets: sql`EXISTS (SELECT 1 FROM webhook_subscriptions JOIN organizations
      ON organizations.id = webhook_subscriptions.organization_id
    WHERE webhook_subscriptions.id = webhook_secrets.subscription_id AND organizations.status = 'deleted')`,
};

/**
 * Some private parts in use that are sealed with one of the given key-encryption keys, in random order: some may never open.
 */
export async function rowsSealedWith(
  { db }: WithDb,
  table: SealedTable,
  keyIds: readonly string[],
  limit: number,
): Promise<SealedRow[]> {
  const { id, privateSealed } = sealedIn[table];
  // `v1.<key id>.`, see platform/crypto/sealing.ts. substr and not LIKE: a key id may hold an underscore.
  const prefixes = keyIds.map((keyId) => `v1.${keyId}.`);
  const matches = prefixes.map((prefix) => sql`substr(${privateSealed}, 1, ${prefix.length}) = ${prefix}`);
  const rows = await db
    .select({ id, privateSealed })
    .from(sealedIn[table])
    .where(sql`(${sql.join(matches, sql` OR `)}) AND NOT ${isToRemove[table]}`)
    .orderBy(sql`random()`)
    .limit(limit);
  return rows.flatMap((row) => (row.privateSealed === null ? [] : [{ id: row.id, privateSealed: row.privateSealed }]));
}

/** A private part, and its new sealed form. */
export interface Resealed extends SealedRow {
  readonly sealed: string;
}

/** Replaces sealed private parts in one statement, except those that have changed since they were read. */
export async function replaceSealed({ db }: WithDb, table: SealedTable, rows: readonly Resealed[]): Promise<void> {
  const { id, privateSealed } = sealedIn[table];
  const given = sql`json_each(${JSON.stringify(rows)})`;
  await db
    .update(sealedIn[table])
    .set({ privateSealed: sql`(SELECT value ->> 'sealed' FROM ${given} WHERE value ->> 'id' = ${id})` })
    .where(sql`(${id}, ${privateSealed}) IN (SELECT value ->> 'id', value ->> 'privateSealed' FROM ${given})`);
}

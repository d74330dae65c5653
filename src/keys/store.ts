/** The queries over signing keys. */
import { and, asc, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Context } from "../platform/context.ts";
import { among } from "../platform/db/conditional.ts";
import { agentKeys, signingKeys, webhookSecrets } from "../platform/db/schema.ts";
import type { OrganizationId } from "../platform/ids.ts";
import type { SealedKeyPair } from "./key-pairs.ts";
import type { PublishedJwk, SigningAlg } from "./schema.ts";

export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** Every key that counts: next, current and previous, the compromised ones left out. Oldest first. */
export function publishedRows({ db }: Pick<Context, "db">): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(ne(signingKeys.state, "retired"), isNull(signingKeys.compromisedAt)))
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
}

/** Every key there ever was; a few in a year. */
export function everyRow({ db }: Pick<Context, "db">): Promise<SigningKeyRow[]> {
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

/** Puts keys in where there is none of their algorithm and state yet; a row that lost a race is left out. */
export function insertMissingKeys({ db }: Pick<Context, "db">, rows: readonly (typeof signingKeys.$inferInsert)[]) {
  return db
    .insert(signingKeys)
    .values([...rows])
    .onConflictDoNothing();
}

/** One step of a rotation: current becomes previous. Only when both keys still are what the caller read. */
export function replaceCurrentKey({ db }: Pick<Context, "db">, currentKid: string, nextKid: string, nowMs: number) {
  return db
    .update(signingKeys)
    .set({ state: "previous", replacedAt: nowMs, privateSealed: null })
    .where(
      and(
        eq(signingKeys.id, currentKid),
        eq(signingKeys.state, "current"),
        sql`EXISTS (SELECT 1 FROM signing_keys WHERE id = ${nextKid} AND state = 'next')`,
      ),
    );
}

/** The second step: next becomes current, when the step before has made room for it. */
export function activateNextKey({ db }: Pick<Context, "db">, alg: SigningAlg, nextKid: string, nowMs: number) {
  return db
    .update(signingKeys)
    .set({ state: "current", activatedAt: nowMs })
    .where(
      and(
        eq(signingKeys.id, nextKid),
        eq(signingKeys.state, "next"),
        sql`NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = ${alg} AND state = 'current')`,
      ),
    );
}

/** Marks a replaced key as compromised: from here on nobody loads or publishes it, and the private part is gone. */
export function markCompromised({ db }: Pick<Context, "db">, kid: string, nowMs: number) {
  return db
    .update(signingKeys)
    .set({ compromisedAt: nowMs, privateSealed: null })
    .where(and(eq(signingKeys.id, kid), eq(signingKeys.state, "previous"), isNull(signingKeys.compromisedAt)));
}

/** Compromised keys that some ledger may still accept, oldest mark first. */
export function unfinishedDrops({ db }: Pick<Context, "db">): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(isNotNull(signingKeys.compromisedAt), ne(signingKeys.state, "retired")))
    .orderBy(asc(signingKeys.compromisedAt), asc(signingKeys.id));
}

/** Compromised keys whose drop was finished, marked at or after a time. */
export function finishedDropsSince({ db }: Pick<Context, "db">, sinceMs: number): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(gte(signingKeys.compromisedAt, sinceMs), eq(signingKeys.state, "retired")));
}

/** Remembers how far a drop has come. */
export async function saveDropProgress(
  { db }: Pick<Context, "db">,
  kids: readonly string[],
  through: OrganizationId,
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ droppedThrough: through })
    .where(and(inArray(signingKeys.id, among(kids)), ne(signingKeys.state, "retired")));
}

/** Ends a drop: every ledger knows. */
export async function retireDropped(
  { db }: Pick<Context, "db">,
  kids: readonly string[],
  nowMs: number,
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ state: "retired", retiredAt: nowMs, privateSealed: null })
    .where(
      and(inArray(signingKeys.id, among(kids)), isNotNull(signingKeys.compromisedAt), ne(signingKeys.state, "retired")),
    );
}

/** Retires the previous keys that were replaced at or before a time; answers with their ids. */
export function retireReplacedBefore(
  { db }: Pick<Context, "db">,
  replacedAtMs: number,
  nowMs: number,
): Promise<{ id: string }[]> {
  return db
    .update(signingKeys)
    .set({ state: "retired", retiredAt: nowMs, privateSealed: null })
    .where(
      and(
        eq(signingKeys.state, "previous"),
        isNull(signingKeys.compromisedAt),
        lte(signingKeys.replacedAt, replacedAtMs),
      ),
    )
    .returning({ id: signingKeys.id });
}

/** A private part that is not sealed with the first key of the ring. */
export interface SealedRow {
  readonly id: string;
  readonly privateSealed: string;
}

const keptIn = { signing_keys: signingKeys, agent_keys: agentKeys, webhook_secrets: webhookSecrets } as const;
export type SealedTable = keyof typeof keptIn;

/** Every table that holds private parts. */
export const sealedTables = Object.keys(keptIn) as readonly SealedTable[];

/** The rows after an id, in the order of ids: the private part, and the text of the public one where there is one. */
export function storedKeysAfter({ db }: Pick<Context, "db">, table: SealedTable, after: string | null, limit: number) {
  const columns: { id: SQLiteColumn; privateSealed: SQLiteColumn; publicJwk?: SQLiteColumn } = keptIn[table];
  return db
    .select({
      id: sql<string>`${columns.id}`,
      privateSealed: sql<string | null>`${columns.privateSealed}`,
      publicJwk: sql<string | null>`${columns.publicJwk ?? null}`,
    })
    .from(keptIn[table])
    .where(after === null ? undefined : gt(columns.id, after))
    .orderBy(asc(columns.id))
    .limit(limit);
}

/** Private parts that are sealed with one of the given key-encryption keys. */
export async function rowsSealedWith(
  { db }: Pick<Context, "db">,
  table: SealedTable,
  keyIds: readonly string[],
  limit: number,
): Promise<SealedRow[]> {
  const { id, privateSealed } = keptIn[table];
  // `v1.<key id>.`, see platform/crypto/sealing.ts. substr and not LIKE: a key id may hold an underscore.
  const prefixes = keyIds.map((keyId) => `v1.${keyId}.`);
  const matches = prefixes.map((prefix) => sql`substr(${privateSealed}, 1, ${prefix.length}) = ${prefix}`);
  const rows = await db
    .select({ id, privateSealed })
    .from(keptIn[table])
    .where(sql.join(matches, sql` OR `))
    .limit(limit);
  return rows.flatMap((row) => (row.privateSealed === null ? [] : [{ id: row.id, privateSealed: row.privateSealed }]));
}

/** Puts a newly sealed private part in the place of the one that was read, unless that has changed meanwhile. */
export function replaceSealed({ db }: Pick<Context, "db">, table: SealedTable, row: SealedRow, sealed: string) {
  const { id, privateSealed } = keptIn[table];
  return db
    .update(keptIn[table])
    .set({ privateSealed: sealed })
    .where(and(eq(id, row.id), eq(privateSealed, row.privateSealed)));
}

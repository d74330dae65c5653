/** A hold: the ledger uses no cached copy of a record, or refuses it, while a change of the record is on its way to D1. */
import { sql } from "drizzle-orm";
import type { Context } from "../platform/context.ts";
import { outbox } from "../platform/db/schema.ts";
import { type HoldId, newId, type OrganizationId } from "../platform/ids.ts";

/**
 * How long after its hold was set a change may still be written, in milliseconds. It is shorter than a hold, so that no write
 * comes after the ledger has released the hold. The difference covers the differences between clocks.
 */
const writeWithinMs = 45_000;

/** How long the ledger keeps a hold whose change it never gets, in milliseconds. */
export const holdMs = 60_000;

/** A change that the ledger expects. */
export interface Hold {
  readonly id: HoldId;
  /** The organization whose ledger has the hold. */
  readonly organizationId: OrganizationId;
  /** Milliseconds since the epoch. D1 refuses the change after it. */
  readonly writeByMs: number;
}

/** Makes a hold. Call it before the ledger sets it, so that the deadline is never late. */
export function newHold(context: Pick<Context, "now">, organizationId: OrganizationId): Hold {
  const nowMs = context.now();
  return { id: newId<HoldId>(nowMs), organizationId, writeByMs: nowMs + writeWithinMs };
}

/** The time of D1, in milliseconds since the epoch. A write may wait on its way to D1, so the Worker's time does not decide. */
const databaseNowMs = sql`CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)`;

/**
 * The first statement of a change with a hold: after the deadline it fails, and the whole batch with it. In SQLite a statement
 * fails only by an error, so it inserts a row that has no event.
 */
export function failAfterDeadline({ db }: Pick<Context, "db">, { organizationId, writeByMs }: Hold) {
  const values = sql`'too late', ${organizationId}, NULL, 0, false`;
  return db.insert(outbox).select(sql`SELECT ${values} WHERE ${databaseNowMs} > ${writeByMs}`);
}

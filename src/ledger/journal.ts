/**
 * Counts on their way to their tables. A commit writes one row here, whatever was counted and for however many agents; from time
 * to time all of it is entered in the tables, and at the start what a former life of the object had not come to enter.
 */

/** A part that counts in memory. What it drains is JSON. */
export interface Journaled<Changes = unknown> {
  /** What has been counted since the last time; null for nothing. */
  drain(): Changes | null;
  /** Counts what a former life of the object had drained. */
  restore(changes: Changes): void;
  /** Writes everything that was drained to tables of its own; the caller provides the transaction. */
  save(): void;
}

/** The journal of the parts of one ledger. */
export class Journal {
  readonly #sql: SqlStorage;
  readonly #parts: Readonly<Record<string, Journaled>>;

  constructor(sql: SqlStorage, parts: Readonly<Record<string, Journaled>>) {
    this.#sql = sql;
    this.#parts = parts;
    sql.exec("CREATE TABLE IF NOT EXISTS journal (entry INTEGER PRIMARY KEY, changes TEXT NOT NULL)");
    const rows = sql.exec<{ changes: string }>("SELECT changes FROM journal ORDER BY entry").toArray();
    for (const row of rows) {
      const changes = JSON.parse(row.changes) as Record<string, unknown>;
      for (const [name, ofPart] of Object.entries(changes)) parts[name]?.restore(ofPart);
    }
    if (rows.length > 0) this.#save();
  }

  /** Writes what has been counted; the caller provides the transaction. */
  write(): void {
    const drained = Object.entries(this.#parts).map(([name, part]) => [name, part.drain()] as const);
    const changes = drained.filter(([, ofPart]) => ofPart !== null);
    if (changes.length === 0) return;
    this.#sql.exec("INSERT INTO journal (changes) VALUES (?)", JSON.stringify(Object.fromEntries(changes)));
  }

  /** Enters in the tables what is here, and what has been counted since; the caller provides the transaction. */
  enter(): void {
    for (const part of Object.values(this.#parts)) part.drain();
    this.#save();
  }

  #save(): void {
    for (const part of Object.values(this.#parts)) part.save();
    this.#sql.exec("DELETE FROM journal");
  }
}

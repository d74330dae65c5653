/**
 * The journal of counts. A commit writes one row here for all counts of all agents. From time to time the object writes the
 * counts to their tables and empties the journal. A restarted object does the same with the rows that it finds.
 */
import { pagesOf } from "../platform/pages.ts";

/** A part that counts in memory. The changes that it drains must be JSON. */
export interface Journaled<Changes = unknown> {
  /** Returns the counts since the last call; null for none. */
  drain(): Changes | null;
  /** The same changes in several that are each bounded in size. A part without it has few. */
  split?(changes: Changes): readonly Changes[];
  /** Adds counts that were drained before a restart of the object. */
  restore(changes: Changes): void;
  /** Writes everything that was drained to the part's own tables; the caller provides the transaction. */
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
    while (this.#enterPage());
  }

  /** Writes the counts since the last call; the caller provides the transaction. It is one row, but for very many counts. */
  write(): void {
    const rows: Record<string, unknown>[] = [];
    for (const [name, part] of Object.entries(this.#parts)) {
      const drained = part.drain();
      const changes = drained === null ? [] : (part.split?.(drained) ?? [drained]);
      for (const [index, ofPart] of changes.entries()) rows[index] = { ...rows[index], [name]: ofPart };
    }
    for (const row of rows) this.#sql.exec("INSERT INTO journal (changes) VALUES (?)", JSON.stringify(row));
  }

  /** Writes the journal and the counts since to the parts' tables; the caller provides the transaction. */
  enter(): void {
    for (const part of Object.values(this.#parts)) part.drain();
    this.#save(Number.MAX_SAFE_INTEGER);
  }

  /** Writes what the parts have restored and drained to their tables, and removes the rows up to this one. */
  #save(lastEntry: number): void {
    for (const part of Object.values(this.#parts)) part.save();
    this.#sql.exec("DELETE FROM journal WHERE entry <= ?", lastEntry);
  }

  /** Writes the first rows to the parts' tables: a journal of any length must fit into the memory of the object. */
  #enterPage(): boolean {
    const rows = this.#sql.exec<{ entry: number; changes: string }>(
      "SELECT entry, changes FROM journal ORDER BY entry",
    );
    const page = pagesOf(rows, ({ changes }) => changes).next().value?.items ?? [];
    for (const { changes } of page) {
      const ofParts = JSON.parse(changes) as Record<string, unknown>;
      for (const [name, ofPart] of Object.entries(ofParts)) this.#parts[name]?.restore(ofPart);
    }
    const last = page.at(-1);
    if (!last) return false;
    this.#save(last.entry);
    return true;
  }
}

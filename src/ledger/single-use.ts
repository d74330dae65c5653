/** Values that are good for one use: client assertions, workload tokens, DPoP proofs. */

/** A value that was used, and whose it is. */
export interface Used {
  readonly maker: string;
  readonly value: string;
}

/** The values seen, for as long as they could be replayed. */
export class SingleUse {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS single_use
      (maker TEXT NOT NULL, value TEXT NOT NULL, expires_at_ms INTEGER NOT NULL, PRIMARY KEY (maker, value)) WITHOUT ROWID`);
  }

  /**
   * Tells whether the value is used for the first time; of any number at once, one is told so.
   *
   * @param maker whose values are distinct: an agent's id, a key's thumbprint, …
   */
  useOnce(maker: string, value: string, expiresAtMs: number): boolean {
    const inserted = this.#sql.exec("INSERT OR IGNORE INTO single_use VALUES (?, ?, ?)", maker, value, expiresAtMs);
    return inserted.rowsWritten > 0;
  }

  /** Makes a value good for its use again: what came with it was put off, not done. */
  giveBack({ maker, value }: Used): void {
    this.#sql.exec("DELETE FROM single_use WHERE maker = ? AND value = ?", maker, value);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM single_use WHERE expires_at_ms < ?", nowMs);
  }
}

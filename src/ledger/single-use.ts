/** Values that may be used once: client assertions, workload tokens, DPoP proofs. */

/** A used value, and its maker. */
export interface Used {
  readonly maker: string;
  readonly value: string;
}

/** The used values. Each is kept as long as a replay is possible. */
export class SingleUse {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS single_use
      (maker TEXT NOT NULL, value TEXT NOT NULL, expires_at_ms INTEGER NOT NULL, PRIMARY KEY (maker, value)) WITHOUT ROWID`);
  }

  /**
   * Uses a value; false when it was used before. Of concurrent calls with one value, exactly one returns true.
   *
   * @param maker the name space of the value: an agent's id, a key's thumbprint, …
   */
  useOnce(maker: string, value: string, expiresAtMs: number): boolean {
    const inserted = this.#sql.exec("INSERT OR IGNORE INTO single_use VALUES (?, ?, ?)", maker, value, expiresAtMs);
    return inserted.rowsWritten > 0;
  }

  /** Whether a value was used before. Uses nothing. */
  isUsed(maker: string, value: string): boolean {
    return this.#sql.exec("SELECT 1 FROM single_use WHERE maker = ? AND value = ?", maker, value).toArray().length > 0;
  }

  /** Permits a value again, because its request was deferred and not executed. */
  allowAgain({ maker, value }: Used): void {
    this.#sql.exec("DELETE FROM single_use WHERE maker = ? AND value = ?", maker, value);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM single_use WHERE expires_at_ms < ?", nowMs);
  }
}

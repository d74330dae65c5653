/** The sessions of the console that one-time links have opened: each by the code of its link, and by the token that made the link. */
import type { TokenId } from "../platform/ids.ts";
import type { TokenFacts } from "./contract.ts";

const factsIn = ([row]: readonly { readonly facts: string }[]): TokenFacts | null =>
  row ? (JSON.parse(row.facts) as TokenFacts) : null;

/** Each is kept as long as its session can last, and so longer than its code. */
export class LinkedSessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS sessions_of_links
      (code_hash TEXT PRIMARY KEY, made_with TEXT NOT NULL, facts TEXT NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID`);
  }

  /**
   * @param codeHash of a code that has no session yet
   * @param madeWith the id of the token that made the link
   */
  add(codeHash: string, madeWith: TokenId, session: TokenFacts): void {
    const values = [codeHash, madeWith, JSON.stringify(session), session.expiresAt * 1000];
    this.#sql.exec("INSERT INTO sessions_of_links VALUES (?, ?, ?, ?)", ...values);
  }

  /** The session that a request with this code has opened; null for none. */
  of(codeHash: string): TokenFacts | null {
    return factsIn(
      this.#sql.exec<{ facts: string }>("SELECT facts FROM sessions_of_links WHERE code_hash = ?", codeHash).toArray(),
    );
  }

  madeWith(tokenId: TokenId): TokenFacts[] {
    return this.#sql
      .exec<{ facts: string }>("SELECT facts FROM sessions_of_links WHERE made_with = ?", tokenId)
      .toArray()
      .flatMap((row) => factsIn([row]) ?? []);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM sessions_of_links WHERE expires_at_ms < ?", nowMs);
  }
}

/** The sessions of the console that a one-time link has opened, by the token that made the link. */
import type { TokenId } from "../platform/ids.ts";
import type { TokenFacts } from "./contract.ts";

/** Each is kept as long as its session can last. */
export class LinkedSessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS linked_sessions
      (session_id TEXT PRIMARY KEY, made_with TEXT NOT NULL, facts TEXT NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID`);
  }

  /** @param madeWith the id of the token that made the link */
  add(madeWith: TokenId, session: TokenFacts): void {
    const { tokenId, expiresAt } = session;
    const values = [tokenId, madeWith, JSON.stringify(session), expiresAt * 1000];
    this.#sql.exec("INSERT INTO linked_sessions VALUES (?, ?, ?, ?)", ...values);
  }

  madeWith(tokenId: TokenId): TokenFacts[] {
    return this.#sql
      .exec<{ facts: string }>("SELECT facts FROM linked_sessions WHERE made_with = ?", tokenId)
      .toArray()
      .map(({ facts }) => JSON.parse(facts) as TokenFacts);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM linked_sessions WHERE expires_at_ms < ?", nowMs);
  }
}

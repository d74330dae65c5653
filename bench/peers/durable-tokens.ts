/**
 * A durable record of tokens in SQLite: WAL, synchronous FULL, one row for the token and one audit row in one transaction.
 * `node:sqlite` is part of Node 24, so that the bench needs no native build; SQLite and its promise are those of better-sqlite3.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface IssuedToken {
  readonly jti: string;
  readonly clientId: string;
  readonly scope: string;
}

export interface DurableTokens {
  /** Returns after the commit is on disk. Throws when it fails, so that the request fails too. */
  record(token: IssuedToken): void;
  /** The rows so far. */
  count(): { readonly tokens: number; readonly audited: number };
  close(): void;
}

/** Opens an empty database in a new directory, which `close` removes. */
export function openDurableTokens(): DurableTokens {
  const directory = mkdtempSync(join(tmpdir(), "bench-tokens-"));
  const database = new DatabaseSync(join(directory, "tokens.sqlite"));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE token (jti TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, issued_at_ms INTEGER NOT NULL);
    CREATE TABLE audit (id INTEGER PRIMARY KEY, action TEXT NOT NULL, actor TEXT NOT NULL, at_ms INTEGER NOT NULL, data TEXT NOT NULL);`);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const addToken = database.prepare("INSERT INTO token VALUES (?, ?, ?, ?)");
  const addAudit = database.prepare("INSERT INTO audit (action, actor, at_ms, data) VALUES (?, ?, ?, ?)");
  const counts = database.prepare("SELECT (SELECT count(*) FROM token) tokens, (SELECT count(*) FROM audit) audited");
  return {
    record: ({ jti, clientId, scope }) => {
      const nowMs = Date.now();
      begin.run();
      try {
        addToken.run(jti, clientId, scope, nowMs);
        addAudit.run("token.issued", clientId, nowMs, JSON.stringify({ jti, scope }));
        commit.run();
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },
    count: () => {
      const row = counts.get();
      return { tokens: Number(row?.tokens), audited: Number(row?.audited) };
    },
    close: () => {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

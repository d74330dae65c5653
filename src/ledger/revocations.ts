/** The revocations of one organization: single tokens, and everything issued before the revocation of an agent, a credential, a delegation or the organization. */
import type { AgentId, CredentialId, DelegationId, Scope, TokenId } from "../platform/ids.ts";
import { longestActiveMs } from "../platform/lifetimes.ts";
import type { RevocationTarget, TokenFacts } from "./contract.ts";
import type { Journaled } from "./journal.ts";

const never = Number.MAX_SAFE_INTEGER;

/** The keys of revocations in storage. */
export const revocationKey = {
  organization: "organization",
  agent: (id: AgentId) => `agent:${id}`,
  unbound: (id: AgentId) => `unbound:${id}`,
  credential: (id: CredentialId) => `credential:${id}`,
  delegation: (id: DelegationId) => `delegation:${id}`,
  scope: (id: AgentId, scope: Scope) => `scope:${id}:${scope}`,
  signingKey: (id: string) => `key:${id}`,
  token: (id: TokenId) => `token:${id}`,
};

function keysOf(subject: RevocationTarget): string[] {
  switch (subject.kind) {
    case "organization":
      return [revocationKey.organization];
    case "agent":
      return [revocationKey.agent(subject.agentId)];
    case "credential":
    case "secrets":
      return [revocationKey.credential(subject.credentialId)];
    case "unbound":
      return [revocationKey.unbound(subject.agentId)];
    case "delegation":
      return [revocationKey.delegation(subject.chainId)];
    case "scopes":
      return subject.scopes.map((scope) => revocationKey.scope(subject.agentId, scope));
  }
}

/**
 * The time in a UUID v7 (RFC 9562 5.7), in milliseconds. It can be trusted: the ledger made the id, and the signature was verified.
 * It is a place in the ledger's order, see {@link Revocations.nextIssueMs}: after a step of the clock it may be ahead of `iat`.
 */
export function issueMsOf(id: TokenId | DelegationId): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** A token that was issued by the cutoff and expires by this time may have been revoked. */
type Forgotten = { readonly expires_at_ms: number; readonly cutoff_ms: number };

/**
 * The revocations of one organization. Every revocation goes to storage at once, and the runtime holds the response until it is
 * durable. The shared commit writes the latest time of issue.
 */
export class Revocations implements Journaled<number> {
  readonly #sql: SqlStorage;
  /** The place of the latest id. An id in the journal or in the table counts too: the object may restart with a clock that is behind. */
  #lastIssuedMs: number;
  #lastJournaledMs: number;
  #lastSavedMs: number;
  #lastCutoffMs: number;
  /** The keys of dropped signing keys. They are in memory because every token request reads them; there are few. */
  readonly #droppedKeys: Set<string>;
  /** What was forgotten. Normally there is one entry, and everything that it matches has expired. */
  #forgotten: readonly Forgotten[];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS revocations
      (subject TEXT PRIMARY KEY, cutoff_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID`);
    sql.exec(`CREATE TABLE IF NOT EXISTS forgotten_revocations
      (expires_at_ms INTEGER PRIMARY KEY, cutoff_ms INTEGER NOT NULL)`);
    this.#forgotten = sql.exec<Forgotten>("SELECT expires_at_ms, cutoff_ms FROM forgotten_revocations").toArray();
    const row = sql
      .exec<{ last: number | null }>("SELECT max(cutoff_ms) AS last FROM revocations WHERE cutoff_ms < ?", never)
      .one();
    this.#lastCutoffMs = Math.max(row.last ?? 0, ...this.#forgotten.map(({ cutoff_ms }) => cutoff_ms));
    sql.exec("CREATE TABLE IF NOT EXISTS last_issue (one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER NOT NULL)");
    const [issue] = sql.exec<{ at_ms: number }>("SELECT at_ms FROM last_issue").toArray();
    this.#lastSavedMs = issue?.at_ms ?? 0;
    this.#lastJournaledMs = this.#lastSavedMs;
    this.#lastIssuedMs = this.#lastSavedMs;
    const dropped = sql
      .exec<{ subject: string }>("SELECT subject FROM revocations WHERE subject GLOB 'key:*'")
      .toArray();
    this.#droppedKeys = new Set(dropped.map(({ subject }) => subject));
  }

  /**
   * The place of a new id in the order of issue: now, but later than every earlier id and every cutoff. So the ids grow, and the
   * first token of a reactivated agent is active. After a step of the clock the place is ahead of the clock: no time for `iat`.
   */
  nextIssueMs(nowMs: number): number {
    this.#lastIssuedMs = Math.max(nowMs, this.#lastCutoffMs + 1, this.#lastIssuedMs + 1);
    return this.#lastIssuedMs;
  }

  /** Revokes everything issued so far for the target. */
  cutOff(subject: RevocationTarget, nowMs: number): void {
    this.#lastCutoffMs = Math.max(nowMs, this.#lastIssuedMs, this.#lastCutoffMs);
    for (const key of keysOf(subject)) this.#put(key, this.#lastCutoffMs, this.#lastCutoffMs + longestActiveMs);
  }

  /** Revokes one token. Returns false when it was revoked already. */
  revokeToken(token: TokenFacts): boolean {
    const key = revocationKey.token(token.tokenId);
    if (this.cutOffAt([key], 0) !== null) return false;
    this.#put(key, never, token.expiresAt * 1000);
    return true;
  }

  /** Revokes everything signed with a key. */
  dropSigningKey(signingKeyId: string, nowMs: number): void {
    const key = revocationKey.signingKey(signingKeyId);
    this.#put(key, never, nowMs + longestActiveMs);
    this.#droppedKeys.add(key);
  }

  /** Whether tokens of this key are refused. */
  isDropped(signingKeyId: string): boolean {
    return this.#droppedKeys.has(revocationKey.signingKey(signingKeyId));
  }

  /**
   * The time of the first revocation, under one of these keys, of something issued at `issuedMs`. In milliseconds since the
   * epoch; null for none. One query, by primary key.
   */
  cutOffAt(keys: readonly string[], issuedMs: number): number | null {
    const row = this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(cutoff_ms) AS at FROM revocations WHERE subject IN (${keys.map(() => "?")}) AND cutoff_ms >= ?`,
        ...keys,
        issuedMs,
      )
      .one();
    return row.at;
  }

  drain(): number | null {
    if (this.#lastIssuedMs <= this.#lastJournaledMs) return null;
    this.#lastJournaledMs = this.#lastIssuedMs;
    return this.#lastIssuedMs;
  }

  restore(issuedMs: number): void {
    this.#lastJournaledMs = Math.max(this.#lastJournaledMs, issuedMs);
    this.#lastIssuedMs = Math.max(this.#lastIssuedMs, issuedMs);
  }

  save(): void {
    if (this.#lastJournaledMs === this.#lastSavedMs) return;
    this.#sql.exec("INSERT OR REPLACE INTO last_issue VALUES (1, ?)", this.#lastJournaledMs);
    this.#lastSavedMs = this.#lastJournaledMs;
  }

  /**
   * Removes the revocations that can match no active token any more.
   *
   * The clock may be ahead at this moment. So that a later correction makes no revoked token active, every token that the removed
   * revocations can have matched stays revoked, see {@link isForgotten}.
   */
  forgetExpired(nowMs: number): void {
    // The ids of tokens sort by their place, so the largest text is the latest.
    const { last, cutoff, token } = this.#sql
      .exec<{ last: number | null; cutoff: number | null; token: string | null }>(
        `SELECT max(expires_at_ms) AS last, max(iif(cutoff_ms < ?, cutoff_ms, 0)) AS cutoff,
          max(iif(subject GLOB 'token:*', substr(subject, 7), NULL)) AS token FROM revocations WHERE expires_at_ms < ?`,
        never,
        nowMs,
      )
      .one();
    if (last === null) return;
    const covered = this.#forgotten.filter(({ expires_at_ms }) => expires_at_ms <= last);
    const cutoffs = [
      cutoff ?? 0,
      token === null ? 0 : issueMsOf(token as TokenId),
      ...covered.map((one) => one.cutoff_ms),
    ];
    const added: Forgotten = { expires_at_ms: last, cutoff_ms: Math.max(...cutoffs) };
    this.#forgotten = [...this.#forgotten.filter((one) => !covered.includes(one)), added];
    this.#sql.exec("DELETE FROM revocations WHERE expires_at_ms < ?", nowMs);
    this.#sql.exec("DELETE FROM forgotten_revocations WHERE expires_at_ms <= ?", last);
    this.#sql.exec("INSERT INTO forgotten_revocations VALUES (?, ?)", added.expires_at_ms, added.cutoff_ms);
  }

  /** Whether a token may have been revoked by a revocation that is forgotten. A clock that was never ahead has expired the token before. */
  isForgotten({ tokenId, expiresAt }: Pick<TokenFacts, "tokenId" | "expiresAt">): boolean {
    const issuedMs = issueMsOf(tokenId);
    return this.#forgotten.some(
      ({ expires_at_ms, cutoff_ms }) => issuedMs <= cutoff_ms && expiresAt * 1000 <= expires_at_ms,
    );
  }

  #put(subject: string, cutoffMs: number, expiresAtMs: number): void {
    this.#sql.exec(
      `INSERT INTO revocations (subject, cutoff_ms, expires_at_ms) VALUES (?, ?, ?)
       ON CONFLICT (subject) DO UPDATE SET cutoff_ms = max(cutoff_ms, excluded.cutoff_ms), expires_at_ms = max(expires_at_ms, excluded.expires_at_ms)`,
      subject,
      cutoffMs,
      expiresAtMs,
    );
  }
}

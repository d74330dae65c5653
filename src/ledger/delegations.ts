/** The ledger's record of each delegation: its delegator, its delegatee and its expiry. */
import type { AgentId, CredentialId, DelegationId, Scope } from "../platform/ids.ts";

/** A delegation. The time of issue is in its id (UUID v7), and is later than every earlier revocation. */
export interface Delegation {
  readonly chainId: DelegationId;
  readonly delegatorAgentId: AgentId;
  readonly delegateeAgentId: AgentId;
  /** The credential that the delegator's token was issued for; its revocation ends the delegation. */
  readonly credentialId: CredentialId | null;
  readonly scopes: readonly Scope[];
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** The delegations of one organization that have not expired. */
export class Delegations {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS delegations
      (chain_id TEXT PRIMARY KEY, delegation TEXT NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID`);
  }

  add(delegation: Delegation): void {
    const { chainId, expiresAtMs } = delegation;
    this.#sql.exec("INSERT INTO delegations VALUES (?, ?, ?)", chainId, JSON.stringify(delegation), expiresAtMs);
  }

  find(chainId: DelegationId): Delegation | null {
    const [row] = this.#sql
      .exec<{ delegation: string }>("SELECT delegation FROM delegations WHERE chain_id = ?", chainId)
      .toArray();
    return row ? (JSON.parse(row.delegation) as Delegation) : null;
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM delegations WHERE expires_at_ms < ?", nowMs);
  }
}

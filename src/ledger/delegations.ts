/** The ledger's record of each delegation: its delegator, its delegatee and its expiry. */
import type { AgentId, CredentialId, DelegationId, ResourceId, Scope, TokenId } from "../platform/ids.ts";

/** The resource whose capabilities are lent. Its id changes when it is deleted and registered again. */
export interface LentResource {
  readonly id: ResourceId;
  /** As it was registered. */
  readonly identifier: string;
  /** The identifier in its form for comparison. */
  readonly key: string;
}

/** A delegation. Its place in the order of issue is in its id (UUID v7), and is later than every earlier revocation. */
export interface Delegation {
  readonly chainId: DelegationId;
  readonly delegatorAgentId: AgentId;
  readonly delegateeAgentId: AgentId;
  /** The credential that the delegator's token was issued for; its revocation ends the delegation. */
  readonly credentialId: CredentialId | null;
  /** The delegator's token; its revocation ends the delegation. A delegation of an earlier version has none. */
  readonly tokenId?: TokenId;
  /** null, and missing in a delegation of an earlier version: platform scopes are lent. */
  readonly resource?: LentResource | null;
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
    sql.exec("CREATE INDEX IF NOT EXISTS delegations_by_token ON delegations (delegation ->> 'tokenId')");
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

  /** The delegations that were made with a token. */
  madeWith(tokenId: TokenId): DelegationId[] {
    return this.#sql
      .exec<{ chain_id: DelegationId }>("SELECT chain_id FROM delegations WHERE delegation ->> 'tokenId' = ?", tokenId)
      .toArray()
      .map(({ chain_id }) => chain_id);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM delegations WHERE expires_at_ms < ?", nowMs);
  }
}

/** What the ledger must know of a token to decide whether it is active. */
import type { AgentId, CredentialId, DelegationId, TokenId } from "../platform/ids.ts";

/** The claims of an access token whose signature and lifetime have been checked. */
export interface TokenFacts {
  readonly tokenId: TokenId;
  /** The client that the token was issued to. */
  readonly agentId: AgentId;
  readonly credentialId: CredentialId | null;
  readonly signingKeyId: string;
  /** Whether the token is bound to a key (RFC 9449 6.1). */
  readonly bound: boolean;
  /** The delegation that the token was made from; null for an agent's own token. */
  readonly chainId: DelegationId | null;
  /** Seconds since the epoch, from `exp`. */
  readonly expiresAt: number;
}

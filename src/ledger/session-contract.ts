/** The part of the ledger's contract that is about sessions of the console. */
import type { Scope, TokenId } from "../platform/ids.ts";
import type {
  AuthenticatedClient,
  ClientAuthenticationRequest,
  Limited,
  Refused,
  Throttled,
} from "./client-contract.ts";
import type { RateState } from "./rate.ts";
import type { TokenFacts } from "./token-facts.ts";

/** A sign-in to the console with a secret. */
export interface SessionRequest extends ClientAuthenticationRequest {
  /** null: every platform scope that the agent holds. */
  readonly scopes: readonly Scope[] | null;
  /** The key that would sign a token now. A session ends when that key is dropped, as tokens do. */
  readonly signingKeyId: string;
}

/** A sign-in to the console with a one-time link. */
export interface LinkRequest {
  /** The token that made the link. The session ends with what the token ends with, and when the token is revoked. */
  readonly token: TokenFacts;
  /** The hash of the link's code. The ledger ensures that it has one session. */
  readonly codeHash: string;
  /** Milliseconds since the epoch. */
  readonly codeExpiresAtMs: number;
  /** How long the session lasts, in milliseconds. */
  readonly longestMs: number;
}

export type LinkOutcome =
  | Extract<SessionOutcome, { outcome: "opened" | "limited" }>
  /** The token is not active, or the code is too old. */
  | { readonly outcome: "inactive" };

export type SessionOutcome =
  | {
      readonly outcome: "opened";
      readonly client: AuthenticatedClient;
      /** The id of the session, in the order of the tokens' ids. */
      readonly tokenId: TokenId;
      /** By the clock, in milliseconds since the epoch. */
      readonly openedAtMs: number;
      /** What the session may do; for a link, everything that the agent holds: its token decides. */
      readonly scopes: readonly Scope[];
      readonly rate: RateState | null;
    }
  | { readonly outcome: "scope_refused"; readonly outside: readonly string[] }
  /** The agent demands tokens that are bound to a key. */
  | { readonly outcome: "proof_required" }
  | { readonly outcome: "signing_key_dropped" }
  | Limited
  | Refused
  | Throttled;

/** The part of the ledger's RPC surface that is about sessions. */
export interface SessionLedger {
  /** Authenticates the client and counts a token for a session of the console. The caller stores the session, with its event. */
  openSession(request: SessionRequest): Promise<SessionOutcome>;
  /** The same for a one-time link: every request with one code gets the same session, which the caller stores once. */
  redeemLink(request: LinkRequest): Promise<LinkOutcome>;
}

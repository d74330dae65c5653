/** The requests and results of the ledger: plain values that can cross the RPC boundary. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { AgentId, CredentialId, DelegationId, HoldId, OrganizationId, Scope, TokenId } from "../platform/ids.ts";
import type { AnsweredCalls } from "../platform/telemetry/calls.ts";
import type { ChainLedger } from "./chain-contract.ts";
import type {
  AuthenticatedClient,
  ClientAuthenticationRequest,
  ClientLedger,
  Limited,
  Refused,
  Throttled,
} from "./client-contract.ts";
import type { LentResource } from "./delegations.ts";
import type { RateState } from "./rate.ts";
import type { SessionLedger } from "./session-contract.ts";
import type { TokenFacts } from "./token-facts.ts";
import type { Turn } from "./turns.ts";

export type { AnsweredCalls } from "../platform/telemetry/calls.ts";
export type { AcceptedGap, AuditEvent, ChainHead, ChainState, Gap } from "./chain-contract.ts";
export type * from "./client-contract.ts";
export type { LentResource } from "./delegations.ts";
export type { LinkOutcome, LinkRequest, SessionOutcome, SessionRequest } from "./session-contract.ts";
export type { TokenFacts } from "./token-facts.ts";

/** A DPoP proof that the Worker has checked (RFC 9449). The ledger ensures that it is used once. */
export interface ProofOfPossession {
  /** RFC 7638 thumbprint of the key that signed it. */
  readonly thumbprint: string;
  readonly jti: string;
  /** Milliseconds since the epoch; a replay is possible until then. */
  readonly expiresAtMs: number;
}

/** The one API that a token is for. */
export interface Target {
  /** The identifier of the resource in its form for comparison; null for this service. */
  readonly key: string | null;
  /** The issuer, or the resource as the request names it. */
  readonly name: string;
  /** false: the request names no resource. */
  readonly isNamed: boolean;
}

export interface TokenRequest extends ClientAuthenticationRequest {
  /** null: every scope that the agent can have for the target, except the scopes that a request must name. */
  readonly scopes: readonly Scope[] | null;
  /** The key that the caller signs the token with. The ledger refuses a dropped key before it counts anything. */
  readonly signingKeyId: string;
  /** `grant_type`, for the audit event. */
  readonly grant: string;
  /** The delegation that the client, its delegatee, exchanges for a token (RFC 8693); null: the client acts for itself. */
  readonly chainId: DelegationId | null;
  /** Binds the token to the client's key (RFC 9449); null for a bearer token. */
  readonly proof: ProofOfPossession | null;
  /** The API that the token is for (RFC 8707). */
  readonly target: Target;
}

export type TokenOutcome =
  | {
      readonly outcome: "issued";
      readonly client: AuthenticatedClient;
      readonly tokenId: TokenId;
      /** By the clock, in milliseconds since the epoch. The order of issue, and of revocations, is that of the ids. */
      readonly issuedAtMs: number;
      readonly scopes: readonly Scope[];
      /** The issuer, or the resource as it was registered. */
      readonly audience: string;
      /** The most that the resource allows, in seconds; null where it says nothing. */
      readonly ttlSeconds: number | null;
      /** The subject of the token: the client itself, or its delegator. */
      readonly subject: { readonly agentId: AgentId; readonly agentType: string };
      /** Milliseconds since the epoch: the token must not outlive its delegation; null when it has none. */
      readonly notAfterMs: number | null;
      /** null where the rate is unlimited. */
      readonly rate: RateState | null;
    }
  /** The delegation is not active, or the client is not its delegatee. */
  | { readonly outcome: "delegation_refused" }
  /** Scopes that the client cannot have for the target; empty when it can have none for a resource. */
  | { readonly outcome: "scope_refused"; readonly outside: readonly string[] }
  /** `nearest`: the most similar identifier among the organization's own resources; null when it has none. */
  | { readonly outcome: "target_refused"; readonly nearest: string | null }
  /** The resource, or the agent whose authority the token has, takes tokens that are bound to a key only. */
  | { readonly outcome: "proof_required" }
  | { readonly outcome: "signing_key_dropped" }
  | { readonly outcome: "proof_replayed" }
  | Limited
  | Refused
  | Throttled;

/** The scopes that an agent delegates, and the delegatee. */
export interface DelegationRequest {
  readonly delegatorAgentId: AgentId;
  /** The credential that the delegator's token was issued for; its revocation ends the delegation. */
  readonly credentialId: CredentialId | null;
  /** The delegator's token; its revocation ends the delegation. */
  readonly tokenId: TokenId;
  readonly delegateeAgentId: AgentId;
  /** The identifier of the resource whose capabilities are lent, in its form for comparison; null: platform scopes are lent. */
  readonly resourceKey: string | null;
  readonly scopes: readonly Scope[];
  readonly ttlSeconds: number;
}

export type DelegationOutcome =
  | {
      readonly outcome: "delegated";
      readonly chainId: DelegationId;
      readonly resource: LentResource | null;
      /** By the clock, in milliseconds since the epoch. */
      readonly issuedAtMs: number;
      readonly expiresAtMs: number;
    }
  /** Unknown, of another organization, suspended or decommissioned. The delegator must not learn which. */
  | { readonly outcome: "delegatee_unavailable" }
  /** The delegator may have no token for the resource. `nearest`: as in {@link TokenOutcome}. */
  | { readonly outcome: "target_refused"; readonly nearest: string | null }
  /** The delegator may not be granted these scopes for the API at this moment. */
  | { readonly outcome: "scopes_refused"; readonly outside: readonly Scope[] }
  /** The scopes are everything that the delegator may be granted. */
  | { readonly outcome: "not_narrower" }
  | { readonly outcome: "inactive" };

/** An access token that is introspected (RFC 7662), and what its claims say. */
export interface IntrospectedToken {
  readonly facts: TokenFacts;
  readonly organizationId: OrganizationId;
  readonly subjectAgentId: AgentId;
  /** `iat`: by the clock, in seconds since the epoch. */
  readonly issuedAt: number;
  readonly scopes: readonly Scope[];
  /** The identifier of the resource that the token is for, in its form for comparison; null for this service. */
  readonly key: string | null;
  /** Whether the token is bound to a key (RFC 9449). */
  readonly isBound: boolean;
}

/** An agent that introspects a token. */
export interface IntrospectingAgent {
  readonly agentId: AgentId;
  /** Whether it has `tokens:read`. */
  readonly readsTokens: boolean;
}

export type AdmitOutcome =
  | {
      readonly outcome: "admitted";
      readonly role: "member" | "admin" | null;
      /** What the subject of the token holds at this moment. */
      readonly capabilities: readonly Scope[];
      /** The platform scopes that it can have at this moment, with `openid`. */
      readonly platformScopes: readonly Scope[];
      readonly isOperator: boolean;
      /** null where the rate is unlimited. */
      readonly rate: RateState | null;
    }
  | Limited
  | { readonly outcome: "inactive" }
  | { readonly outcome: "proof_replayed" };

/** What is revoked. From then on the ledger accepts no token of the target that was issued before. */
export type RevocationTarget =
  | { readonly kind: "organization" }
  | { readonly kind: "agent"; readonly agentId: AgentId }
  | { readonly kind: "credential"; readonly agentId: AgentId; readonly credentialId: CredentialId }
  /** The secrets that a credential has had. The credential signs in with its next secret, so the ledger does not refuse it. */
  | { readonly kind: "secrets"; readonly agentId: AgentId; readonly credentialId: CredentialId }
  /** The tokens of an agent, and of its delegations, that are not bound to a key. */
  | { readonly kind: "unbound"; readonly agentId: AgentId }
  /** Scopes that an agent loses: ends its delegations with one of them. Its own tokens keep their scopes. */
  | { readonly kind: "scopes"; readonly agentId: AgentId; readonly scopes: readonly Scope[] }
  | { readonly kind: "delegation"; readonly chainId: DelegationId };

/** What a change revokes that D1 has to record. A delegation is revoked for good at once, and needs no hold. */
export type HeldTarget = Exclude<RevocationTarget, { kind: "delegation" }>;

/** The targets that take part in a sign-in. */
export type SignInTarget = Extract<RevocationTarget, { kind: "organization" | "agent" | "credential" }>;

/** The name of the one ledger without an organization. Health checks ping it. */
export const probeLedger = "health" as OrganizationId;

/** The usage of an organization. Days and months are UTC. */
export interface UsageCounts {
  readonly callsToday: number;
  readonly callsThisMonth: number;
  readonly tokensToday: number;
  readonly tokensThisMonth: number;
}

/** The RPC surface of an organization's ledger. */
export interface Ledger extends ChainLedger, ClientLedger, SessionLedger {
  /** Returns, and does nothing else. */
  ping(): Promise<void>;
  /** Takes one of the costly checks of this minute. When none is left, returns the seconds to wait. */
  admitTurn(turn: Turn): Promise<{ readonly admitted: boolean; readonly retryAfterSeconds: number }>;
  /** Authenticates the client, grants scopes, counts the token and appends the event in one durable commit. */
  issueToken(request: TokenRequest): Promise<TokenOutcome>;
  /**
   * Decides on an API call with an access token: the token must be active and the call within the limits. Counts an admitted
   * call.
   *
   * @param exempt whether the call is admitted over the limits too
   */
  admit(token: TokenFacts, proof: ProofOfPossession | null, exempt: boolean): Promise<AdmitOutcome>;
  /** The organization's usage of the present day and month (UTC). */
  usage(): Promise<UsageCounts>;
  /**
   * Whether a token is active (RFC 7662) and the agent may know it. Appends the event of the introspection, and counts no call.
   * Requests what it does not know itself from the ledgers of the token's organization and of the resource's, which append nothing.
   */
  introspect(
    agent: IntrospectingAgent,
    token: IntrospectedToken | null,
    event: DomainEvent,
  ): Promise<{ readonly active: boolean }>;
  /** Whether a token of this organization is active. Changes nothing. */
  isActive(token: TokenFacts): Promise<boolean>;
  /** Whether a resource of this organization accepts the token at this moment. Changes nothing. */
  acceptsToken(token: IntrospectedToken): Promise<boolean>;
  /** Delegates: checks both agents, stores the delegation and creates its id. The event comes with the record in D1. */
  delegate(request: DelegationRequest): Promise<DelegationOutcome>;
  /**
   * Whether a delegation is active: not expired, not revoked, both agents active, and its scopes still grantable. Appends the event of the check.
   * `endedAtMs` is the time of the revocation in milliseconds since the epoch; null without one.
   */
  checkDelegation(
    chainId: DelegationId,
    event: DomainEvent,
  ): Promise<{ readonly active: boolean; readonly endedAtMs: number | null }>;
  /** Revokes one token, and the delegations that were made with it, and appends the event. A repeated call does nothing. */
  revokeToken(token: TokenFacts, event: DomainEvent): Promise<void>;
  /**
   * Revokes at once, and refuses the targets while the hold lasts. Only the event of the change with this hold releases it, or
   * its deadline. At both the ledger revokes again and reads the record anew. Use `withdraw` of `held-change.ts`.
   */
  withdraw(targets: readonly HeldTarget[], holdId: HoldId): Promise<void>;
  /** Revokes a delegation, for good. */
  endDelegation(chainId: DelegationId): Promise<void>;
  /** Announces a change of an agent's record (null: of the organization's). While the hold lasts, every request reads it from D1. */
  expectChange(agentId: AgentId | null, holdId: HoldId): Promise<void>;
  /** Announces a change of a resource. While the hold lasts, every request reads the resources from D1. */
  expectResourceChange(holdId: HoldId): Promise<void>;
  /** Releases the hold of a change that did not take place. */
  releaseHold(holdId: HoldId): Promise<void>;
  /** Refuses every token signed with this key from now on. */
  dropSigningKey(signingKeyId: string): Promise<void>;
  /** Appends an event without a change in D1. It is not deduplicated. */
  append(event: DomainEvent): Promise<void>;
  /** The sequence of the last event of the audit chain. It is written, as all events before it are. */
  position(): Promise<number>;
  /** Appends events to the audit chain, each once by its id, and drops its copies of the records that they changed. */
  record(events: readonly DomainEvent[]): Promise<void>;
  /**
   * Counts answered calls for the analytics. Drops the calls of days other than yesterday, today and tomorrow. A repeated call
   * counts again.
   */
  noteCalls(calls: readonly AnsweredCalls[]): Promise<void>;
}

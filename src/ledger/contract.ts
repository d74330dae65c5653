/** What the ledger is asked and what it answers: plain values, as they cross the RPC boundary. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { AgentId, CredentialId, DelegationId, OrganizationId, Scope, TokenId } from "../platform/ids.ts";
import type { AnsweredCalls } from "../platform/telemetry/calls.ts";
import type { Turn } from "./admission.ts";
import type { ChainLedger } from "./chain-contract.ts";
import type {
  AuthenticatedClient,
  ClientAuthenticationRequest,
  ClientLedger,
  Limited,
  Refused,
  Throttled,
} from "./client-contract.ts";
import type { RateState } from "./rate.ts";

export type { AnsweredCalls } from "../platform/telemetry/calls.ts";
export type { AuditEvent, ChainHead, ChainState } from "./chain-contract.ts";
export type * from "./client-contract.ts";

/** A DPoP proof that the Worker has checked (RFC 9449); the ledger sees to it that it is used once. */
export interface ProofOfPossession {
  /** RFC 7638 thumbprint of the key that made it. */
  readonly thumbprint: string;
  readonly jti: string;
  /** Milliseconds since the epoch; until then it could be replayed. */
  readonly expiresAtMs: number;
}

export interface TokenRequest extends ClientAuthenticationRequest {
  /** null: whatever the agent may be granted, except what must be asked for by name. */
  readonly scopes: readonly Scope[] | null;
  /** The key that the caller is about to sign with; a dropped one is refused before anything is counted. */
  readonly signingKeyId: string;
  /** `grant_type`, for the audit event. */
  readonly grant: string;
  /** The delegation that the client, as its delegatee, turns into a token (RFC 8693); null: the client acts for itself. */
  readonly chainId: DelegationId | null;
  /** Binds the token to the client's key (RFC 9449); null for a bearer token. */
  readonly proof: ProofOfPossession | null;
  /** What the token will be for (RFC 8707); goes into the audit event. */
  readonly audience: readonly string[];
  /** The named resources in the form in which identifiers are compared; empty for the service itself. */
  readonly resourceKeys: readonly string[];
}

export type TokenOutcome =
  | {
      readonly outcome: "issued";
      readonly client: AuthenticatedClient;
      readonly tokenId: TokenId;
      /** Milliseconds since the epoch; later than every withdrawal that the ledger has recorded. */
      readonly issuedAtMs: number;
      readonly scopes: readonly Scope[];
      /** A registered resource as it was registered, or what the request named. */
      readonly audience: readonly string[];
      /** The most that the resource allows, in seconds; null where it says nothing. */
      readonly ttlSeconds: number | null;
      /** Whose authority the token carries: the client's own, or its delegator's. */
      readonly subject: { readonly agentId: AgentId; readonly agentType: string };
      /** Milliseconds since the epoch: the token must not outlive its delegation; null when it has none. */
      readonly notAfterMs: number | null;
      /** null where the rate is unlimited. */
      readonly rate: RateState | null;
    }
  /** The delegation does not stand, or the client is not its delegatee. */
  | { readonly outcome: "delegation_refused" }
  | { readonly outcome: "scope_refused"; readonly outside: readonly string[] }
  /** A registered resource that is not for this client, or one beside another. */
  | { readonly outcome: "target_refused" }
  /** The resource takes tokens that are bound to a key only. */
  | { readonly outcome: "proof_required" }
  | { readonly outcome: "signing_key_dropped" }
  | { readonly outcome: "proof_replayed" }
  | Limited
  | Refused
  | Throttled;

/** What an agent lends, and to whom. */
export interface DelegationRequest {
  readonly delegatorAgentId: AgentId;
  /** The credential behind the delegator's token; revoking it ends the delegation. */
  readonly credentialId: CredentialId | null;
  readonly delegateeAgentId: AgentId;
  readonly scopes: readonly Scope[];
  readonly ttlSeconds: number;
}

export type DelegationOutcome =
  | {
      readonly outcome: "delegated";
      readonly chainId: DelegationId;
      /** Milliseconds since the epoch. */
      readonly issuedAtMs: number;
      readonly expiresAtMs: number;
    }
  /** Unknown, of another organization, suspended or decommissioned: the asker is not told which. */
  | { readonly outcome: "delegatee_unavailable" }
  /** The delegator's token carries them still, but they have been taken from the delegator. */
  | { readonly outcome: "scopes_withdrawn"; readonly outside: readonly Scope[] }
  | { readonly outcome: "inactive" };

/** The claims of an access token whose signature and lifetime have been checked. */
export interface TokenFacts {
  readonly tokenId: TokenId;
  /** The client that the token was issued to. */
  readonly agentId: AgentId;
  readonly credentialId: CredentialId | null;
  readonly signingKeyId: string;
  /** The delegation that the token was made from; null for an agent's own token. */
  readonly chainId: DelegationId | null;
  /** Seconds since the epoch, from `exp`. */
  readonly expiresAt: number;
}

export type AdmitOutcome =
  | {
      readonly outcome: "admitted";
      readonly role: "member" | "admin" | null;
      readonly isOperator: boolean;
      /** null where the rate is unlimited. */
      readonly rate: RateState | null;
    }
  | Limited
  | { readonly outcome: "inactive" }
  | { readonly outcome: "proof_replayed" };

/** What is taken back. From the moment `withdraw` has answered, no token of the subject is accepted and no new one is issued. */
export type RevocationTarget =
  | { readonly kind: "organization" }
  | { readonly kind: "agent"; readonly agentId: AgentId }
  | { readonly kind: "credential"; readonly agentId: AgentId; readonly credentialId: CredentialId }
  /** Scopes taken from an agent: ends the delegations that lend one of them; its own tokens keep what they carry. */
  | { readonly kind: "scopes"; readonly agentId: AgentId; readonly scopes: readonly Scope[] }
  | { readonly kind: "delegation"; readonly chainId: DelegationId };

/** The name of the one ledger that belongs to nobody: it is there to be pinged. */
export const probeLedger = "health" as OrganizationId;

/** What an organization has used. Days and months are those of UTC. */
export interface UsageCounts {
  readonly callsToday: number;
  readonly callsThisMonth: number;
  readonly tokensToday: number;
  readonly tokensThisMonth: number;
}

/** The RPC surface of an organization's ledger. */
export interface Ledger extends ChainLedger, ClientLedger {
  /** Answers, and does nothing else. */
  ping(): Promise<void>;
  /** One of so many costly checks a minute; otherwise how many seconds to wait for the next. */
  admitTurn(turn: Turn): Promise<{ readonly admitted: boolean; readonly retryAfterSeconds: number }>;
  /** Checks the client, grants scopes, counts the token, appends the event: one durable commit. */
  issueToken(request: TokenRequest): Promise<TokenOutcome>;
  /**
   * An API call with an access token: is it live, and within the limits? Counts the call when it is let through.
   *
   * @param exempt whether the call is let through over the limits too
   */
  admit(token: TokenFacts, proof: ProofOfPossession | null, exempt: boolean): Promise<AdmitOutcome>;
  /** What the organization has used in the present day and month (UTC). */
  usage(): Promise<UsageCounts>;
  /** Whether a token is live, and appends the event of having been asked. Counts no call. */
  introspect(token: TokenFacts | null, event: DomainEvent): Promise<{ readonly live: boolean }>;
  /** Lends: checks both agents, remembers the delegation and gives it its id. The event comes with the record in D1. */
  delegate(request: DelegationRequest): Promise<DelegationOutcome>;
  /**
   * Whether a delegation stands: unexpired, nobody behind it cut off, both agents active. Appends the event of having been
   * asked. `endedAtMs` is when it was taken back, if it was.
   */
  checkDelegation(
    chainId: DelegationId,
    event: DomainEvent,
  ): Promise<{ readonly stands: boolean; readonly endedAtMs: number | null }>;
  /** Kills one token and appends the event, once however often it is called. */
  revokeToken(token: TokenFacts, event: DomainEvent): Promise<void>;
  /** Takes back, at once: call it before the record in D1 changes. */
  withdraw(subject: RevocationTarget): Promise<void>;
  /** Says that an agent's record (or, with null, the organization's) is about to change in D1, so that no answer comes from a stale copy. */
  expectChange(agentId: AgentId | null): Promise<void>;
  /** From now on no token signed with this key is accepted. */
  dropSigningKey(signingKeyId: string): Promise<void>;
  /** Appends an event that no change in D1 goes with; it is not deduplicated. */
  append(event: DomainEvent): Promise<void>;
  /** Appends events to the audit chain, each once by its id, and forgets its copies of what they changed. */
  record(events: readonly DomainEvent[]): Promise<void>;
  /**
   * Counts answered calls for the analytics. Those of days other than yesterday, today and tomorrow are dropped. Repeated, it
   * counts again.
   */
  noteCalls(calls: readonly AnsweredCalls[]): Promise<void>;
}

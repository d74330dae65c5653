/** What the ledger is asked about clients: who they are, and whether they are let in. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { Source } from "../platform/context.ts";
import type { AgentId, CredentialId, OrganizationId, Scope } from "../platform/ids.ts";
import type { LimitName } from "../platform/limits.ts";
import type { RateState } from "./rate.ts";

/** How a client proves who it is at the token, introspection and revocation endpoints. */
export type Presented =
  | {
      readonly kind: "secret";
      /** The HMAC of the presented secret under each hash key that the Worker holds. */
      readonly hashes: readonly { readonly keyId: string; readonly hash: string }[];
    }
  | {
      readonly kind: "assertion";
      /** The compact JWS of RFC 7523 2.2; the ledger checks it against the agent's registered key. */
      readonly jwt: string;
      /** What `aud` may be: the issuer or the endpoint, as a single string. */
      readonly audiences: readonly string[];
    }
  | {
      readonly kind: "workload";
      /** The trust policy that the workload's token, checked by the Worker, fulfils. */
      readonly policyId: CredentialId;
      /** What makes the workload's token one of its kind, so that it signs in once; at most 256 characters. */
      readonly tokenKey: string;
      /** Milliseconds since the epoch; until then the token could be replayed. */
      readonly tokenExpiresAtMs: number;
    };

/** Why a client was not let in. Written to the audit log; the wire says `invalid_client` for all of them. */
export type RefusalReason =
  | "unknown_client"
  | "wrong_secret"
  | "credential_revoked"
  | "credential_expired"
  | "no_registered_key"
  | "assertion_malformed"
  | "assertion_signature"
  | "assertion_claims"
  | "assertion_expired"
  | "assertion_replayed"
  | "agent_suspended"
  | "agent_decommissioned"
  | "organization_suspended"
  | "organization_deleted"
  | "change_in_progress"
  | "policy_deleted"
  | "workload_token_replayed"
  | WorkloadRefusalReason;

/** Why a workload's token was refused before it came to the ledger. */
export type WorkloadRefusalReason =
  | "no_policy"
  | "ambiguous_policy"
  | "token_malformed"
  | "issuer_unreachable"
  | "unknown_key"
  | "token_signature"
  | "token_expired"
  | "token_not_yet_valid"
  | "audience_mismatch"
  | "repository_mismatch"
  | "repository_owner_mismatch"
  | "ref_mismatch"
  | "environment_mismatch"
  | "pull_request"
  | "claim_mismatch";

export type Refused = { readonly outcome: "refused"; readonly reason: RefusalReason };
/** Too many failures for this client and this source; try again after so many seconds. */
export type Throttled = { readonly outcome: "throttled"; readonly retryAfterSeconds: number };

/** A limit of the organization's tier, or of its own, is reached. */
export interface Limited {
  readonly outcome: "limited";
  readonly limit: LimitName;
  readonly max: number;
  readonly current: number;
  /** Milliseconds since the epoch: when the next request can be let through. */
  readonly resetsAtMs: number;
  /** What is left of the minute rate; null when another limit stands in the way. */
  readonly rate: RateState | null;
}

/** The client, once it has proved who it is. */
export interface AuthenticatedClient {
  readonly agentId: AgentId;
  readonly organizationId: OrganizationId;
  readonly credentialId: CredentialId | null;
  readonly role: "member" | "admin" | null;
  readonly isOperator: boolean;
  readonly email: string;
  readonly agentType: string;
  /** Everything it may be granted: its capabilities, `openid` and its recorded platform scopes. */
  readonly grantable: readonly Scope[];
}

export interface ClientAuthenticationRequest {
  readonly agentId: AgentId;
  readonly presented: Presented;
  readonly source: Source;
}

/**
 * What a request with client authentication is counted as: an API call, one that is let through over the limits too, or
 * nothing, because it is a token request and counts as that if it gets one.
 */
export type Counting = "call" | "exempt_call" | "nothing";

export type ClientOutcome =
  | { readonly outcome: "authenticated"; readonly client: AuthenticatedClient; readonly rate: RateState | null }
  | Limited
  | Refused
  | Throttled;

export interface WorkloadRefusal {
  readonly clientId: string;
  readonly reason: WorkloadRefusalReason;
  readonly source: Source;
  /** What helps an operator to see why: issuer, policy, the claim that differs. Never the token. */
  readonly details: DomainEvent["details"];
}

/** The part of the ledger's RPC surface that is about clients. */
export interface ClientLedger {
  /** Checks the client without issuing anything. */
  authenticateClient(request: ClientAuthenticationRequest, counting: Counting): Promise<ClientOutcome>;
  /** Notes that a workload's token was refused: counts the failure and appends the event. `clientId` is the agent it asked for, or what it called itself. */
  refuseWorkload(refusal: WorkloadRefusal): Promise<Refused | Throttled>;
}

/** The part of the ledger's contract that is about client authentication. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { Source } from "../platform/context.ts";
import type { KeyedHash } from "../platform/crypto/keyed-hash.ts";
import type { AgentId, CredentialId, OrganizationId, Scope } from "../platform/ids.ts";
import type { LimitName } from "../platform/limits.ts";
import type { RateState } from "./rate.ts";
import type { PlanTier } from "./tier-limits.ts";

/** A credential, and the agent that has it. */
export interface NamedCredential {
  readonly agentId: AgentId;
  readonly credentialId: CredentialId;
}

/** A secret that a rotation has replaced, and that may authenticate a repetition of the request for this rotation. */
export interface ReplacedSecret {
  /** The hash of the secret, which had authenticated the rotation. */
  readonly proof: KeyedHash;
  /** The hash of the secret that the rotation made, under each hash key: a later rotation ends the repetition. */
  readonly successor: readonly KeyedHash[];
}

/** How a client authenticates at the token, introspection and revocation endpoints. */
export type Presented =
  | {
      readonly kind: "secret";
      /** The HMAC of the presented secret under each hash key of the Worker. */
      readonly hashes: readonly KeyedHash[];
      /**
       * Accept only the newest secret of this credential: one in its overlap, and one of another credential, is refused. `replaced` is
       * accepted too, except from a throttled network.
       */
      readonly newestOf?: NamedCredential & { readonly replaced: ReplacedSecret | null };
    }
  | {
      readonly kind: "assertion";
      /** The compact JWS of RFC 7523 2.2; the ledger checks it against the agent's registered key. */
      readonly jwt: string;
      /** The values that `aud` may have: the issuer or the endpoint, as a string or an array of one. */
      readonly audiences: readonly string[];
    }
  | {
      readonly kind: "workload";
      /** The trust policy that the workload's token, checked by the Worker, fulfils. */
      readonly policyId: CredentialId;
      /** The unique key of the workload's token, so that the token signs in once; at most 256 characters. */
      readonly tokenKey: string;
      /** Milliseconds since the epoch; until then the token could be replayed. */
      readonly tokenExpiresAtMs: number;
    };

/** Why client authentication failed. Goes to the audit log only; the response has `invalid_client` for every reason. */
export type RefusalReason =
  | "unknown_client"
  | "wrong_secret"
  | "not_newest_secret"
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

/** Why the Worker refused a workload's token before it called the ledger. */
export type WorkloadRefusalReason =
  | "no_policy"
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
  | "workflow_mismatch"
  | "environment_mismatch"
  | "pull_request"
  | "claim_mismatch";

/** A refused client. */
interface NotAccepted {
  /** Its proof was right: only the present state of its agent or organization refuses it. */
  readonly isProven?: true;
}

export type Refused = NotAccepted & { readonly outcome: "refused"; readonly reason: RefusalReason };
/** Too many failures of this client from this source. It may try again after `retryAfterSeconds`. */
export type Throttled = NotAccepted & { readonly outcome: "throttled"; readonly retryAfterSeconds: number };

/** The request is over a limit of the organization's tier or over one of its overrides. */
export interface Limited {
  readonly outcome: "limited";
  readonly limit: LimitName;
  readonly max: number;
  readonly current: number;
  /** Milliseconds since the epoch: when the limit admits the next request. */
  readonly resetsAtMs: number;
  /** The state of the rate limit; null when another limit is reached. */
  readonly rate: RateState | null;
  readonly planTier: PlanTier;
}

/** A client after successful authentication. */
export interface AuthenticatedClient {
  readonly agentId: AgentId;
  readonly organizationId: OrganizationId;
  readonly credentialId: CredentialId | null;
  readonly role: "member" | "admin" | null;
  readonly isOperator: boolean;
  readonly email: string;
  readonly agentType: string;
  readonly idTokenAlg: "RS256" | "ES256";
  /** The platform scopes that it can have, with `openid`. */
  readonly platformScopes: readonly Scope[];
  readonly capabilities: readonly Scope[];
}

/** What the isolate knows and the ledger does not. */
interface Braked {
  /** The refused requests of the client that the isolate has stopped since its last call of the ledger. */
  readonly stopped?: number;
}

export interface ClientAuthenticationRequest extends Braked {
  readonly agentId: AgentId;
  readonly presented: Presented;
  readonly source: Source;
}

/**
 * How a request with client authentication is counted: as an API call; as an API call that no limit refuses; or not at all,
 * because it is a token request and an issued token is counted as a token.
 */
export type Counting = "call" | "exempt_call" | "nothing";

export type ClientOutcome =
  | { readonly outcome: "authenticated"; readonly client: AuthenticatedClient; readonly rate: RateState | null }
  | Limited
  | Refused
  | Throttled;

export interface WorkloadRefusal extends Braked {
  readonly clientId: string;
  readonly reason: WorkloadRefusalReason;
  readonly source: Source;
  /** Facts that explain the refusal to an operator: issuer, policy, the claim that differs. Never the token. */
  readonly details: DomainEvent["details"];
}

/** The part of the ledger's RPC surface that is about clients. */
export interface ClientLedger {
  /** Authenticates the client and issues nothing. */
  authenticateClient(request: ClientAuthenticationRequest, counting: Counting): Promise<ClientOutcome>;
  /** Records that a workload's token was refused: counts the failure and appends the event. `clientId` is the one of the request; it need not exist. */
  refuseWorkload(refusal: WorkloadRefusal): Promise<Refused | Throttled>;
}

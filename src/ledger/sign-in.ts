/** Client authentication: compares a secret, an assertion or a workload's policy with the agent's record. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { PublicJwk } from "../platform/crypto/jwk.ts";
import { isSameHash } from "../platform/crypto/keyed-hash.ts";
import type { AgentId, CredentialId } from "../platform/ids.ts";
import { checkAssertion } from "./assertion.ts";
import type { ClientAuthenticationRequest, Presented, RefusalReason } from "./contract.ts";
import type { Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import { secretsInOverlap } from "./secrets-in-overlap.ts";
import type { Used } from "./single-use.ts";

type Credential = Principal["credentials"][number];

export type SignIn =
  | {
      readonly ok: true;
      readonly principal: Principal;
      /** The credential or trust policy that it signed in with; null for the agent's own key. */
      readonly credentialId: CredentialId | null;
      /** The assertion that this sign-in has used up; null for a secret, and for a workload token, which only a token uses up. */
      readonly used: Used | null;
    }
  | {
      readonly ok: false;
      readonly reason: RefusalReason;
      /** Facts for the audit log that explain the reason. */
      readonly details?: DomainEvent["details"];
      readonly principal: Principal | null;
      /** The proof was right: only the present state of the agent or of its organization refuses it. */
      readonly isProven?: true;
      /** Reads the precise reason from D1, for the audit log. Not called for every failure: a flood must not read D1. */
      readonly findReason?: () => Promise<RefusalReason>;
    };

type StoredSecret = Pick<Credential, "secretHash" | "hashKeyId">;
type PresentedSecret = Presented & { readonly kind: "secret" };

function isOneOf(stored: readonly StoredSecret[], { hashes }: Pick<PresentedSecret, "hashes">): boolean {
  // Compare every candidate, so that the time taken does not show which one matched (timing attack).
  return stored
    .flatMap(({ secretHash, hashKeyId }) =>
      hashes.map(({ hash, keyId }) => keyId === hashKeyId && isSameHash(hash, secretHash)),
    )
    .includes(true);
}

const isNamed = (credential: Credential, agentId: AgentId, { newestOf }: PresentedSecret): boolean =>
  newestOf?.agentId === agentId && newestOf.credentialId === credential.id;

/** Whether the secret is the newest of the credential that the request must prove, if it must prove one. */
function isNewest(credential: Credential, agentId: AgentId, presented: PresentedSecret): boolean {
  if (!presented.newestOf) return true;
  return isNamed(credential, agentId, presented) && isOneOf([credential], presented);
}

/**
 * Whether the request may repeat the latest rotation of the credential with the secret that this rotation has replaced. A throttled
 * network may not: the repetition is no right of a guesser.
 */
function isReplaced(
  { admission }: Pick<Parts, "admission">,
  credential: Credential,
  { agentId, source }: ClientAuthenticationRequest,
  presented: PresentedSecret,
): boolean {
  const replaced = presented.newestOf?.replaced;
  if (!replaced || !isNamed(credential, agentId, presented)) return false;
  const { proof, successor } = replaced;
  return (
    isOneOf([credential], { hashes: successor }) &&
    isOneOf([{ secretHash: proof.hash, hashKeyId: proof.keyId }], presented) &&
    !admission.isThrottled(agentId, presented.kind, source, Date.now())
  );
}

function refusedState(principal: Principal): RefusalReason | null {
  if (principal.agent.status !== "active") return `agent_${principal.agent.status}`;
  if (principal.organization.status !== "active") return `organization_${principal.organization.status}`;
  return null;
}

/** Whether a token was issued for this workload token before. False for a secret and an assertion. */
export function isReplayed({ singleUse }: Pick<Parts, "singleUse">, presented: Presented): boolean {
  return presented.kind === "workload" && singleUse.isUsed("workload", presented.tokenKey);
}

/** Uses up the workload token that a token is issued for. A secret stays usable, and an assertion is used up already. */
export function useUp({ singleUse }: Pick<Parts, "singleUse">, presented: Presented): void {
  if (presented.kind === "workload") singleUse.useOnce("workload", presented.tokenKey, presented.tokenExpiresAtMs);
}

type SignInParts = Pick<Parts, "admission" | "holds" | "principals" | "singleUse" | "organizationId">;

/**
 * Authenticates a client. Verifies the proof before the state, so that an unauthenticated caller learns nothing about the
 * agent. Reasons go to the audit log only.
 */
export async function signIn(parts: SignInParts, request: ClientAuthenticationRequest): Promise<SignIn> {
  const { holds, principals, singleUse, organizationId } = parts;
  const { presented, agentId } = request;
  const principal = await principals.find(organizationId, agentId, Date.now());
  if (!principal) return { ok: false, reason: "unknown_client", principal };
  const refuse = (reason: RefusalReason, details: DomainEvent["details"] = {}): SignIn => ({
    ok: false,
    reason,
    details,
    principal,
  });

  let credentialId: CredentialId | null = null;
  let used: Used | null = null;
  if (presented.kind === "secret") {
    const replaced = principal.credentials.find((candidate) => isReplaced(parts, candidate, request, presented));
    const matching = replaced
      ? [replaced]
      : principal.credentials.filter((candidate) =>
          isOneOf([candidate, ...secretsInOverlap(candidate, Date.now())], presented),
        );
    const credential = matching.find((candidate) => (candidate.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now());
    if (!credential && matching.length > 0) return refuse("credential_expired");
    if (!credential) {
      const hashes = presented.hashes.map(({ hash }) => hash);
      const findReason = async () =>
        (await principals.wasRevoked(agentId, hashes))
          ? (refusedState(principal) ?? "credential_revoked")
          : "wrong_secret";
      return { ok: false, reason: "wrong_secret", principal, findReason };
    }
    if (!replaced && !isNewest(credential, agentId, presented)) return refuse("not_newest_secret");
    credentialId = credential.id;
  } else if (presented.kind === "workload") {
    credentialId = presented.policyId;
    if (!principal.policies.some(({ id }) => id === presented.policyId)) return refuse("policy_deleted");
    if (isReplayed(parts, presented)) return refuse("workload_token_replayed");
  } else {
    const [key] = principal.keys;
    // A key that the service made signs the agent's delegations; only a key that the agent brought signs it in.
    if (!key || key.privateSealed !== null) return refuse("no_registered_key");
    const jwk = key.publicJwk as PublicJwk;
    const outcome = await checkAssertion(presented.jwt, agentId, jwk, presented.audiences, Date.now());
    if (!outcome.ok) return refuse(outcome.reason, outcome.details);
    // Also used up by a request that is refused for its scope: a new assertion costs nothing, unlike a workload's token.
    used = { maker: agentId, value: outcome.jti };
    if (!singleUse.useOnce(used.maker, used.value, outcome.expiresAtMs)) {
      return refuse("assertion_replayed", { claim: "jti" });
    }
  }

  if (credentialId && holds.refuses({ kind: "credential", agentId, credentialId })) return refuse("credential_revoked");
  const isChanging = holds.refuses({ kind: "agent", agentId }) || holds.refuses({ kind: "organization" });
  const reason = isChanging ? "change_in_progress" : refusedState(principal);
  return reason ? { ok: false, reason, principal, isProven: true } : { ok: true, principal, credentialId, used };
}

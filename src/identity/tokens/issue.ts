/** The end of every grant: one call of the ledger, which decides, counts and records, and then one signature. */

import type { RateHeaders } from "../../access/app-env.ts";
import { hasScope, isPlatformScope } from "../../access/scopes.ts";
import { currentSigningKey, forgetSigningKeys } from "../../keys/service.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Presented, ProofOfPossession, Target, TokenOutcome } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, DelegationId, OrganizationId, Scope } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { holdsDomainOf } from "../../tenancy/domains/service.ts";
import { type AccessTokenContent, type SigningKey, signAccessToken, signIdToken } from "./access-token.ts";
import { refusal } from "./client-authentication.ts";
import { braked } from "./flood-brake.ts";
import { overLimit, rateHeaders } from "./limits.ts";
import type { TokenResponse } from "./schema.ts";

/** A token request that a grant has read. */
export interface Issue {
  readonly organizationId: OrganizationId;
  readonly agentId: AgentId;
  readonly presented: Presented;
  /** `grant_type`. */
  readonly grant: string;
  /** null: everything that the agent can have for the target, except what a request must name. */
  readonly scopes: readonly string[] | null;
  readonly target: Target;
  readonly proof: ProofOfPossession | null;
  /** The delegation that is exchanged; null when the agent acts for itself. */
  readonly chainId: DelegationId | null;
}

/** The answer to a granted token request. */
export interface IssuedToken {
  readonly response: TokenResponse;
  readonly headers: RateHeaders;
}

type Issued = Extract<TokenOutcome, { outcome: "issued" }>;

async function idTokenOf(context: Context, client: Issued["client"], content: AccessTokenContent): Promise<string> {
  const { email, idTokenAlg: alg, organizationId } = client;
  const emailDomainVerified = await holdsDomainOf(context, organizationId, email);
  return signIdToken(context, { ...content, email, emailDomainVerified, alg });
}

async function respond(context: Context, key: SigningKey, issued: Issued, request: Issue): Promise<TokenResponse> {
  const { client, scopes, subject, tokenId, issuedAtMs, notAfterMs, audience, ttlSeconds } = issued;
  const { chainId, proof } = request;
  const issuedAt = Math.floor(issuedAtMs / 1000);
  const remaining = notAfterMs === null ? Number.POSITIVE_INFINITY : Math.floor(notAfterMs / 1000) - issuedAt;
  const longest = Math.min(context.settings.tokenTtlSeconds, ttlSeconds ?? Number.POSITIVE_INFINITY);
  const lifetime = Math.min(longest, remaining);
  const content: AccessTokenContent = {
    tokenId,
    subject: subject.agentId,
    clientId: client.agentId,
    chainId,
    organizationId: client.organizationId,
    agentType: subject.agentType,
    audience,
    scopes,
    credentialId: client.credentialId,
    thumbprint: proof?.thumbprint ?? null,
    issuedAt,
    expiresAt: issuedAt + lifetime,
  };
  // An id_token is about the client. The subject of a delegated token is another agent.
  const openid = chainId === null && hasScope({ scopes }, "openid");
  return {
    access_token: await signAccessToken(context, key, content),
    token_type: proof ? "DPoP" : "Bearer",
    expires_in: lifetime,
    scope: scopes.join(" "),
    ...(openid ? { id_token: await idTokenOf(context, client, content) } : {}),
  };
}

/** RFC 9449 5: a proof that is not valid at the token endpoint. */
export function invalidProof(): Problem {
  return problem("VALIDATION_ERROR", "The DPoP proof is not valid for this request, or has been used.", {
    oauthError: "invalid_dpop_proof",
  });
}

/** RFC 6749 5.2: the client cannot have these scopes for the target. */
function scopeRefused({ target, chainId }: Pick<Issue, "target" | "chainId">, outside: readonly string[]): Problem {
  const refuse = (message: string) =>
    problem("VALIDATION_ERROR", message, { oauthError: "invalid_scope", details: { outside } });
  if (outside.length === 0) return refuse("The client has no capability that this resource takes.");
  const list = outside.join(" ");
  if (chainId !== null) return refuse(`The delegation does not lend: ${list}.`);
  if (target.key !== null) return refuse(`The client may not be granted for this resource: ${list}.`);
  if (outside.every(isPlatformScope)) return refuse(`The client may not be granted: ${list}.`);
  return refuse(
    `The client may not be granted for this service: ${list}. A capability needs resource: send the identifier of the API that the token is for.`,
  );
}

/** RFC 8707 2: one text for an unknown, foreign, disabled or lapsed resource, so that it shows nothing of other organizations. */
function targetRefused(nearest: string | null): Problem {
  const hint = nearest === null ? "" : ` The nearest resource of your organization is ${nearest}.`;
  return problem("VALIDATION_ERROR", `The client may not have a token for this resource.${hint}`, {
    oauthError: "invalid_target",
  });
}

/** RFC 8693 2.2.2: one answer for every delegation that cannot be exchanged. */
export function invalidDelegation(): Problem {
  return problem("VALIDATION_ERROR", "The delegation is not valid, or not for this client.", {
    oauthError: "invalid_grant",
  });
}

/**
 * Issues a token, if the ledger grants it.
 *
 * @param refused the answer when the client is not authenticated
 */
export async function issueThroughLedger(
  context: Context,
  request: Issue,
  refused: (outcome: Extract<TokenOutcome, { outcome: "refused" | "throttled" }>) => Problem = refusal,
): Promise<Result<IssuedToken>> {
  const { organizationId, agentId, presented, grant, scopes, target, proof, chainId } = request;
  for (let attempt = 1; ; attempt++) {
    const key = await currentSigningKey(context, "ES256");
    const outcome = await braked(context, request, (stopped) =>
      ledgerOf(context, organizationId).issueToken({
        agentId,
        presented,
        source: context.source,
        stopped,
        scopes: scopes as readonly Scope[] | null,
        signingKeyId: key.kid,
        grant,
        target,
        proof,
        chainId,
      }),
    );
    switch (outcome.outcome) {
      case "issued":
        return ok({
          response: await respond(context, key, outcome, request),
          headers: rateHeaders(outcome.rate),
        });
      case "scope_refused":
        return scopeRefused(request, outcome.outside);
      case "target_refused":
        return targetRefused(outcome.nearest);
      case "proof_required":
        return problem(
          "VALIDATION_ERROR",
          "A DPoP proof is needed (RFC 9449): the agent, or the resource, demands tokens that are bound to a key.",
          {
            oauthError: "invalid_dpop_proof",
          },
        );
      case "delegation_refused":
        return invalidDelegation();
      case "limited":
        return overLimit(context, outcome);
      case "proof_replayed":
        return invalidProof();
      case "signing_key_dropped":
        // Another instance dropped the key that this one still had. Nothing was counted or used up.
        if (attempt === 3) {
          return problem("SERVICE_UNAVAILABLE", "No signing key.", { oauthError: "temporarily_unavailable" });
        }
        forgetSigningKeys(context, key.kid);
        break;
      default:
        return refused(outcome);
    }
  }
}

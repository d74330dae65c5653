/** The access token of an API call: `Bearer` (RFC 6750) or, bound to a key, `DPoP` (RFC 9449 7). */

import type { Admitted } from "../../access/app-env.ts";
import type { Caller } from "../../access/caller.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { Scope } from "../../platform/ids.ts";
import { type OAuthError, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { readAccessToken } from "./access-token.ts";
import { checkProof, proofAlgs } from "./dpop.ts";
import { overLimit, rateHeaders } from "./limits.ts";

function unauthorized(message: string, error?: OAuthError): Problem {
  return problem("UNAUTHORIZED", message, error ? { oauthError: error } : {});
}

/** RFC 9449 7.1: the challenge for a bound token. */
function dpopChallenge(message: string, error: "invalid_token" | "invalid_dpop_proof"): Problem {
  return problem("UNAUTHORIZED", message, {
    oauthError: error,
    headers: {
      "WWW-Authenticate": `DPoP error="${error}", error_description="${message}", algs="${proofAlgs.join(" ")}"`,
    },
  });
}

const notValid = "The access token is not valid.";
const notProven = "The DPoP proof is not valid for this request, or has been used.";

/**
 * Accepts the access token of a request. It must be valid, for this API, and not revoked. A token that is bound to a key needs a
 * fresh proof of that key.
 *
 * @param exempt whether the call is admitted over the organization's limits too
 * @returns `UNAUTHORIZED` with one text for every invalid token; over a limit, the limit
 */
export async function authenticateBearer(
  context: Context,
  request: Request,
  { exempt }: { readonly exempt: boolean },
): Promise<Result<Admitted>> {
  const authorization = request.headers.get("Authorization");
  if (authorization === null) return unauthorized("An access token is needed: Authorization: Bearer <token>.");
  const [, scheme = "", token = ""] = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization) ?? [];
  if (token === "") return unauthorized("The Authorization header must be: Bearer <token>.", "invalid_request");
  const isDpop = scheme.toLowerCase() === "dpop";
  const refused = isDpop ? dpopChallenge(notValid, "invalid_token") : unauthorized(notValid, "invalid_token");

  const read = await readAccessToken(context, token);
  if (read?.claims.aud !== context.settings.issuer) return refused;
  const { claims, facts } = read;
  // A bound token that is sent as Bearer may be stolen (RFC 9449 7.2). An unbound token proves nothing by DPoP.
  if (isDpop !== (claims.cnf !== undefined)) return claims.cnf ? dpopChallenge(notValid, "invalid_token") : refused;
  let proof = null;
  if (claims.cnf) {
    const path = new URL(request.url).pathname;
    const header = request.headers.get("DPoP") ?? "";
    proof = await checkProof(context, header, { method: request.method, path, accessToken: token });
    if (proof?.thumbprint !== claims.cnf.jkt) return dpopChallenge(notProven, "invalid_dpop_proof");
  }

  const outcome = await ledgerOf(context, claims.organization_id).admit(facts, proof, exempt);
  if (outcome.outcome === "inactive") return refused;
  if (outcome.outcome === "proof_replayed") return dpopChallenge(notProven, "invalid_dpop_proof");
  if (outcome.outcome === "limited") return overLimit(context, outcome);
  // A role is not lent: a delegated caller has the lent scopes only.
  const role = facts.chainId && outcome.role ? "member" : outcome.role;
  const scopes = claims.scope.split(" ").filter((scope) => scope !== "") as Scope[];
  const caller: Caller = {
    agentId: claims.sub,
    delegation: facts.chainId ? { chainId: facts.chainId, actorAgentId: facts.agentId } : null,
    organizationId: claims.organization_id,
    credentialId: facts.credentialId,
    tokenId: facts.tokenId,
    scopes: scopes.filter((scope) => scope !== "admin:orgs" || role === "admin"),
    capabilities: outcome.capabilities,
    role,
    isOperator: outcome.isOperator,
  };
  return ok({ caller, headers: rateHeaders(outcome.rate) });
}

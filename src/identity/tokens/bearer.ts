/** The access token of an API call: `Bearer` (RFC 6750) or, bound to a key, `DPoP` (RFC 9449 7). */

import type { Admitted } from "../../access/app-env.ts";
import type { Caller } from "../../access/caller.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { plain } from "../../platform/http/respond.ts";
import type { Scope } from "../../platform/ids.ts";
import { cutText, longestValue } from "../../platform/problems/bounds.ts";
import { type OAuthError, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { type ReadAccessToken, readAccessToken, readOwnToken } from "./access-token.ts";
import { checkProof, proofAlgs } from "./dpop.ts";
import { overLimit, rateHeaders } from "./limits.ts";

interface Refusal {
  readonly error?: OAuthError;
  readonly hint?: string | undefined;
  /** The issuer, for the challenge of DPoP. */
  readonly dpopAt?: string | false;
}

/** A refusal with the challenge of the scheme: `Bearer` (RFC 6750 3), or `DPoP` (RFC 9449 7.1) for a token that is bound to a key. */
function refusal(message: string, { error, hint, dpopAt = false }: Refusal): Problem {
  const parameters = {
    error,
    error_description: plain(message),
    algs: proofAlgs.join(" "),
    resource_metadata: `${dpopAt}/.well-known/oauth-protected-resource`,
  };
  const challenge = `DPoP ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}`;
  return problem("UNAUTHORIZED", message, {
    ...(error ? { oauthError: error } : {}),
    ...(hint ? { hint } : {}),
    ...(dpopAt ? { headers: { "WWW-Authenticate": challenge } } : {}),
  });
}

const notValid = "The access token is not valid.";
const notProven = {
  message: "The DPoP proof is not valid for this request, or has been used.",
  hint: "Make a new proof for each request: its `htm`, `htu` and `ath` are those of the request and its token, its `iat` is now, its `jti` is new.",
};

/** Why a token that this service has signed is refused. Its holder can read the first two in the token. */
const ownReasons = {
  audience: (aud: string) => ({
    message: `The access token is for ${cutText(aud, longestValue)}, not for this service.`,
    hint: "Request a token without `resource` for this service.",
  }),
  expired: { message: "The access token has expired.", hint: "Get a new one from `POST /api/v1/token`." },
  bound: {
    message: notValid,
    hint: "The token is bound to a key: send it as `Authorization: DPoP <token>`, with a proof in the `DPoP` header (RFC 9449 7.1).",
  },
  unbound: { message: notValid, hint: "The token is not bound to a key: send it as `Authorization: Bearer <token>`." },
  revoked: {
    message: "The access token is revoked.",
    hint: "Get a new one from `POST /api/v1/token`. If that is refused too, the agent, its credential or its organization is not active.",
  },
};

/** What was sent instead of an access token, where its form shows that it can be none. The answer does not repeat it. */
function hintOfForm(sent: string): string | undefined {
  if (sent.startsWith("sa_sec_"))
    return "This is a client secret. Exchange it for an access token at `POST /api/v1/token`.";
  return sent.includes(".") ? undefined : "The header holds no access token. Is the variable with the token set?";
}

const schemes = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

/** The access token in an `Authorization` header that a guard has accepted; null for a call without one. */
export async function presentedToken(context: Context, authorization: string | null): Promise<ReadAccessToken | null> {
  const token = schemes.exec(authorization ?? "")?.[2];
  return token === undefined ? null : readAccessToken(context, token);
}

/** Proves the possession of the key that the token is bound to; null when it is not proven. */
async function proofFor(context: Context, request: Request, token: string, thumbprint: string) {
  const path = new URL(request.url).pathname;
  const header = request.headers.get("DPoP") ?? "";
  const proof = await checkProof(context, header, { method: request.method, path, accessToken: token });
  return proof?.thumbprint === thumbprint ? proof : null;
}

/**
 * Accepts the access token of a request. It must be valid, for this API, and not revoked. A token that is bound to a key needs a
 * fresh proof of that key.
 *
 * @param exempt whether the call is admitted over the organization's limits too
 * @returns `UNAUTHORIZED`: for a token that this service has signed, whether it has expired, is for another audience or is revoked,
 *   suspended agents and organizations included; one text for every other token. Over a limit, the limit
 */
export async function authenticateBearer(
  context: Context,
  request: Request,
  { exempt }: { readonly exempt: boolean },
): Promise<Result<Admitted>> {
  const authorization = request.headers.get("Authorization");
  if (authorization === null) return refusal("An access token is needed: Authorization: Bearer <token>.", {});
  const [, scheme = "", token = ""] = schemes.exec(authorization) ?? [];
  if (token === "") return refusal("The Authorization header must be: Bearer <token>.", { error: "invalid_request" });
  const isDpop = scheme.toLowerCase() === "dpop";
  const { issuer } = context.settings;

  const read = await readOwnToken(context, token);
  if (!read) return refusal(notValid, { error: "invalid_token", hint: hintOfForm(token), dpopAt: isDpop && issuer });
  const { claims, facts } = read;
  const refuse = ({ message, hint }: { readonly message: string; readonly hint: string }) =>
    refusal(message, { error: "invalid_token", hint, dpopAt: (isDpop || claims.cnf !== undefined) && issuer });
  if (claims.aud !== issuer) return refuse(ownReasons.audience(claims.aud));
  if (read.isExpired) return refuse(ownReasons.expired);
  // A bound token that is sent as Bearer may be stolen (RFC 9449 7.2). An unbound token proves nothing by DPoP.
  if (isDpop !== (claims.cnf !== undefined)) return refuse(claims.cnf ? ownReasons.bound : ownReasons.unbound);
  const refuseProof = () =>
    refusal(notProven.message, { error: "invalid_dpop_proof", hint: notProven.hint, dpopAt: issuer });
  // Before the ledger: without the key, a stolen token does not show whether it is revoked.
  const proof = claims.cnf ? await proofFor(context, request, token, claims.cnf.jkt) : null;
  if (claims.cnf && !proof) return refuseProof();

  const outcome = await ledgerOf(context, claims.organization_id).admit(facts, proof, exempt);
  if (outcome.outcome === "inactive") return refuse(ownReasons.revoked);
  if (outcome.outcome === "proof_replayed") return refuseProof();
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

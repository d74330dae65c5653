/** What a sample token would do with a policy that is not saved yet. In the browser: the token is sent nowhere and not verified. */
import { type Claims, mismatchOf, type Rules } from "../../../../../src/identity/workloads/matching.ts";
import type { CreateTrustPolicy } from "../../api/schema.ts";

export type Verdict =
  | { readonly outcome: "matches" }
  /** The first rule that it breaks */
  | { readonly outcome: "differs"; readonly claim: string; readonly why: string; readonly has: string }
  | { readonly outcome: "unreadable"; readonly why: string };

/** The payload of a JWT (RFC 7519 7.2, without the signature), or pasted claims in JSON; null: neither. */
export function claimsOf(text: string): Claims | null {
  const trimmed = text.trim();
  const json = trimmed.startsWith("{") ? trimmed : payloadOf(trimmed);
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : null;
  } catch {
    return null;
  }
}

function payloadOf(token: string): string | null {
  const [, payload, signature, ...others] = token.split(".");
  if (payload === undefined || signature === undefined || others.length > 0) return null;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const whys: Readonly<Record<string, string>> = {
  audience_mismatch: "The audience is another one.",
  repository_mismatch: "It is of another repository.",
  repository_owner_mismatch: "The repository has another owner.",
  pull_request: "It is a run for a pull request, whose code nobody has reviewed.",
  ref_mismatch: "It is of another branch or tag.",
  workflow_mismatch: "It is of another workflow.",
  environment_mismatch: "It is of another environment.",
  claim_mismatch: "The claim has another value.",
};

/**
 * @param policy as the form would send it
 * @param issuer the audience of a policy that names none, and the issuer of GitHub's policies
 */
export function tryPolicy(policy: CreateTrustPolicy, text: string, issuer: string): Verdict {
  const claims = claimsOf(text);
  if (claims === null) return { outcome: "unreadable", why: "This is neither a JWT nor claims in JSON." };
  if (policy.provider === "oidc" && claims.iss !== policy.issuer) {
    return { outcome: "differs", claim: "iss", why: "It is of another issuer.", has: shown(claims.iss) };
  }
  const mismatch = mismatchOf(rulesOf(policy), claims, issuer);
  if (mismatch === null) return { outcome: "matches" };
  const { claim, reason } = mismatch;
  return { outcome: "differs", claim, why: whys[reason] ?? reason, has: shown(claims[claim]) };
}

const shown = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));

function rulesOf({ provider, repository = "", audience, claims = {}, agentId: _, ...rule }: CreateTrustPolicy): Rules {
  return provider === "github"
    ? { provider, audience: null, rule: { ...rule, repository } }
    : { provider, audience: audience ?? null, rule: { claims } };
}

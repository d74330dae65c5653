/** Compares the claims of a verified workload token with a trust policy. Pure; every comparison is exact. */
import type { JWTPayload } from "jose";
import type { WorkloadRefusalReason } from "../../ledger/contract.ts";
import type { GitHubRule } from "./schema.ts";
import type { TrustPolicyRecord } from "./store.ts";

/** The rules, in the order of evaluation. */
const rules = [
  "audience_mismatch",
  "repository_mismatch",
  "repository_owner_mismatch",
  "pull_request",
  "ref_mismatch",
  "environment_mismatch",
  "claim_mismatch",
] as const satisfies readonly WorkloadRefusalReason[];

/** The first rule that a token breaks, and its claim. */
export interface Mismatch {
  readonly reason: (typeof rules)[number];
  readonly claim: string;
}

/** The number of rules that a token passed before this one. */
export const rulesPassed = ({ reason }: Mismatch): number => rules.indexOf(reason);

/**
 * The single audience of a token; Kubernetes sends it as an array of one. null for several: each of those services could
 * present the token here.
 */
function audienceOf({ aud }: JWTPayload): string | null {
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof only === "string" ? only : null;
}

/** An inherited property, such as `constructor`, is not a claim. */
const claimOf = (claims: JWTPayload, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

/**
 * A run for a pull request executes code that is not reviewed. `ref` is not enough: in a `pull_request_target` run it is the
 * target branch, which passes a branch rule here and a deployment-branch rule at GitHub. Only pull requests have `head_ref`
 * and `base_ref`, whatever the name of the event.
 */
function isPullRequest(claims: JWTPayload): boolean {
  const [event, ref] = [claimOf(claims, "event_name"), claimOf(claims, "ref")];
  const isOther = typeof event === "string" && !event.startsWith("pull_request");
  const namesRequest = ["head_ref", "base_ref"].some((name) => (claimOf(claims, name) ?? "") !== "");
  return !isOther || namesRequest || (typeof ref === "string" && ref.startsWith("refs/pull/"));
}

/** `sub` is not compared: a repository's admins can change its form, and so did GitHub. */
function githubMismatch(rule: GitHubRule, claims: JWTPayload): Mismatch | null {
  const { repository, repositoryId, repositoryOwnerId, branch, environment, anyRef } = rule;
  const differs = (claim: string, expected: string) => claimOf(claims, claim) !== expected;
  if (repositoryId !== undefined) {
    if (differs("repository_id", repositoryId)) return { reason: "repository_mismatch", claim: "repository_id" };
  } else if (differs("repository", repository)) return { reason: "repository_mismatch", claim: "repository" };
  if (repositoryOwnerId !== undefined && differs("repository_owner_id", repositoryOwnerId))
    return { reason: "repository_owner_mismatch", claim: "repository_owner_id" };
  if (anyRef !== true && isPullRequest(claims)) return { reason: "pull_request", claim: "event_name" };
  if (branch !== undefined) {
    if (differs("ref", `refs/heads/${branch}`)) return { reason: "ref_mismatch", claim: "ref" };
    if (differs("ref_type", "branch")) return { reason: "ref_mismatch", claim: "ref_type" };
  }
  if (environment !== undefined && differs("environment", environment))
    return { reason: "environment_mismatch", claim: "environment" };
  return null;
}

/**
 * The first rule of the policy that the token breaks; null when the token matches.
 *
 * @param audience the required `aud` of a policy without an audience
 */
export function mismatchOf(policy: TrustPolicyRecord, claims: JWTPayload, audience: string): Mismatch | null {
  if (audienceOf(claims) !== (policy.audience ?? audience)) return { reason: "audience_mismatch", claim: "aud" };
  if (policy.provider === "github") return githubMismatch(policy.rule, claims);
  const wrong = Object.entries(policy.rule.claims).find(([name, value]) => claimOf(claims, name) !== value);
  return wrong ? { reason: "claim_mismatch", claim: wrong[0] } : null;
}

/** Does a workload's token, whose signature and times are right, say what a trust policy demands? Pure rules; exact comparison only. */
import type { JWTPayload } from "jose";
import type { WorkloadRefusalReason } from "../../ledger/contract.ts";
import type { GitHubRule } from "./schema.ts";
import type { TrustPolicyRecord } from "./store.ts";

/** The rules in the order in which they are asked. */
const rules = [
  "audience_mismatch",
  "repository_mismatch",
  "repository_owner_mismatch",
  "pull_request",
  "ref_mismatch",
  "environment_mismatch",
  "claim_mismatch",
] as const satisfies readonly WorkloadRefusalReason[];

/** The first rule that a token breaks, and the claim that breaks it. */
export interface Mismatch {
  readonly reason: (typeof rules)[number];
  readonly claim: string;
}

/** How many rules a token has passed before this one. */
export const rulesPassed = ({ reason }: Mismatch): number => rules.indexOf(reason);

/**
 * The one audience of a token. Kubernetes sends an array even for one; a token with several is for several services, each
 * of which could present it here.
 */
export function audienceOf({ aud }: JWTPayload): string | null {
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof only === "string" ? only : null;
}

/** An inherited property, such as `constructor`, is no claim. */
const claimOf = (claims: JWTPayload, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

/**
 * A run for a pull request carries code that nobody has reviewed. `ref` does not always tell: of a `pull_request_target` run
 * it is the branch that the request is for, and it would pass a branch rule here and a deployment-branch rule at GitHub.
 * `head_ref` and `base_ref` are of pull requests alone, whatever an event of theirs may be called one day.
 */
function isPullRequest(claims: JWTPayload): boolean {
  const [event, ref] = [claimOf(claims, "event_name"), claimOf(claims, "ref")];
  const isOther = typeof event === "string" && !event.startsWith("pull_request");
  const namesRequest = ["head_ref", "base_ref"].some((name) => (claimOf(claims, name) ?? "") !== "");
  return !isOther || namesRequest || (typeof ref === "string" && ref.startsWith("refs/pull/"));
}

/** `sub` is not looked at: a repository's admins can change its form, and GitHub has. Each claim stands for itself. */
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
 * The first demand of the policy that the token does not fulfil; null when it fulfils them all.
 *
 * @param audience what `aud` must be where the policy does not say
 */
export function mismatchOf(policy: TrustPolicyRecord, claims: JWTPayload, audience: string): Mismatch | null {
  if (audienceOf(claims) !== (policy.audience ?? audience)) return { reason: "audience_mismatch", claim: "aud" };
  if (policy.provider === "github") return githubMismatch(policy.rule, claims);
  const wrong = Object.entries(policy.rule.claims).find(([name, value]) => claimOf(claims, name) !== value);
  return wrong ? { reason: "claim_mismatch", claim: wrong[0] } : null;
}

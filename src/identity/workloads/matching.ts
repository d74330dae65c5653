/**
 * Compares the claims of a workload token with a trust policy. Pure; a value is never a pattern. It imports nothing: the console uses
 * it too, to show in the browser what a sample token would do.
 */

/** The payload of a JWT: anything. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a policy for GitHub compares. */
export interface GitHubRules {
  readonly repository: string;
  readonly repositoryId?: string;
  readonly repositoryOwnerId?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly ref?: string;
  readonly environment?: string;
  readonly jobWorkflowRef?: string;
  readonly pullRequests?: boolean;
}

/** What a policy for another issuer compares. */
export interface OidcRules {
  readonly claims: Claims;
}

export type Rules = { readonly audience: string | null } & (
  | { readonly provider: "github"; readonly rule: GitHubRules }
  | { readonly provider: "oidc"; readonly rule: OidcRules }
);

/** The rules, in the order of evaluation. */
const rules = [
  "audience_mismatch",
  "repository_mismatch",
  "repository_owner_mismatch",
  "pull_request",
  "ref_mismatch",
  "workflow_mismatch",
  "environment_mismatch",
  "claim_mismatch",
] as const;

/** The first rule that a token breaks, and its claim. */
export interface Mismatch {
  readonly reason: (typeof rules)[number];
  readonly claim: string;
}

/** The number of rules that a token passed before this one. */
export const rulesPassed = ({ reason }: Mismatch): number => rules.indexOf(reason);

/**
 * The single audience of a token; Kubernetes sends it as an array of one. null for several different ones: each of those services could
 * present the token here.
 */
function audienceOf({ aud }: Claims): string | null {
  const [only, ...others]: unknown[] = [...new Set([aud].flat())];
  return typeof only === "string" && others.length === 0 ? only : null;
}

/** An inherited property, such as `constructor`, is not a claim. */
const claimOf = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

/**
 * A run for a pull request executes code that is not reviewed. `ref` is not enough: in a `pull_request_target` run it is the
 * target branch, which passes a branch rule here and a deployment-branch rule at GitHub. Only pull requests have `head_ref`
 * and `base_ref`, whatever the name of the event.
 */
function isPullRequest(claims: Claims): boolean {
  const [event, ref] = [claimOf(claims, "event_name"), claimOf(claims, "ref")];
  const isOther = typeof event === "string" && !event.startsWith("pull_request");
  const namesRequest = ["head_ref", "base_ref"].some((name) => (claimOf(claims, name) ?? "") !== "");
  return !isOther || namesRequest || (typeof ref === "string" && ref.startsWith("refs/pull/"));
}

/** The whole ref that a rule names; undefined when it takes every ref. */
function refOf({ branch, tag, ref }: GitHubRules): string | undefined {
  if (branch !== undefined) return `refs/heads/${branch}`;
  return tag === undefined ? ref : `refs/tags/${tag}`;
}

/**
 * Whether the run is for a group of the merge queue that the ref names. GitHub makes a branch for each group,
 * `gh-readonly-queue/<branch>/pr-<number>-<commit>`, so that no policy can name it.
 */
function isOfQueue(ref: string, claims: Claims): boolean {
  const actual = claimOf(claims, "ref");
  if (!ref.startsWith("refs/heads/gh-readonly-queue/") || claimOf(claims, "event_name") !== "merge_group") return false;
  if (typeof actual !== "string" || !actual.startsWith(`${ref}/`)) return false;
  return /^pr-[1-9][0-9]*-[0-9a-f]{40,64}$/.test(actual.slice(ref.length + 1));
}

/**
 * GitHub does not distinguish environments by case. Only ASCII: a letter that Unicode folds, such as the Kelvin sign, could be another
 * environment there, without its protection rules.
 */
const withoutCase = (value: unknown) =>
  typeof value === "string" ? value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : value;

/** `sub` is not compared: a repository's admins can change its form, and so did GitHub. */
function githubMismatch(rule: GitHubRules, claims: Claims): Mismatch | null {
  const { repository, repositoryId, repositoryOwnerId, environment, jobWorkflowRef, pullRequests } = rule;
  const differs = (claim: string, expected: string) => claimOf(claims, claim) !== expected;
  if (repositoryId !== undefined) {
    if (differs("repository_id", repositoryId)) return { reason: "repository_mismatch", claim: "repository_id" };
  } else if (differs("repository", repository)) return { reason: "repository_mismatch", claim: "repository" };
  if (repositoryOwnerId !== undefined && differs("repository_owner_id", repositoryOwnerId))
    return { reason: "repository_owner_mismatch", claim: "repository_owner_id" };
  if (pullRequests !== true && isPullRequest(claims)) return { reason: "pull_request", claim: "event_name" };
  const ref = refOf(rule);
  if (ref !== undefined) {
    if (differs("ref", ref) && !isOfQueue(ref, claims)) return { reason: "ref_mismatch", claim: "ref" };
    if (differs("ref_type", ref.startsWith("refs/tags/") ? "tag" : "branch"))
      return { reason: "ref_mismatch", claim: "ref_type" };
  }
  if (jobWorkflowRef !== undefined && differs("job_workflow_ref", jobWorkflowRef))
    return { reason: "workflow_mismatch", claim: "job_workflow_ref" };
  if (environment !== undefined && withoutCase(claimOf(claims, "environment")) !== withoutCase(environment))
    return { reason: "environment_mismatch", claim: "environment" };
  return null;
}

/**
 * Other services run GitHub's workflows and sign its claims: an Enterprise Server that is not configured here, Gitea, Forgejo. Their
 * pull requests do not match either, unless the policy itself names the event.
 */
function oidcMismatch({ claims: required }: OidcRules, claims: Claims): Mismatch | null {
  const isRun = claimOf(claims, "event_name") !== undefined && !Object.hasOwn(required, "event_name");
  if (isRun && isPullRequest(claims)) return { reason: "pull_request", claim: "event_name" };
  const wrong = Object.entries(required).find(([name, value]) => claimOf(claims, name) !== value);
  return wrong ? { reason: "claim_mismatch", claim: wrong[0] } : null;
}

/**
 * The first rule of the policy that the token breaks; null when the token matches.
 *
 * @param audience the required `aud` of a policy without an audience
 */
export function mismatchOf(policy: Rules, claims: Claims, audience: string): Mismatch | null {
  if (audienceOf(claims) !== (policy.audience ?? audience)) return { reason: "audience_mismatch", claim: "aud" };
  return policy.provider === "github" ? githubMismatch(policy.rule, claims) : oidcMismatch(policy.rule, claims);
}

/**
 * Which runs match which policy: literal policies and claims, without keys and times. Attack: a general policy for
 * GitHub's issuer or that of an enterprise, which would have no rule for pull requests.
 */
import { describe, expect, it } from "vitest";
import { mismatchOf } from "../../../src/identity/workloads/matching.ts";
import type { TrustPolicyRecord } from "../../../src/identity/workloads/store.ts";

const issuer = "https://idp.example.com";

type Claims = Record<string, unknown>;

/** A push to the branch main of acme/resumes, as GitHub signs it. */
const push: Claims = {
  aud: issuer,
  repository: "acme/resumes",
  repository_id: "774218503",
  repository_owner_id: "9919",
  ref: "refs/heads/main",
  ref_type: "branch",
  event_name: "push",
  head_ref: "",
  base_ref: "",
  job_workflow_ref: "acme/resumes/.github/workflows/deploy.yml@refs/heads/main",
};
const tagged: Claims = { ...push, ref: "refs/tags/v1.4.0", ref_type: "tag" };
const queued: Claims = {
  ...push,
  event_name: "merge_group",
  ref: "refs/heads/gh-readonly-queue/main/pr-7-714a629c0b401fdce83e847fc9589983fc6f46bc",
};

const github = (rule: Claims) =>
  ({
    provider: "github",
    audience: null,
    rule: { repository: "acme/resumes", ...rule },
  }) as unknown as TrustPolicyRecord;
const general = (claims: Claims) =>
  ({ provider: "oidc", audience: issuer, rule: { claims } }) as unknown as TrustPolicyRecord;

const mismatch = (policy: TrustPolicyRecord, claims: Claims) => {
  const found = mismatchOf(policy, claims, issuer);
  return found && `${found.reason} ${found.claim}`;
};

describe("GitHub", () => {
  const reusable = "acme/workflows/.github/workflows/deploy.yml@refs/tags/v2";
  const queue = "refs/heads/gh-readonly-queue/main";

  it.each<[Claims, Claims, string | null]>([
    [{ branch: "main" }, push, null],
    [{ branch: "main" }, { ...push, aud: [issuer] }, null],
    [{ branch: "main" }, { ...push, aud: [issuer, issuer] }, null],
    [{ branch: "main" }, { ...push, aud: [issuer, "https://other.example"] }, "audience_mismatch aud"],
    [{ branch: "main" }, { ...push, aud: [] }, "audience_mismatch aud"],
    [{ branch: "main" }, { ...push, aud: undefined }, "audience_mismatch aud"],
    [{ repository: "jane_corp/app", branch: "main" }, { ...push, repository: "jane_corp/app" }, null],
    [{ repository: "jane_corp/app", branch: "main" }, push, "repository_mismatch repository"],
    [{ branch: "main" }, tagged, "ref_mismatch ref"],
    [{ branch: "main" }, queued, "ref_mismatch ref"],
    [{ tag: "v1.4.0" }, tagged, null],
    [{ tag: "v1.4.0" }, { ...tagged, ref: "refs/tags/v1.4.1" }, "ref_mismatch ref"],
    [{ tag: "v1.4.0" }, { ...tagged, ref: "refs/tags/V1.4.0" }, "ref_mismatch ref"],
    [{ tag: "v1.4.0" }, { ...tagged, ref: "refs/heads/v1.4.0", ref_type: "branch" }, "ref_mismatch ref"],
    [{ tag: "v1.4.0" }, { ...tagged, ref_type: "branch" }, "ref_mismatch ref_type"],
    [{ ref: "refs/tags/v1.4.0" }, tagged, null],
    [{ ref: "refs/heads/main" }, push, null],
    [{ ref: "refs/heads/main" }, { ...push, ref_type: "tag" }, "ref_mismatch ref_type"],
    [{ ref: queued.ref }, queued, null],
    [{ ref: queue }, queued, null],
    [{ ref: queue }, push, "ref_mismatch ref"],
    [{ ref: queue }, { ...queued, event_name: "push" }, "ref_mismatch ref"],
    [{ ref: queue }, { ...queued, ref: queue }, null],
    [{ ref: queue }, { ...queued, ref: `${queue}/x` }, "ref_mismatch ref"],
    [
      { ref: queue },
      { ...queued, ref: `${queue}/x/${String(queued.ref).slice(queue.length + 1)}` },
      "ref_mismatch ref",
    ],
    [{ ref: queue }, { ...queued, ref: `${queue}2${String(queued.ref).slice(queue.length)}` }, "ref_mismatch ref"],
    [{ jobWorkflowRef: push.job_workflow_ref }, push, null],
    [{ jobWorkflowRef: reusable }, { ...push, job_workflow_ref: reusable }, null],
    [{ jobWorkflowRef: reusable }, push, "workflow_mismatch job_workflow_ref"],
    [
      { jobWorkflowRef: reusable },
      { ...push, job_workflow_ref: "acme/workflows/.github/workflows/deploy.yml@refs/tags/v3" },
      "workflow_mismatch job_workflow_ref",
    ],
    [{ environment: "production" }, { ...push, environment: "Production" }, null],
    [{ environment: "Kiosk: EU" }, { ...push, environment: "kiosk: eu" }, null],
    // Unicode folds the Kelvin sign to k. At GitHub it could be another environment.
    [{ environment: "kiosk" }, { ...push, environment: "\u212aiosk" }, "environment_mismatch environment"],
    [{ environment: "production" }, push, "environment_mismatch environment"],
    [{ environment: "production" }, { ...push, environment: ["production"] }, "environment_mismatch environment"],
    [{ anyRef: true }, push, null],
    [{ anyRef: true }, tagged, null],
    [{ anyRef: true }, queued, null],
  ])("%j, %j: %s", (rule, claims, expected) => {
    expect(mismatch(github(rule), claims)).toBe(expected);
  });

  const pullRequests: [string, Claims][] = [
    ["pull_request", { event_name: "pull_request", ref: "refs/pull/7/merge", head_ref: "patch-1", base_ref: "main" }],
    ["pull_request_target, whose ref is the branch", { event_name: "pull_request_target", head_ref: "patch-1" }],
    ["pull_request_target without the refs of the request", { event_name: "pull_request_target" }],
    ["a review", { event_name: "pull_request_review" }],
    ["a comment on a review", { event_name: "pull_request_review_comment" }],
    ["another event at the request's ref", { ref: "refs/pull/7/head" }],
    ["another event with head_ref", { head_ref: "patch-1" }],
    ["another event with base_ref", { base_ref: "main" }],
    ["no event", { event_name: undefined }],
    ["an event that is no text", { event_name: ["push"] }],
  ];
  const policies: [string, Claims][] = [
    ["branch", { branch: "main" }],
    ["tag", { tag: "v1.4.0" }],
    ["ref", { ref: "refs/heads/main" }],
    ["environment", { environment: "production" }],
    ["jobWorkflowRef", { jobWorkflowRef: push.job_workflow_ref }],
    ["anyRef", { anyRef: true }],
  ];

  it.each(pullRequests.flatMap(([name, claims]) => policies.map(([by, rule]) => [name, by, claims, rule] as const)))(
    "%s never matches a policy by %s",
    (_, __, claims, rule) => {
      const run = { ...push, environment: "production", ...claims };
      expect(mismatch(github(rule), run)).toBe("pull_request event_name");
    },
  );

  it.each(pullRequests)("%s matches where the policy says pullRequests", (_, claims) => {
    expect(mismatch(github({ anyRef: true, pullRequests: true }), { ...push, ...claims })).toBeNull();
  });
});

describe("any other issuer, which may run GitHub's workflows", () => {
  const required = { repository: "acme/resumes", ref: "refs/heads/main" };

  it.each<[string, Claims, Claims, string | null]>([
    ["a push", required, push, null],
    ["a token without an event", required, { ...push, event_name: undefined, head_ref: "x" }, null],
    ["pull_request_target", required, { ...push, event_name: "pull_request_target" }, "pull_request event_name"],
    ["a push with head_ref", required, { ...push, head_ref: "patch-1" }, "pull_request event_name"],
    [
      "the ref of a request",
      { repository: "acme/resumes" },
      { ...push, ref: "refs/pull/7/merge" },
      "pull_request event_name",
    ],
    [
      "pull_request, where the policy names the event",
      { ...required, event_name: "pull_request_target" },
      { ...push, event_name: "pull_request_target" },
      null,
    ],
    ["another ref", required, { ...push, ref: "refs/heads/next" }, "claim_mismatch ref"],
  ])("%s", (_, claims, token, expected) => {
    expect(mismatch(general(claims), token)).toBe(expected);
  });
});

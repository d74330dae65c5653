/** The wire shapes of trust policies. */
import { z } from "@hono/zod-openapi";
import { trustProviders } from "../../platform/db/schema.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import { text, timeSchema } from "../../platform/http/fields.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { agentIdSchema, credentialIdSchema, organizationIdSchema } from "../../platform/ids.ts";
import { pastedKeySetSchema } from "../../platform/outbound/pasted-key-set.ts";

const claimText = (most: number) => text(1, most, "must not be empty");

const repositorySchema = z
  .string({ error: "must be a text" })
  // Logins of Enterprise Managed Users have an underscore: `jane_corp`.
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, { error: "must be owner/name" })
  .openapi({ description: "Exactly as GitHub spells it, with upper and lower case", example: "acme/resumes" });

/** git-check-ref-format(1): no ref has these characters, so `*` can only be a wildcard. */
const gitName = /^[^ ~^:?*[\\]*$/;

const shortName = (kind: "branch" | "tag", prefix: string) =>
  claimText(255)
    .regex(gitName, { error: `must be the name of one ${kind}, without wildcards` })
    .refine((name) => !name.startsWith("refs/"), { error: `must be the ${kind}'s name, without ${prefix}` });

const refSchema = claimText(300)
  .regex(gitName, { error: "must be one ref, without wildcards" })
  .regex(/^refs\/(heads|tags)\/./, { error: "must begin with refs/heads/ or refs/tags/" })
  .openapi({
    description:
      "The whole ref of the run. `refs/heads/gh-readonly-queue/<branch>` is the merge queue of that branch: every group of it matches",
    example: "refs/heads/gh-readonly-queue/main",
  });

const workflowRefSchema = claimText(512)
  .regex(/^[^/@ ]+\/[^/@ ]+\/[^@*?]+@[^@*?]+$/, { error: "must be owner/name/path@ref, without wildcards" })
  .openapi({
    description: "Exactly the `job_workflow_ref` of the job: the workflow, reusable or not, that has the job",
    example: "acme/workflows/.github/workflows/deploy.yml@refs/heads/main",
  });

const enterpriseSchema = claimText(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { error: "must be the slug of an enterprise" })
  .openapi({
    description: "The slug of an enterprise that includes it in the issuer of its tokens (`include_enterprise_slug`)",
    example: "acme",
  });

const idSchema = z
  .string({ error: "must be a text of digits" })
  .regex(/^[1-9][0-9]{0,18}$/, { error: "must be a text of digits" });

const githubFields = {
  provider: z.literal("github"),
  agentId: agentIdSchema.openapi({ description: "The agent that the workload signs in as" }),
  repository: repositorySchema,
  enterprise: enterpriseSchema.exactOptional(),
  branch: shortName("branch", "refs/heads/")
    .openapi({ description: "Without `refs/heads/`; no wildcards", example: "main" })
    .exactOptional(),
  tag: shortName("tag", "refs/tags/")
    .openapi({ description: "Without `refs/tags/`; no wildcards", example: "v1.4.0" })
    .exactOptional(),
  ref: refSchema.exactOptional(),
  environment: claimText(255).exactOptional().openapi({
    description: "The environment that the job names. As at GitHub, A to Z and a to z are the same",
    example: "production",
  }),
  jobWorkflowRef: workflowRefSchema.exactOptional(),
  repositoryId: idSchema.exactOptional().openapi({
    description: "The repository's immutable id; when present, it is compared in place of the name",
    example: "774218503",
  }),
  repositoryOwnerId: idSchema
    .exactOptional()
    .openapi({ description: "The immutable id of the repository's owner", example: "9919" }),
  anyRef: z.literal(true, { error: "must be true, or left out" }).exactOptional().openapi({
    type: "boolean",
    description:
      "Match every run of the repository except those for pull requests; only without branch, tag, ref, environment and jobWorkflowRef",
  }),
  pullRequests: z.literal(true, { error: "must be true, or left out" }).exactOptional().openapi({
    type: "boolean",
    description: "Beside `anyRef`: match runs for pull requests too, also of forks. Their code is not reviewed",
  }),
};

/** At most one of these names the ref of a run. */
const refFields = ["branch", "tag", "ref"] as const;
/** One of these at least, or `anyRef`. */
const narrowFields = [...refFields, "environment", "jobWorkflowRef"] as const;

const githubSchema = z.strictObject(githubFields).superRefine((policy, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const [first, ...others] = refFields.filter((field) => policy[field] !== undefined);
  for (const other of others) refuse(other, `must be left out when ${first} is present`);
  const narrow = narrowFields.find((field) => policy[field] !== undefined);
  if (narrow !== undefined && policy.anyRef) refuse("anyRef", `must be left out when ${narrow} is present`);
  if (narrow === undefined && !policy.anyRef) {
    refuse("anyRef", "must be true when branch, tag, ref, environment and jobWorkflowRef are all left out");
  }
  if (policy.pullRequests && !policy.anyRef) refuse("pullRequests", "must be left out without anyRef");
});

const claimValueSchema = z.union([claimText(1024), z.number(), z.boolean()], {
  error: "must be a text, a number, true or false",
});

/** Checked for every token. A policy over one of these matches every token, or only one. */
const checkedClaims: readonly string[] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

const claimsSchema = z
  .unknown()
  // z.record drops this name silently: the policy would require less than the request says.
  .refine((claims) => typeof claims !== "object" || claims === null || !Object.hasOwn(claims, "__proto__"), {
    abort: true,
    error: "must not name __proto__",
  })
  .pipe(z.record(claimText(128), claimValueSchema, { error: "must be an object of claims" }))
  .superRefine((claims, context) => {
    const names = Object.keys(claims);
    if (names.length < 1 || names.length > 20) {
      context.addIssue({ code: "custom", message: "must name 1 to 20 claims" });
    }
    for (const name of names.filter((name) => checkedClaims.includes(name))) {
      context.addIssue({ code: "custom", path: [name], message: "is checked for every token; name another claim" });
    }
  })
  .openapi({
    type: "object",
    additionalProperties: {},
    minProperties: 1,
    maxProperties: 20,
    description:
      "Each claim is a text, a number, true or false, and must be in the token with exactly this value and type. Name claims that identify your workload",
    example: { sub: "system:serviceaccount:screening:resume-screener" },
  });

const oidcFields = {
  provider: z.literal("oidc"),
  agentId: agentIdSchema.openapi({ description: "The agent that the workload signs in as" }),
  issuer: claimText(2048).openapi({
    description:
      "Exactly the `iss` of the tokens. Without `jwks` and `jwksUri` its discovery document must be public, and names its keys",
    example: "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E",
  }),
  jwksUri: claimText(2048).exactOptional().openapi({
    format: "uri",
    description: "The issuer's key set, where its discovery document cannot be reached from outside",
    example: "https://keys.example.com/cluster-1/jwks.json",
  }),
  jwks: pastedKeySetSchema.exactOptional(),
  audience: claimText(1024).openapi({ description: "`aud` of the tokens", example: "https://idp.example.com" }),
  claims: claimsSchema,
};

const oidcSchema = z
  .strictObject(oidcFields)
  .refine(({ jwks, jwksUri }) => jwks === undefined || jwksUri === undefined, {
    path: ["jwks"],
    error: "must be left out when jwksUri is present",
  });

/** The document has one object for both providers, because few generators of clients read a union. */
const shownFields = { ...githubFields, ...oidcFields, provider: enumeration("TrustProvider", trustProviders) };
const description =
  "With the provider `github` it has `repository`, and may have the fields that name a run; with `oidc` it has `issuer`, `audience` and `claims`, and may have `jwksUri` or `jwks`";
const exampleFields = {
  provider: "github",
  agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
  repository: "acme/resumes",
  branch: "main",
};

export const createTrustPolicySchema = component(
  "CreateTrustPolicy",
  z.discriminatedUnion("provider", [githubSchema, oidcSchema], { error: "must be github or oidc" }),
  // The generator of the document lists exactly optional fields as required.
  z.strictObject(shownFields).openapi({ description, required: ["provider", "agentId"], example: exampleFields }),
);

const recordFields = {
  policyId: credentialIdSchema,
  organization_id: organizationIdSchema,
  createdAt: timeSchema,
};

export const trustPolicySchema = component(
  "TrustPolicy",
  z.discriminatedUnion("provider", [
    z.object({ ...recordFields, ...githubFields }),
    z.object({ ...recordFields, ...oidcFields }),
  ]),
  z.object({ ...recordFields, ...shownFields }).openapi({
    description,
    required: [...Object.keys(recordFields), "provider", "agentId"],
    example: {
      policyId: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f",
      organization_id: "0199f0c2-5a31-7e23-b155-7a1c2d3e4f50",
      createdAt: "2026-10-01T12:00:00.000Z",
      ...exampleFields,
    },
  }),
);

export const trustPolicyPath = z.object({ policyId: credentialIdSchema });

export const trustPolicyQuery = pageQuery.extend({
  agentId: agentIdSchema.optional().openapi({ description: "Only policies of this agent" }),
});

export type CreateTrustPolicy = z.output<typeof createTrustPolicySchema>;
export type TrustPolicy = z.output<typeof trustPolicySchema>;

type Of<Provider> = Extract<CreateTrustPolicy, { provider: Provider }>;

/** The stored rule of a GitHub policy. */
export type GitHubRule = Omit<Of<"github">, "provider" | "agentId">;
/** The stored rule of a general policy; issuer and audience have their own columns. */
export type OidcRule = Omit<Of<"oidc">, "provider" | "agentId" | "issuer" | "audience">;

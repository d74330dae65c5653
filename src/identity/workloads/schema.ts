/** The wire shapes of trust policies. */
import { z } from "@hono/zod-openapi";
import { text, timeSchema } from "../../platform/http/fields.ts";
import { agentIdSchema, credentialIdSchema, organizationIdSchema } from "../../platform/ids.ts";

const claimText = (most: number) => text(1, most, "must not be empty");

const repositorySchema = z
  .string({ error: "must be a text" })
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, { error: "must be owner/name" })
  .openapi({ description: "Exactly as GitHub spells it, with upper and lower case", example: "acme/resumes" });

/** git-check-ref-format(1): no branch name has these characters, so `*` can only be a wildcard. */
const branchSchema = claimText(255)
  .regex(/^[^ ~^:?*[\\]*$/, { error: "must be the name of one branch, without wildcards" })
  .refine((branch) => !branch.startsWith("refs/"), { error: "must be the branch's name, without refs/heads/" })
  .openapi({ description: "Without `refs/heads/`; no wildcards", example: "main" });

const idSchema = z
  .string({ error: "must be a text of digits" })
  .regex(/^[1-9][0-9]{0,18}$/, { error: "must be a text of digits" });

const githubFields = {
  provider: z.literal("github"),
  agentId: agentIdSchema.openapi({ description: "The agent that the workload signs in as" }),
  repository: repositorySchema,
  branch: branchSchema.exactOptional(),
  environment: claimText(255)
    .exactOptional()
    .openapi({ description: "Exactly the environment that the job names", example: "production" }),
  repositoryId: idSchema.exactOptional().openapi({
    description: "The repository's immutable id; when present, it is compared in place of the name",
    example: "774218503",
  }),
  repositoryOwnerId: idSchema
    .exactOptional()
    .openapi({ description: "The immutable id of the repository's owner", example: "9919" }),
  anyRef: z.literal(true, { error: "must be true, or left out" }).exactOptional().openapi({
    type: "boolean",
    description: "Match every run of the repository, with pull requests; only without branch and environment",
  }),
};

/** The OpenAPI generator lists exactly optional fields as required. */
const requiredOfGitHub = ["provider", "agentId", "repository"];

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
    description: "Exactly the `iss` of the tokens; its discovery document must name its keys",
    example: "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E",
  }),
  audience: claimText(1024).openapi({ description: "`aud` of the tokens", example: "https://idp.example.com" }),
  claims: claimsSchema,
};

export const createTrustPolicySchema = z
  .discriminatedUnion(
    "provider",
    [
      z
        .strictObject(githubFields)
        .superRefine(({ branch, environment, anyRef }, context) => {
          const isNarrow = branch !== undefined || environment !== undefined;
          if (isNarrow === (anyRef === undefined)) return;
          const message = isNarrow
            ? "must be left out when branch or environment is present"
            : "must be true when neither branch nor environment is present";
          context.addIssue({ code: "custom", path: ["anyRef"], message });
        })
        .openapi("CreateGitHubTrustPolicy", { required: requiredOfGitHub }),
      z.strictObject(oidcFields).openapi("CreateOidcTrustPolicy"),
    ],
    { error: "must be github or oidc" },
  )
  .openapi("CreateTrustPolicy");

const recordFields = {
  policyId: credentialIdSchema,
  organization_id: organizationIdSchema,
  createdAt: timeSchema,
};

export const trustPolicySchema = z
  .discriminatedUnion("provider", [
    z
      .object({ ...recordFields, ...githubFields })
      .openapi("GitHubTrustPolicy", { required: [...Object.keys(recordFields), ...requiredOfGitHub] }),
    z.object({ ...recordFields, ...oidcFields }).openapi("OidcTrustPolicy"),
  ])
  .openapi("TrustPolicy");

export const trustPolicyPath = z.object({ policyId: credentialIdSchema });

export type CreateTrustPolicy = z.output<typeof createTrustPolicySchema>;
export type TrustPolicy = z.output<typeof trustPolicySchema>;

type Of<Provider> = Extract<CreateTrustPolicy, { provider: Provider }>;

/** The stored rule of a GitHub policy. */
export type GitHubRule = Omit<Of<"github">, "provider" | "agentId">;
/** The stored rule of a general policy; issuer and audience have their own columns. */
export type OidcRule = Omit<Of<"oidc">, "provider" | "agentId" | "issuer" | "audience">;

/** What the screens of an organization work out by themselves. */
import { describe, expect, it } from "vitest";
import type { CreateTrustPolicy, FederationPartner, Resource } from "../src/api/schema.ts";
import * as partners from "../src/screens/organization/partner-draft.ts";
import * as resources from "../src/screens/organization/resource-draft.ts";
import { claimsOf, tryPolicy } from "../src/screens/organization/sample.ts";
import { claimsOfLines, issuesOfDraft, newDraft, policyOf } from "../src/screens/organization/trust-draft.ts";

const issuer = "https://idp.example.com";
const push = {
  aud: issuer,
  repository: "acme/resumes",
  ref: "refs/heads/main",
  ref_type: "branch",
  event_name: "push",
  environment: "Production",
};
const github = (rule: Partial<CreateTrustPolicy>): CreateTrustPolicy => ({
  provider: "github",
  agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0007",
  repository: "acme/resumes",
  ...rule,
});
const jwt = (claims: unknown) => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  return `e30.${btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")}.c2ln`;
};

describe("a sample token", () => {
  it.each([
    ["a JWT", jwt({ sub: "ü" }), { sub: "ü" }],
    ["claims", ' { "sub": "a" } ', { sub: "a" }],
    ["a list", "[1]", null],
    ["two parts", "e30.e30", null],
    ["four parts", "e30.e30.e30.e30", null],
    ["another alphabet", "e30.ä.e30", null],
    ["a payload that is no object", jwt([1]), null],
    ["nothing", "", null],
  ])("that is %s", (_, text, claims) => {
    expect(claimsOf(text)).toEqual(claims);
  });

  it.each([
    ["the branch", github({ branch: "main" }), push, "matches"],
    ["the environment, in any case", github({ environment: "PRODUCTION" }), push, "matches"],
    ["another branch", github({ branch: "next" }), push, "ref"],
    ["another repository", github({ repository: "acme/other", branch: "main" }), push, "repository"],
    ["another audience", github({ branch: "main" }), { ...push, aud: "https://other.example" }, "aud"],
    ["two audiences", github({ branch: "main" }), { ...push, aud: [issuer, "https://other.example"] }, "aud"],
    ["a pull request", github({ anyRef: true }), { ...push, event_name: "pull_request_target" }, "event_name"],
    ["a claim that it inherits", github({ environment: "x" }), { ...push, environment: undefined }, "environment"],
  ])("with %s", (_, policy, claims, result) => {
    const verdict = tryPolicy(policy, JSON.stringify(claims), issuer);
    expect(verdict.outcome === "differs" ? verdict.claim : verdict.outcome).toBe(result);
  });

  it("of another issuer does not match, whatever its claims", () => {
    const policy: CreateTrustPolicy = {
      provider: "oidc",
      agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0007",
      issuer: "https://gitlab.example.com",
      audience: issuer,
      claims: { project_path: "acme/resumes", protected: true },
    };
    const claims = { iss: "https://gitlab.example.com", aud: issuer, project_path: "acme/resumes", protected: true };
    expect(tryPolicy(policy, jwt(claims), issuer).outcome).toBe("matches");
    expect(tryPolicy(policy, jwt({ ...claims, iss: issuer }), issuer)).toMatchObject({
      claim: "iss",
      has: `"${issuer}"`,
    });
    expect(tryPolicy(policy, jwt({ ...claims, protected: "true" }), issuer)).toMatchObject({ claim: "protected" });
  });
});

describe("a trust policy's draft", () => {
  it.each([
    ["sub=system:serviceaccount:a:b", { sub: "system:serviceaccount:a:b" }],
    ['protected = true\nrun=12\nname="12"', { protected: true, run: 12, name: "12" }],
    ["query=a=b", { query: "a=b" }],
    ["__proto__=x", { ["__proto__"]: "x" }],
  ])("reads the claims %j", (text, claims) => {
    expect(claimsOfLines(text)).toEqual({ claims });
  });

  it("names the line that is no claim", () => {
    const draft = { ...newDraft, provider: "oidc" as const, agentId: "a", claims: "sub=a\nnothing" };
    expect(issuesOfDraft(draft)).toEqual([{ path: "claims", message: "nothing: must be name=value" }]);
  });

  it("sends the one rule that narrows the runs", () => {
    const draft = { ...newDraft, agentId: "a", repository: " acme/resumes ", environment: "production" };
    expect(policyOf(draft)).toEqual({
      provider: "github",
      agentId: "a",
      repository: "acme/resumes",
      branch: "main",
      environment: "production",
    });
    expect(policyOf({ ...draft, narrow: "anyRef" })).toEqual({
      provider: "github",
      agentId: "a",
      repository: "acme/resumes",
      anyRef: true,
    });
  });
});

const resource: Resource = {
  resourceId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0030",
  organizationId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0002",
  identifier: "urn:agentidp:acme:resumes",
  name: "Resumes",
  scopes: [{ name: "resume:read", description: "Read resumes" }],
  allowedOrganizations: [{ organizationId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0040", scopes: ["resume:read"] }],
  servers: ["0199f0c2-5a31-7c07-9f55-2d8f3c1b0008"],
  tokenTtlSeconds: null,
  requireDpop: false,
  status: "active",
  createdAt: "2026-11-01T00:00:00.000Z",
  updatedAt: "2026-11-01T00:00:00.000Z",
};

describe("a resource's draft", () => {
  it("changes nothing when nothing was typed, and only what was typed", () => {
    const draft = resources.draftOf(resource);
    expect(resources.changesOf(draft, resource)).toEqual({});
    expect(resources.changesOf({ ...draft, tokenTtlSeconds: "300", scopes: "" }, resource)).toEqual({
      tokenTtlSeconds: 300,
      scopes: [],
    });
  });

  it("wants a word of explanation for each scope, and seconds", () => {
    const draft = { ...resources.newDraft, scopes: "resume:read Read resumes\nresume:score", tokenTtlSeconds: "5m" };
    expect(resources.issuesOfDraft(draft).map(({ path }) => path)).toEqual(["scopes", "tokenTtlSeconds"]);
  });
});

it("a partner's draft changes nothing when nothing was typed, in any zone", () => {
  const partner: FederationPartner = {
    partnerId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b0050",
    name: "Globex",
    issuer: "https://idp.globex.example",
    jwksUri: null,
    jwks: null,
    audiences: [],
    requireScopes: true,
    allowedOrganizations: null,
    status: "active",
    expiresAt: "2026-12-24T18:30:00.000Z",
    createdAt: "2026-11-01T00:00:00.000Z",
    updatedAt: "2026-11-01T00:00:00.000Z",
  };
  expect(partners.changesOf(partners.draftOf(partner), partner)).toEqual({});
  expect(partners.changesOf({ ...partners.draftOf(partner), expiresAt: "" }, partner)).toEqual({ expiresAt: null });
});

import { describe, expect, it } from "vitest";
import { call, issuer, newOrganization } from "../../support/api.ts";
import { createPolicy, githubPolicy, oidcPolicy, policiesPath } from "./_policies.ts";

async function issuesOf(policy: (agentId: string, fields: Record<string, unknown>) => unknown, fields: object) {
  const { token, agentId } = await newOrganization();
  const answer = await createPolicy(token, policy(agentId, { ...fields }));
  expect([answer.status, answer.body.code], answer.text).toEqual([400, "VALIDATION_ERROR"]);
  expect(answer.body.error).toBe(undefined);
  const list = await call(policiesPath, { token });
  expect(list.body.data).toEqual([]);
  return answer.body.details.issues;
}

/** RFC 7517 A.1. */
const publicKey = {
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
};

describe("POST /oidc/trust-policies 400, GitHub", () => {
  it.each([
    ["neither branch nor environment", { branch: undefined }],
    ["an empty object of conditions", { branch: undefined, environment: undefined, anyRef: undefined }],
  ])("%s, unless anyRef says that every run is meant", async (_, fields) => {
    expect(await issuesOf(githubPolicy, fields)).toEqual([
      {
        path: "anyRef",
        message: "must be true when branch, tag, ref, environment and jobWorkflowRef are all left out",
      },
    ]);
  });

  it.each([
    ["branch", {}],
    ["tag", { branch: undefined, tag: "v1" }],
    ["ref", { branch: undefined, ref: "refs/tags/v1" }],
    ["environment", { branch: undefined, environment: "production" }],
    ["jobWorkflowRef", { branch: undefined, jobWorkflowRef: "acme/ci/.github/workflows/a.yml@refs/heads/main" }],
  ])("anyRef beside %s", async (name, fields) => {
    expect(await issuesOf(githubPolicy, { ...fields, anyRef: true })).toMatchObject([
      { path: "anyRef", message: `must be left out when ${name} is present` },
    ]);
  });

  it.each([
    ["tag", { tag: "v1" }, "must be left out when branch is present"],
    ["ref", { ref: "refs/heads/main" }, "must be left out when branch is present"],
    ["ref", { branch: undefined, tag: "v1", ref: "refs/tags/v1" }, "must be left out when tag is present"],
    ["pullRequests", { pullRequests: true }, "must be left out without anyRef"],
    ["pullRequests", { branch: undefined, anyRef: true, pullRequests: false }, "must be true, or left out"],
  ])("%s (case %#): conditions that do not go together", async (path, fields, message) => {
    expect(await issuesOf(githubPolicy, fields)).toMatchObject([{ path, message }]);
  });

  it.each([
    ["anyRef", { branch: undefined, anyRef: false }, "must be true, or left out"],
    ["repository", { repository: undefined }, "must be a text"],
    ["repository", { repository: "resumes" }, "must be owner/name"],
    ["repository", { repository: "acme/*" }, "must be owner/name"],
    ["repository", { repository: "*/resumes" }, "must be owner/name"],
    ["repository", { repository: "acme/resumes/x" }, "must be owner/name"],
    ["repository", { repository: "https://github.com/acme/resumes" }, "must be owner/name"],
    ["repository", { repository: "acme/resumes\n" }, "must be owner/name"],
    ["repository", { repository: "асme/resumes" }, "must be owner/name"],
    ["branch", { branch: "refs/heads/main" }, "must be the branch's name, without refs/heads/"],
    ["branch", { branch: "*" }, "must be the name of one branch, without wildcards"],
    ["branch", { branch: "release/*" }, "must be the name of one branch, without wildcards"],
    ["branch", { branch: "release/?" }, "must be the name of one branch, without wildcards"],
    ["branch", { branch: "[ab]" }, "must be the name of one branch, without wildcards"],
    ["branch", { branch: "" }, "must not be empty"],
    ["branch", { branch: "a\tb" }, "must not hold control characters"],
    ["branch", { branch: "a\ud800" }, "must not hold control characters"],
    ["branch", { branch: "b".repeat(256) }, "must have at most 255 characters"],
    ["repository", { repository: "_corp/app" }, "must be owner/name"],
    ["enterprise", { enterprise: "acme/other" }, "must be the slug of an enterprise"],
    ["enterprise", { enterprise: "../acme" }, "must be the slug of an enterprise"],
    ["enterprise", { enterprise: "" }, "must not be empty"],
    ["tag", { branch: undefined, tag: "v*" }, "must be the name of one tag, without wildcards"],
    ["tag", { branch: undefined, tag: "refs/tags/v1" }, "must be the tag's name, without refs/tags/"],
    ["ref", { branch: undefined, ref: "main" }, "must begin with refs/heads/ or refs/tags/"],
    ["ref", { branch: undefined, ref: "refs/pull/7/merge" }, "must begin with refs/heads/ or refs/tags/"],
    ["ref", { branch: undefined, ref: "refs/heads/*" }, "must be one ref, without wildcards"],
    ["jobWorkflowRef", { jobWorkflowRef: "deploy.yml@main" }, "must be owner/name/path@ref, without wildcards"],
    ["jobWorkflowRef", { jobWorkflowRef: "acme/ci/a.yml@*" }, "must be owner/name/path@ref, without wildcards"],
    ["environment", { environment: "" }, "must not be empty"],
    ["environment", { environment: "prod\u0000" }, "must not hold control characters"],
    ["environment", { environment: null }, "must be a text"],
    ["repositoryId", { repositoryId: 774218503 }, "must be a text of digits"],
    ["repositoryId", { repositoryId: "0" }, "must be a text of digits"],
    ["repositoryOwnerId", { repositoryOwnerId: "acme" }, "must be a text of digits"],
    ["agentId", { agentId: "me" }, "must be a UUID"],
    ["issuer", { issuer: "https://evil.example.com" }, "is not a known field"],
    ["claims", { claims: { actor: "octocat" } }, "is not a known field"],
    ["organization_id", { organization_id: crypto.randomUUID() }, "is not a known field"],
  ])("%s (case %#)", async (path, fields, message) => {
    expect(await issuesOf(githubPolicy, fields)).toEqual(
      expect.arrayContaining([expect.objectContaining({ path, message })]),
    );
  });
});

describe("POST /oidc/trust-policies 400, any issuer", () => {
  it.each([
    ["issuer", { issuer: undefined }, "must be a text"],
    ["issuer", { issuer }, "must be another service's"],
    ["issuer", { issuer: "https://token.actions.githubusercontent.com" }, "is GitHub's; use the provider github"],
    ["issuer", { issuer: "https://token.actions.githubusercontent.com/acme" }, "is GitHub's; use the provider github"],
    ["issuer", { issuer: "https://Token.Actions.GitHubUserContent.com:443/" }, "is GitHub's; use the provider github"],
    [
      "issuer",
      { issuer: "https://token.actions.githubusercontent.com/acme", jwks: { keys: [publicKey] } },
      "is GitHub's; use the provider github",
    ],
    ["issuer", { issuer, jwks: { keys: [publicKey] } }, "must be another service's"],
    ["jwksUri", { jwksUri: "https://10.0.0.1/jwks" }, "must name a host, not an IP address"],
    ["jwksUri", { jwksUri: `${issuer}/.well-known/jwks.json` }, "must not be this service itself"],
    [
      "jwks",
      { jwksUri: "https://keys.example.com/jwks", jwks: { keys: [publicKey] } },
      "must be left out when jwksUri is present",
    ],
    [
      "jwks",
      { jwks: { keys: [{ ...publicKey, d: "AAAA" }] } },
      "holds a private key, which must never be sent: consider it leaked and make another",
    ],
    [
      "jwks",
      { jwks: { keys: [{ kty: "EC" }] } },
      "must hold keys that verify signatures: EC P-256 or P-384, Ed25519, RSA of 2048 to 8192 bits",
    ],
    ["issuer", { issuer: "https://gitlab.example.com?x=1" }, "must have no query"],
    ["issuer", { issuer: "gitlab.example.com" }, "must be an absolute https URL"],
    ["issuer", { issuer: "http://gitlab.example.com" }, "must be https"],
    ["issuer", { issuer: "https://10.0.0.1" }, "must name a host, not an IP address"],
    ["issuer", { issuer: "https://kubernetes.default.svc" }, "must not name a host of an internal network"],
    ["audience", { audience: undefined }, "must be a text"],
    ["audience", { audience: "" }, "must not be empty"],
    ["audience", { audience: ["https://idp.example.com"] }, "must be a text"],
    ["claims", { claims: undefined }, "must be an object of claims"],
    ["claims", { claims: {} }, "must name 1 to 20 claims"],
    [
      "claims",
      { claims: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`c${n}`, n])) },
      "must name 1 to 20 claims",
    ],
    ["claims.sub", { claims: { sub: null } }, "must be a text, a number, true or false"],
    ["claims.sub", { claims: { sub: ["a"] } }, "must be a text, a number, true or false"],
    ["claims.sub", { claims: { sub: "" } }, "must not be empty"],
    ["claims.sub", { claims: { sub: "\ud800" } }, "must not hold control characters"],
    ["claims.aud", { claims: { aud: "x" } }, "is checked for every token; name another claim"],
    ["claims.jti", { claims: { sub: "x", jti: "x" } }, "is checked for every token; name another claim"],
    ["repository", { repository: "acme/resumes" }, "is not a known field"],
  ])("%s (case %#)", async (path, fields, message) => {
    expect(await issuesOf(oidcPolicy, fields)).toEqual(
      expect.arrayContaining([expect.objectContaining({ path, message })]),
    );
  });

  it("a claim named __proto__ is refused rather than dropped, and so is a number beyond JSON", async () => {
    const { token, agentId } = await newOrganization();
    const send = (claims: string) =>
      call(policiesPath, {
        token,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(oidcPolicy(agentId, { claims: "?" })).replace('"?"', claims),
      });
    const answers = [await send('{"sub":"x","__proto__":"y"}'), await send('{"sub":1e999}')];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
  });
});

it("POST /oidc/trust-policies 400, another provider", async () => {
  const { token, agentId } = await newOrganization();
  const answer = await createPolicy(token, { ...githubPolicy(agentId), provider: "gitlab" });
  expect(answer.status).toBe(400);
  expect(answer.body.details.issues).toMatchObject([{ path: "provider", message: "must be github or oidc" }]);
});

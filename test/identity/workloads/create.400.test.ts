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

describe("POST /oidc/trust-policies 400, GitHub", () => {
  it.each([
    ["neither branch nor environment", { branch: undefined }],
    ["an empty object of conditions", { branch: undefined, environment: undefined, anyRef: undefined }],
  ])("%s, unless anyRef says that every run is meant", async (_, fields) => {
    expect(await issuesOf(githubPolicy, fields)).toEqual([
      { path: "anyRef", message: "must be true when neither branch nor environment is present" },
    ]);
  });

  it.each([
    ["a branch", { anyRef: true }],
    ["an environment", { branch: undefined, environment: "production", anyRef: true }],
  ])("anyRef beside %s", async (_, fields) => {
    expect(await issuesOf(githubPolicy, fields)).toMatchObject([
      { path: "anyRef", message: "must be left out when branch or environment is present" },
    ]);
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

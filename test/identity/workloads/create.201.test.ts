import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { call, newAgent, newClient, newOrganization, tokenFor } from "../../support/api.ts";
import { createPolicy, githubPolicy, newPolicy, oidcPolicy, policiesPath } from "./_policies.ts";

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("POST /oidc/trust-policies 201", () => {
  it.each([
    ["a branch", { branch: "main" }],
    ["a branch with slashes and other letters", { branch: "release/1.x/größe" }],
    ["an environment", { branch: undefined, environment: "Production: EU (west)" }],
    ["both", { branch: "main", environment: "production" }],
    ["immutable ids", { repositoryId: "774218503", repositoryOwnerId: "9919" }],
    ["every run, when that is said", { branch: undefined, anyRef: true }],
    ["and those for pull requests", { branch: undefined, anyRef: true, pullRequests: true }],
    ["the owner of a managed user", { repository: "jane_corp/app", repositoryId: "55" }],
    ["an enterprise", { enterprise: "acme-corp" }],
    ["a tag", { branch: undefined, tag: "release/v1.4.0" }],
    ["a merge queue", { branch: undefined, ref: "refs/heads/gh-readonly-queue/main" }],
    [
      "a workflow",
      { branch: undefined, jobWorkflowRef: "acme/workflows/.github/workflows/deploy.yml@refs/heads/main" },
    ],
  ])("GitHub: %s", async (_, fields) => {
    const { token, organizationId } = await newOrganization();
    const { agentId } = await newAgent(token);
    const sent = JSON.parse(JSON.stringify(githubPolicy(agentId, fields)));
    const answer = await createPolicy(token, sent);
    expect(answer.status, answer.text).toBe(201);
    const policy = { ...sent, policyId: uuid, organization_id: organizationId, createdAt: time };
    expect(answer.body).toEqual(policy);
    const read = await call(`${policiesPath}/${answer.body.policyId}`, { token });
    expect([read.status, read.body]).toEqual([200, answer.body]);
  });

  it("any issuer: exact claims of every simple type, kept as they were sent", async () => {
    const { token, organizationId } = await newOrganization();
    const { agentId } = await newAgent(token);
    const sent = oidcPolicy(agentId, {
      issuer: "https://gitlab.example.com/",
      claims: { sub: "project_path:acme/resumes:*", "https://example.com/level": 3, ref_protected: "true", ci: false },
    });
    const policy = await newPolicy(token, sent);
    expect(policy).toEqual({ ...sent, policyId: uuid, organization_id: organizationId, createdAt: time });
  });

  it("any issuer: its keys, with an issuer that cannot be called; the audit log has their digest", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const key = { kty, crv, x, y, kid: "a/b+c=" };
    const issuer = "https://kubernetes.default.svc.cluster.local";
    const sent = oidcPolicy(agentId, { issuer, jwks: { keys: [{ ...key, x5t: "AAAA" }, { kty: "AKP" }], note: "" } });
    const policy = await newPolicy(token, sent);
    expect(policy).toMatchObject({ issuer, jwks: { keys: [key] } });
    expect(Object.keys(policy.jwks.keys[0])).not.toContain("x5t");
    const { data } = (await call("/api/v1/audit?action=trust_policy.created", { token })).body;
    expect(data[0].details.jwks).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("is in the audit log", async () => {
    const { token, agentId: adminId } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { policyId } = await newPolicy(token, githubPolicy(agentId, { repositoryId: "1" }));
    const { data } = (await call("/api/v1/audit?action=trust_policy.created", { token })).body;
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      agentId,
      target: policyId,
      outcome: "success",
      actor: { agentId: adminId },
      details: { provider: "github", repository: "acme/resumes", branch: "main", repositoryId: "1" },
    });
  });

  it("a member with agents:write, for an agent that is no wider than itself", async () => {
    const { token } = await newOrganization();
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    const { agentId } = await newAgent(token, { grantedScopes: [] });
    await newPolicy(member, githubPolicy(agentId));
  });

  it("for a suspended agent, which still cannot sign in", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
    await newPolicy(token, githubPolicy(agentId));
  });

  it("two organizations may trust the same repository", async () => {
    for (const { token } of [await newOrganization(), await newOrganization()]) {
      const { agentId } = await newAgent(token);
      await newPolicy(token, githubPolicy(agentId));
    }
  });
});

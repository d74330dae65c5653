import { expect, it } from "vitest";
import { adminToken, call, setupToken } from "../../support/api.ts";

it("the set-up makes the operator's organization and an admin who can use everything, and records it", async () => {
  const answer = await call("/api/v1/setup", {
    token: setupToken,
    json: { organizationName: "Operator Ltd", slug: "operator", adminEmail: "Admin@Operator.example" },
  });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  const { organization, admin } = answer.body;
  expect(answer.body).toEqual({
    organization: {
      organizationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "Operator Ltd",
      slug: "operator",
      planTier: "enterprise",
      maxAgents: null,
      maxTokensPerMonth: null,
      status: "active",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: organization.createdAt,
    },
    admin: {
      agentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: "admin@operator.example",
      clientId: admin.agentId,
      credentialId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientSecret: expect.stringMatching(/^sa_sec_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/),
    },
  });

  const token = await adminToken(admin);
  const agent = await call(`/api/v1/agents/${admin.agentId}`, { token });
  expect(agent.body).toMatchObject({
    agentId: admin.agentId,
    organization_id: organization.organizationId,
    email: "admin@operator.example",
    agentType: "custom",
    version: "1.0.0",
    capabilities: ["organization:administer"],
    owner: "operator",
    deploymentEnv: "production",
    grantedScopes: [
      "agents:read",
      "agents:write",
      "tokens:read",
      "delegations:write",
      "audit:read",
      "webhooks:read",
      "webhooks:write",
      "admin:orgs",
    ],
    isPublic: false,
    dpopRequired: false,
    idTokenSignedResponseAlg: "RS256",
    did: `did:web:localhost%3A8787:agents:${admin.agentId}`,
    status: "active",
  });

  const members = await call(`/api/v1/organizations/${organization.organizationId}/members`, { token });
  expect(members.body).toEqual({ data: [{ agentId: admin.agentId, role: "admin" }], nextCursor: null });

  const audit = await call("/api/v1/audit?limit=100", { token });
  const actions = audit.body.data.map((event: { action: string }) => event.action).reverse();
  expect(actions.slice(0, 3)).toEqual(["organization.created", "agent.created", "credential.generated"]);
  expect(audit.text).not.toContain(admin.clientSecret);
});

/** The way back into the operator's organization: `POST /setup` with `recoverAgentId` and the set-up token. */
import { afterEach, expect, it, vi } from "vitest";
import { adminToken, call, newAdmin, newAgent, newOrganization, setupToken, theOperator } from "../../support/api.ts";

const recover = (recoverAgentId: unknown, token = setupToken, more: object = {}) =>
  call("/api/v1/setup", { token, json: { recoverAgentId, ...more } });

afterEach(() => {
  vi.useRealTimers();
});

it("before the set-up there is no agent to recover", async () => {
  const answer = await recover(crypto.randomUUID());
  expect([answer.status, answer.body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
});

it("gives an admin of the operator's organization one new credential; the log and the webhooks have the event", async () => {
  const { agentId, credentialId } = await theOperator();
  const answer = await recover(agentId);
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(Object.keys(answer.body)).toEqual(["admin"]);
  expect(answer.body.admin).toEqual({
    agentId,
    email: "admin@operator.example",
    clientId: agentId,
    credentialId: expect.not.stringMatching(credentialId),
    clientSecret: expect.stringMatching(/^sa_sec_/),
  });
  const token = await adminToken(answer.body.admin);
  const log = await call("/api/v1/audit?action=setup.recovered", { token });
  expect(log.body.data).toMatchObject([
    {
      agentId,
      target: answer.body.admin.credentialId,
      outcome: "success",
      actor: { agentId: null },
    },
  ]);
  expect(log.text).not.toContain(answer.body.admin.clientSecret.slice(7));
});

it("works when the admin has no credential left that is good, ten active ones or not", async () => {
  const { agentId, token } = await theOperator();
  for (;;) {
    const made = await call(`/api/v1/agents/${agentId}/credentials`, { token, json: {} });
    if (made.status !== 201) break;
  }
  const answer = await recover(agentId.toUpperCase());
  expect(answer.status, answer.text).toBe(201);
  expect((await adminToken(answer.body.admin)).length).toBeGreaterThan(100);
});

it("404 for a member, a suspended admin, an admin of a tenant and an agent that never was", async () => {
  const operator = await theOperator();
  const token = await adminToken(operator);
  const member = await newAgent(token);
  const suspended = await newAdmin({ ...operator, token });
  const json = { status: "suspended" };
  expect((await call(`/api/v1/agents/${suspended.agentId}`, { method: "PATCH", token, json })).status).toBe(200);
  const tenant = await newOrganization();
  for (const id of [member.agentId, suspended.agentId, tenant.agentId, crypto.randomUUID()]) {
    const answer = await recover(id);
    expect([answer.status, answer.body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
  }
});

it("401 without the set-up token, 400 for what is no id, 409 for a set-up", async () => {
  const { agentId } = await theOperator();
  expect((await recover(agentId, "another-token")).status).toBe(401);
  const malformed = await recover("nobody");
  expect([malformed.status, malformed.body.details.issues[0].path]).toEqual([400, "recoverAgentId"]);
  expect((await recover(agentId, setupToken, { slug: "operator" })).status).toBe(400);
  const again = { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" };
  const answer = await call("/api/v1/setup", { token: setupToken, json: again });
  expect([answer.status, answer.body.code]).toEqual([409, "ALREADY_SET_UP"]);
});

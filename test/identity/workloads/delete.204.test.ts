import { describe, expect, it } from "vitest";
import { type Body, call, newAgent, newClient, newOrganization, tokenFor } from "../../support/api.ts";
import { deletePolicy, githubPolicy, newPolicy, policiesPath } from "./_policies.ts";

describe("DELETE /oidc/trust-policies/{policyId}", () => {
  it("204, once; it is in the audit log", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { policyId } = await newPolicy(token, githubPolicy(agentId));
    const answers = await Promise.all(Array.from({ length: 4 }, () => deletePolicy(token, policyId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404]);
    expect((await call(`${policiesPath}/${policyId}`, { token })).body.code).toBe("TRUST_POLICY_NOT_FOUND");
    expect((await call(policiesPath, { token })).body.data).toEqual([]);
    const { data } = (await call("/api/v1/audit?action=trust_policy.deleted", { token })).body;
    expect(data.map((event: Body) => [event.agentId, event.target, event.details.repository])).toEqual([
      [agentId, policyId, "acme/resumes"],
    ]);
  });

  it("of a decommissioned agent", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { policyId } = await newPolicy(token, githubPolicy(agentId));
    await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });
    expect((await deletePolicy(token, policyId)).status).toBe(204);
  });

  it("403 for an admin's policy when the caller is none", async () => {
    const { token, agentId } = await newOrganization();
    const { policyId } = await newPolicy(token, githubPolicy(agentId));
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    expect((await deletePolicy(member, policyId)).body.message).toBe(
      "Only an admin of the organization may change an admin.",
    );
    expect((await call(`${policiesPath}/${policyId}`, { token })).status).toBe(200);
  });

  it("403 for an agent that the caller could not take over", async () => {
    const { token } = await newOrganization();
    const wider = await newAgent(token, { capabilities: ["payroll:write"] });
    const equal = await newAgent(token, { grantedScopes: ["agents:write"] });
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    const ofWider = await newPolicy(token, githubPolicy(wider.agentId));
    const answer = await deletePolicy(member, ofWider.policyId);
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
    expect(answer.body.details.notGrantable).toContain("payroll:write");
    expect((await call(`${policiesPath}/${ofWider.policyId}`, { token })).status).toBe(200);
    const ofEqual = await newPolicy(token, githubPolicy(equal.agentId));
    expect((await deletePolicy(member, ofEqual.policyId)).status).toBe(204);
  });
});

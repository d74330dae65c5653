import { describe, expect, it } from "vitest";
import { type Body, call, newAgent, newClient, newOrganization, tokenFor } from "../../support/api.ts";
import { createPolicy, deletePolicy, githubPolicy, newPolicy, oidcPolicy, policiesPath } from "./_policies.ts";

describe("POST /oidc/trust-policies 403", () => {
  it("without agents:write", async () => {
    const { token, agentId } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    expect((await createPolicy(reader, githubPolicy(agentId))).body.details).toEqual({ requiredScope: "agents:write" });
  });

  it("for an agent that holds more than the caller's token, or is an admin", async () => {
    const { token, agentId: adminId } = await newOrganization();
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    const wide = await newAgent(token, { capabilities: ["resume:read", "salary:read"], grantedScopes: ["audit:read"] });
    for (const policy of [githubPolicy(wide.agentId), oidcPolicy(wide.agentId)]) {
      expect((await createPolicy(member, policy)).body).toMatchObject({
        code: "FORBIDDEN",
        details: { notGrantable: ["salary:read", "audit:read"] },
      });
    }
    expect((await createPolicy(member, githubPolicy(adminId))).body.message).toBe(
      "Only an admin of the organization may change an admin.",
    );
  });

  it("the twenty-first of an agent, even when 24 are sent at once", async () => {
    const { token } = await newOrganization();
    const [{ agentId }, other] = [await newAgent(token), await newAgent(token)];
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, n) => createPolicy(token, githubPolicy(agentId, { branch: `b${n}` }))),
    );
    expect(answers.map(({ status, body }) => (status === 201 ? status : body.code)).sort()).toEqual([
      ...Array(20).fill(201),
      ...Array(4).fill("FREE_TIER_LIMIT_EXCEEDED"),
    ]);
    const refused = await createPolicy(token, githubPolicy(agentId));
    expect(refused.body).toMatchObject({
      message: "An agent may have 20 trust policies; delete one first.",
      details: { limit: "maxTrustPolicies", max: 20, current: 20 },
    });
    await newPolicy(token, githubPolicy(other.agentId));
    const made = answers.find(({ status }) => status === 201);
    expect((await deletePolicy(token, made?.body.policyId)).status).toBe(204);
    await newPolicy(token, githubPolicy(agentId));
    const { data } = (await call(`/api/v1/audit?limit=100&action=trust_policy.created&agentId=${agentId}`, { token }))
      .body;
    expect(data).toHaveLength(21);
  });
});

describe("POST /oidc/trust-policies 404 and 409", () => {
  it("another organization's agent is answered as an id that never was", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const answers = [
      await createPolicy(mine.token, githubPolicy(theirs.agentId)),
      await createPolicy(mine.token, githubPolicy(crypto.randomUUID())),
    ];
    const [first, second] = answers.map(({ status, body: { requestId: _, ...body } }) => ({ status, body }));
    expect(first).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
    expect(first).toEqual(second);
  });

  it("a decommissioned agent", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });
    const answer = await createPolicy(token, githubPolicy(agentId));
    expect([answer.status, answer.body.code]).toEqual([409, "AGENT_ALREADY_DECOMMISSIONED"]);
  });
});

describe("GET /oidc/trust-policies", () => {
  it("lists the organization's policies, newest first, in pages", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const made: Body[] = [];
    for (const branch of ["a", "b", "c"]) made.push(await newPolicy(token, githubPolicy(agentId, { branch })));
    const first = await call(`${policiesPath}?limit=2`, { token });
    expect(first.body.data).toEqual([made[2], made[1]]);
    const second = await call(`${policiesPath}?limit=2&cursor=${first.body.nextCursor}`, { token });
    expect(second.body).toEqual({ data: [made[0]], nextCursor: null });
    const foreign = await call(`${policiesPath}?cursor=${first.body.nextCursor}`, {
      token: (await newOrganization()).token,
    });
    expect([foreign.status, foreign.body.code]).toEqual([400, "VALIDATION_ERROR"]);
  });

  it("agentId selects the policies of one agent, and a cursor belongs to that selection", async () => {
    const { token, agentId: other } = await newOrganization();
    const { agentId } = await newAgent(token);
    const [own] = [await newPolicy(token, githubPolicy(agentId)), await newPolicy(token, githubPolicy(other))];
    const newer = await newPolicy(token, githubPolicy(agentId, { branch: "next" }));
    const first = await call(`${policiesPath}?agentId=${agentId}&limit=1`, { token });
    expect(first.body.data).toEqual([newer]);
    const second = await call(`${policiesPath}?agentId=${agentId}&cursor=${first.body.nextCursor}`, { token });
    expect(second.body).toEqual({ data: [own], nextCursor: null });
    const unfiltered = await call(`${policiesPath}?cursor=${first.body.nextCursor}`, { token });
    expect([unfiltered.status, unfiltered.body.code]).toEqual([400, "VALIDATION_ERROR"]);
    const foreign = await call(`${policiesPath}?agentId=${(await newOrganization()).agentId}`, { token });
    expect(foreign.body).toEqual({ data: [], nextCursor: null });
  });

  it("takes agents:write: a policy is a credential", async () => {
    const { token, agentId } = await newOrganization();
    const { policyId } = await newPolicy(token, githubPolicy(agentId));
    const reader = await tokenFor(await newClient(token));
    for (const path of [policiesPath, `${policiesPath}/${policyId}`]) {
      expect((await call(path, { token: reader })).body.details).toEqual({ requiredScope: "agents:write" });
    }
  });

  it("another organization's policy is not there, to read or to delete", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const { policyId } = await newPolicy(theirs.token, githubPolicy(theirs.agentId));
    expect((await call(policiesPath, { token: mine.token })).body.data).toEqual([]);
    for (const method of ["GET", "DELETE"]) {
      const answers = [];
      for (const id of [policyId, crypto.randomUUID()]) {
        const { status, body } = await call(`${policiesPath}/${id}`, { token: mine.token, method });
        const { requestId: _, ...rest } = body;
        answers.push({ status, ...rest });
      }
      expect(answers[0]).toMatchObject({ status: 404, code: "TRUST_POLICY_NOT_FOUND" });
      expect(answers[0]).toEqual(answers[1]);
    }
    expect((await call(`${policiesPath}/${policyId}`, { token: theirs.token })).status).toBe(200);
  });
});

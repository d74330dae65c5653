import { expect, it } from "vitest";
import { call, demotedToken, newOrganization, theOperator } from "../../support/api.ts";
import { pathOf, wireOf } from "./_support.ts";

it.each([{ planTier: "enterprise" }, { maxAgents: 1000 }, { maxTokensPerMonth: null }, { status: "active" }])(
  "an admin may not change %j of its own organization, not even to what it is",
  async (change) => {
    const organization = await newOrganization();
    const before = await wireOf(organization.token, organization);
    const json = { name: "Renamed", ...change };
    const answer = await call(pathOf(organization), { method: "PATCH", token: organization.token, json });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: "FORBIDDEN",
      message: `Only the operator may change ${Object.keys(change)[0]}.`,
    });
    expect(await wireOf(organization.token, organization)).toEqual(before);
  },
);

it("an agent that is no admin may not change anything", async () => {
  const organization = await newOrganization();
  const token = await demotedToken(organization);
  const requests = [
    { path: "", method: "PATCH", json: { name: "Renamed" } },
    { path: "", method: "DELETE" },
    { path: "/members", method: "POST", json: { agentId: organization.agentId, role: "member" } },
    { path: `/members/${organization.agentId}`, method: "DELETE" },
  ];
  for (const { path, ...init } of requests) {
    const answer = await call(`${pathOf(organization)}${path}`, { token, ...init });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "admin:orgs" } });
  }
});

it("the operator's own organization cannot be suspended", async () => {
  const operator = await theOperator();
  const answer = await call(pathOf(operator), {
    method: "PATCH",
    token: operator.token,
    json: { status: "suspended" },
  });
  expect(answer.status).toBe(403);
  expect(answer.body.message).toBe("The operator's own organization cannot be suspended.");
  expect((await wireOf(operator.token, operator)).status).toBe("active");
});

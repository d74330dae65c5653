import { describe, expect, it } from "vitest";
import { call, newOrganization, theOperator } from "../../support/api.ts";
import { eventsOf, pathOf, wireOf } from "./_support.ts";

const patch = (token: string, organization: { organizationId: string }, json: unknown) =>
  call(pathOf(organization), { method: "PATCH", token, json });

describe("PATCH /organizations/{orgId}", () => {
  it("an admin renames its own organization, which is recorded with the old and the new name", async () => {
    const organization = await newOrganization({ planTier: "free", name: "Before" });
    const before = await wireOf(organization.token, organization);
    const answer = await patch(organization.token, organization, { name: "After" });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({ ...before, name: "After", updatedAt: answer.body.updatedAt });
    expect(answer.body.updatedAt > before.updatedAt).toBe(true);
    expect(await wireOf(organization.token, organization)).toEqual(answer.body);

    const events = await eventsOf(organization.token, "organization.updated");
    expect(events).toMatchObject([
      {
        organizationId: organization.organizationId,
        target: organization.organizationId,
        agentId: null,
        actor: { agentId: organization.agentId, credentialId: organization.credentialId },
        details: { name: { from: "Before", to: "After" } },
      },
    ]);
  });

  it("the operator changes tier and limits, and takes a limit away with null; both chains record it", async () => {
    const operator = await theOperator();
    const organization = await newOrganization({ planTier: "free", maxAgents: 5 });
    const raised = await patch(operator.token, organization, { planTier: "pro", maxTokensPerMonth: 1000 });
    expect(raised.body).toMatchObject({ planTier: "pro", maxAgents: 5, maxTokensPerMonth: 1000 });
    const lifted = await patch(operator.token, organization, { maxAgents: null });
    expect(lifted.body).toMatchObject({ planTier: "pro", maxAgents: null, maxTokensPerMonth: 1000 });

    const recorded = async (token: string) => {
      const events = [...(await eventsOf(token, "organization.updated")), ...(await eventsOf(token, "tier.changed"))];
      return events.filter((event) => event.target === organization.organizationId);
    };
    const own = await recorded(organization.token);
    expect(own.map(({ action, details }) => [action, details])).toEqual([
      ["organization.updated", { maxTokensPerMonth: { from: null, to: 1000 } }],
      ["organization.updated", { maxAgents: { from: 5, to: null } }],
      ["tier.changed", { planTier: { from: "free", to: "pro" } }],
    ]);
    const echoes = await recorded(operator.token);
    expect(echoes.map(({ details }) => details)).toEqual(own.map(({ details }) => details));
    expect(new Set(echoes.map((event) => event.organizationId))).toEqual(new Set([operator.organizationId]));
  });

  it("a field that is already so changes nothing and is not recorded", async () => {
    const organization = await newOrganization({ name: "Same" });
    const before = await wireOf(organization.token, organization);
    const answer = await patch(organization.token, organization, { name: "Same" });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(before);
    expect(await eventsOf(organization.token, "organization.updated")).toEqual([]);
  });

  it("changes at once to different fields all stand, and each is recorded", async () => {
    const { token } = await theOperator();
    const organization = await newOrganization({ planTier: "free", name: "Before" });
    const changes = [{ name: "After" }, { planTier: "pro" }, { maxAgents: 7 }, { maxTokensPerMonth: 8 }];
    const answers = await Promise.all(changes.map((change) => patch(token, organization, change)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(await wireOf(token, organization)).toMatchObject(Object.assign({}, ...changes));
    const events = await eventsOf(organization.token, "organization.updated");
    expect(Object.assign({}, ...events.map((event) => event.details))).toEqual({
      name: { from: "Before", to: "After" },
      maxAgents: { from: null, to: 7 },
      maxTokensPerMonth: { from: null, to: 8 },
    });
    expect(events.length).toBe(3);
    expect((await eventsOf(organization.token, "tier.changed")).map((event) => event.details)).toEqual([
      { planTier: { from: "free", to: "pro" } },
    ]);
  });

  it("the operator's admin may rename the operator's own organization", async () => {
    const operator = await theOperator();
    const answer = await patch(operator.token, operator, { name: "The Operator", status: "active" });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ name: "The Operator", status: "active" });
  });
});

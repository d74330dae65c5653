import { describe, expect, it } from "vitest";
import { call, newAgent, newClient, newOrganization, theOperator, tokenFor } from "../../support/api.ts";
import { eventsOf, nobody, pathOf, secondAdmin } from "../../tenancy/organizations/_support.ts";

type Target = { organizationId: string };
const set = (token: string, organization: Target, json: unknown) =>
  call(`${pathOf(organization)}/members`, { token, json });
const list = (token: string, organization: Target, query = "") =>
  call(`${pathOf(organization)}/members${query}`, { token });
const remove = (token: string, organization: Target, agentId: string) =>
  call(`${pathOf(organization)}/members/${agentId}`, { method: "DELETE", token });

describe("members", () => {
  it("every registered agent is one; they are listed newest first, page by page", async () => {
    const organization = await newOrganization();
    const { token, agentId: admin } = organization;
    const first = (await newAgent(token)).agentId;
    const second = (await newAgent(token)).agentId;
    const pageOne = await list(token, organization, "?limit=2");
    expect(pageOne.status, pageOne.text).toBe(200);
    expect(pageOne.body.data).toEqual([
      { agentId: second, role: "member" },
      { agentId: first, role: "member" },
    ]);
    const pageTwo = await list(token, organization, `?limit=2&cursor=${pageOne.body.nextCursor}`);
    expect(pageTwo.body).toEqual({ data: [{ agentId: admin, role: "admin" }], nextCursor: null });
  });

  it("a member made admin has an admin's powers at once, and loses them at once", async () => {
    const organization = await newOrganization();
    const client = await newClient(organization.token);
    const grant = () =>
      call(`/api/v1/agents/${client.agentId}`, {
        method: "PATCH",
        token: organization.token,
        json: { grantedScopes: ["agents:read", "admin:orgs"] },
      });
    const early = await grant();
    expect([early.status, early.body.details.issues[0].path]).toEqual([400, "grantedScopes"]);

    const promoted = await set(organization.token, organization, { agentId: client.agentId, role: "admin" });
    expect(promoted.status, promoted.text).toBe(201);
    expect(promoted.body).toEqual({ agentId: client.agentId, role: "admin" });
    expect((await grant()).status).toBe(200);
    const token = await tokenFor(client, { scope: "admin:orgs" });
    const rename = () => call(pathOf(organization), { method: "PATCH", token, json: { name: "Renamed" } });
    expect((await rename()).status).toBe(200);

    const demoted = await set(organization.token, organization, { agentId: client.agentId, role: "member" });
    expect(demoted.body).toEqual({ agentId: client.agentId, role: "member" });
    expect((await rename()).status).toBe(403);
    const agent = await call(`/api/v1/agents/${client.agentId}`, { token: organization.token });
    expect(agent.body.grantedScopes).toEqual(["agents:read"]);
    const again = await call("/api/v1/token", {
      basic: client,
      form: { grant_type: "client_credentials", scope: "admin:orgs" },
    });
    expect([again.status, again.body.error]).toEqual([400, "invalid_scope"]);

    const events = await eventsOf(organization.token, "member.set");
    expect(events).toMatchObject([
      { agentId: client.agentId, target: client.agentId, details: { role: { from: "member", to: "admin" } } },
      { agentId: client.agentId, target: client.agentId, details: { role: { from: "admin", to: "member" } } },
    ]);
  });

  it("setting the role that an agent has changes nothing and is not recorded", async () => {
    const organization = await newOrganization();
    const { agentId } = organization;
    const answer = await set(organization.token, organization, { agentId, role: "admin" });
    expect(answer).toMatchObject({ status: 201, body: { agentId, role: "admin" } });
    expect(await eventsOf(organization.token, "member.set")).toEqual([]);
  });

  it("a removed one is no member any more, stays an agent, and can be made a member again", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const { agentId } = await newAgent(token);
    expect((await remove(token, organization, agentId)).status).toBe(204);
    expect((await list(token, organization)).body.data).toEqual([{ agentId: organization.agentId, role: "admin" }]);
    expect((await call(`/api/v1/agents/${agentId}`, { token })).body.status).toBe("active");

    const again = await remove(token, organization, agentId);
    expect(again.status).toBe(404);
    expect(again.body.code).toBe("AGENT_NOT_FOUND");
    expect((await set(token, organization, { agentId, role: "member" })).status).toBe(201);
    expect(await eventsOf(token, "member.removed")).toMatchObject([
      { agentId, details: { role: { from: "member", to: null } } },
    ]);
    expect(await eventsOf(token, "member.set")).toMatchObject([
      { agentId, details: { role: { from: null, to: "member" } } },
    ]);
  });

  it("the operator manages those of every organization, and both chains record it", async () => {
    const operator = await theOperator();
    const organization = await newOrganization();
    const { agentId } = await newAgent(organization.token);
    expect((await set(operator.token, organization, { agentId, role: "admin" })).status).toBe(201);
    expect((await list(operator.token, organization)).body.data[0]).toEqual({ agentId, role: "admin" });
    const actor = { agentId: operator.agentId };
    expect(await eventsOf(organization.token, "member.set")).toMatchObject([{ agentId, actor }]);
    expect(await eventsOf(operator.token, "member.set")).toMatchObject([{ agentId, actor }]);
  });
});

describe("members: 404 AGENT_NOT_FOUND", () => {
  it("for an agent of another organization, a decommissioned one and none at all, in the same words", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const foreign = (await newAgent((await newOrganization()).token)).agentId;
    const decommissioned = (await newAgent(token)).agentId;
    expect((await call(`/api/v1/agents/${decommissioned}`, { method: "DELETE", token })).status).toBe(204);
    for (const agentId of [foreign, decommissioned, nobody]) {
      for (const answer of [
        await set(token, organization, { agentId, role: "admin" }),
        await remove(token, organization, agentId),
      ]) {
        const { requestId: _, ...body } = answer.body;
        expect(answer.status).toBe(404);
        expect(body).toEqual({
          code: "AGENT_NOT_FOUND",
          message: "No agent has this id in your organization.",
          hint: "Check the id.",
          docs: expect.stringContaining("/errors#AGENT_NOT_FOUND"),
        });
      }
    }
    expect((await list(token, organization)).body.data).toEqual([{ agentId: organization.agentId, role: "admin" }]);
  });
});

describe("members: 403 for the last active admin", () => {
  const lastAdmin = {
    code: "FORBIDDEN",
    message:
      "This is the last admin of the organization that can act and sign in: give another agent the role admin, admin:orgs, agents:write and a credential first.",
  };

  it("it can be neither demoted nor removed, by itself or by the operator", async () => {
    const operator = await theOperator();
    const organization = await newOrganization();
    const { agentId } = organization;
    for (const token of [organization.token, operator.token]) {
      expect(await set(token, organization, { agentId, role: "member" })).toMatchObject({
        status: 403,
        body: lastAdmin,
      });
      expect(await remove(token, organization, agentId)).toMatchObject({ status: 403, body: lastAdmin });
    }
    expect(await eventsOf(organization.token, "member.set")).toEqual([]);
  });

  it("a suspended admin does not count", async () => {
    const organization = await newOrganization();
    const { token, agentId } = organization;
    const other = await secondAdmin(organization);
    await call(`/api/v1/agents/${other.agentId}`, { method: "PATCH", token, json: { status: "suspended" } });
    expect(await remove(token, organization, agentId)).toMatchObject({ status: 403, body: lastAdmin });
    await call(`/api/v1/agents/${other.agentId}`, { method: "PATCH", token, json: { status: "active" } });
    expect((await remove(token, organization, agentId)).status).toBe(204);
  });

  it("of two admins who remove or demote each other at once, one stays", async () => {
    const { token } = await theOperator();
    for (const how of ["demote", "remove"] as const) {
      const organization = await newOrganization();
      const other = await secondAdmin(organization);
      const drop = (by: string, agentId: string) =>
        how === "demote" ? set(by, organization, { agentId, role: "member" }) : remove(by, organization, agentId);
      const answers = await Promise.all([
        drop(organization.token, other.agentId),
        drop(other.token, organization.agentId),
      ]);
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([how === "demote" ? 201 : 204, 403]);
      const members = (await list(token, organization)).body.data;
      expect(members.filter((member: { role: string }) => member.role === "admin").length).toBe(1);
    }
  });
});

describe("members: 400", () => {
  it.each([
    ["an unknown role", { agentId: nobody, role: "owner" }, "role", "must be one of member, admin"],
    ["no role", { agentId: nobody }, "role", "must be one of member, admin"],
    ["an id that is no UUID", { agentId: "admin", role: "admin" }, "agentId", "must be a UUID"],
    ["an unknown field", { agentId: nobody, role: "admin", email: "x" }, "email", "is not a known field"],
  ])("%s is refused by name", async (_, json, path, message) => {
    const organization = await newOrganization();
    const answer = await set(organization.token, organization, json);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
    expect(answer.body.details.issues).toMatchObject([{ path, message }]);
  });
});

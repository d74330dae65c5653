import { describe, expect, it } from "vitest";
import { adminToken, call, newOrganization, theOperator } from "../../support/api.ts";
import { eventsOf, pathOf, wireOf } from "./_support.ts";

const setStatus = async (organization: { organizationId: string }, status: string) => {
  const { token } = await theOperator();
  return call(pathOf(organization), { method: "PATCH", token, json: { status } });
};

describe("suspending an organization", () => {
  it("kills its tokens and its sign-ins at once; reactivating allows new ones and revives no old token", async () => {
    const organization = await newOrganization();
    const suspended = await setStatus(organization, "suspended");
    expect(suspended.status, suspended.text).toBe(200);
    expect(suspended.body.status).toBe("suspended");
    expect((await call(pathOf(organization), { token: organization.token })).status).toBe(401);
    const refused = await call("/api/v1/token", { basic: organization, form: { grant_type: "client_credentials" } });
    expect(refused).toMatchObject({ status: 401, body: { error: "invalid_client" } });

    expect((await setStatus(organization, "active")).body.status).toBe("active");
    expect((await call(pathOf(organization), { token: organization.token })).status).toBe(401);
    const token = await adminToken(organization);
    expect((await wireOf(token, organization)).status).toBe("active");

    const { token: operatorToken } = await theOperator();
    for (const [action, from, to] of [
      ["organization.suspended", "active", "suspended"],
      ["organization.reactivated", "suspended", "active"],
    ] as const) {
      const details = { status: { from, to } };
      expect(await eventsOf(token, action)).toMatchObject([{ target: organization.organizationId, details }]);
      const echoes = await eventsOf(operatorToken, action);
      expect(echoes.filter((event) => event.target === organization.organizationId)).toMatchObject([{ details }]);
    }
    expect(await eventsOf(token, "organization.updated")).toEqual([]);
  });

  it("leaves other organizations alone, the operator's included", async () => {
    const bystander = await newOrganization();
    await setStatus(await newOrganization(), "suspended");
    expect((await call(pathOf(bystander), { token: bystander.token })).status).toBe(200);
    expect((await call(pathOf(bystander), { token: (await theOperator()).token })).status).toBe(200);
  });

  it("twice is recorded once, and a suspended organization is still there for the operator", async () => {
    const organization = await newOrganization();
    const answers = await Promise.all(Array.from({ length: 4 }, () => setStatus(organization, "suspended")));
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(4).fill([200, "suspended"]));
    const { token } = await theOperator();
    expect((await wireOf(token, organization)).status).toBe("suspended");
    const events = await eventsOf(token, "organization.suspended");
    expect(events.filter((event) => event.target === organization.organizationId).length).toBe(1);
  });

  it("with a new name in one request is recorded as the two things that it is", async () => {
    const { token } = await theOperator();
    const organization = await newOrganization({ name: "Before" });
    const json = { name: "After", status: "suspended" };
    const answer = await call(pathOf(organization), { method: "PATCH", token, json });
    expect(answer.body).toMatchObject(json);
    const events = [
      ...(await eventsOf(token, "organization.updated")),
      ...(await eventsOf(token, "organization.suspended")),
    ].filter((event) => event.target === organization.organizationId);
    expect(events.map((event) => event.details)).toEqual([
      { name: { from: "Before", to: "After" } },
      { status: { from: "active", to: "suspended" } },
    ]);
  });
});

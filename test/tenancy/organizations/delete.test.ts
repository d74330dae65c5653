import { describe, expect, it } from "vitest";
import { call, newOrganization, theOperator } from "../../support/api.ts";
import { eventsOf, nobody, pathOf } from "./_support.ts";

const remove = (token: string, organization: { organizationId: string }) =>
  call(pathOf(organization), { method: "DELETE", token });

describe("DELETE /organizations/{orgId}", () => {
  it("by the operator: 204, every way in is dead, the id is as one that never was", async () => {
    const { token } = await theOperator();
    const organization = await newOrganization();
    const answer = await remove(token, organization);
    expect(answer.status, answer.text).toBe(204);
    expect(answer.text).toBe("");
    expect((await call("/api/v1/organizations", { token: organization.token })).status).toBe(401);
    const refused = await call("/api/v1/token", { basic: organization, form: { grant_type: "client_credentials" } });
    expect(refused).toMatchObject({ status: 401, body: { error: "invalid_client" } });

    for (const init of [{}, { method: "PATCH", json: { status: "active" } }, { method: "DELETE" }]) {
      const { requestId: _, ...deleted } = (await call(pathOf(organization), { token, ...init })).body;
      const { requestId: __, ...unknown } = (await call(pathOf({ organizationId: nobody }), { token, ...init })).body;
      expect(deleted.code).toBe("ORGANIZATION_NOT_FOUND");
      expect(deleted).toEqual(unknown);
    }
    expect((await call(`${pathOf(organization)}/members`, { token })).status).toBe(404);

    const events = await eventsOf(token, "organization.deleted");
    expect(events.filter((event) => event.target === organization.organizationId)).toMatchObject([
      { details: { status: { from: "active", to: "deleted" } } },
    ]);
  });

  it("by an admin of the organization itself", async () => {
    const organization = await newOrganization();
    expect((await remove(organization.token, organization)).status).toBe(204);
    expect((await remove(organization.token, organization)).status).toBe(401);
    const { token } = await theOperator();
    expect((await call(pathOf(organization), { token })).status).toBe(404);
  });

  it("a suspended organization can be deleted", async () => {
    const { token } = await theOperator();
    const organization = await newOrganization();
    await call(pathOf(organization), { method: "PATCH", token, json: { status: "suspended" } });
    expect((await remove(token, organization)).status).toBe(204);
  });

  it("of several at once one deletes it", async () => {
    const { token } = await theOperator();
    const organization = await newOrganization();
    const answers = await Promise.all(Array.from({ length: 4 }, () => remove(token, organization)));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([204, 404, 404, 404]);
    const events = await eventsOf(token, "organization.deleted");
    expect(events.filter((event) => event.target === organization.organizationId).length).toBe(1);
  });

  it("the operator's own organization cannot be deleted", async () => {
    const operator = await theOperator();
    const answer = await remove(operator.token, operator);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: "FORBIDDEN",
      message: "The operator's own organization cannot be deleted.",
    });
    expect((await call(pathOf(operator), { token: operator.token })).status).toBe(200);
  });
});

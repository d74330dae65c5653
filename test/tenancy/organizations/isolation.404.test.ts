import { expect, it } from "vitest";
import { call, newAgent, newOrganization } from "../../support/api.ts";
import { nobody, pathOf } from "./_support.ts";

it("another organization answers exactly as one that does not exist", async () => {
  const own = await newOrganization();
  const other = await newOrganization();
  const otherAgent = (await newAgent(other.token)).agentId;
  const requests = (organizationId: string, agentId: string) =>
    [
      { path: "", method: "GET" },
      { path: "", method: "PATCH", json: { name: "Mine" } },
      { path: "", method: "PATCH", json: { status: "suspended" } },
      { path: "", method: "DELETE" },
      { path: "/members", method: "GET" },
      { path: "/members", method: "POST", json: { agentId, role: "admin" } },
      { path: `/members/${agentId}`, method: "DELETE" },
    ].map(({ path, ...init }) => call(`${pathOf({ organizationId })}${path}`, { token: own.token, ...init }));

  const foreign = await Promise.all(requests(other.organizationId, otherAgent));
  const unknown = await Promise.all(requests(nobody, nobody));
  for (const [index, answer] of foreign.entries()) {
    const { requestId: _, ...body } = answer.body;
    expect(answer.status).toBe(404);
    expect(body).toEqual({
      code: "ORGANIZATION_NOT_FOUND",
      message: "No organization has this id, or it is not yours to see.",
      hint: "Check the id.",
      docs: "http://localhost:8787/errors#ORGANIZATION_NOT_FOUND",
    });
    const { requestId: __, ...unknownBody } = unknown[index]!.body;
    expect(unknown[index]!.status).toBe(404);
    expect(body).toEqual(unknownBody);
  }
  const members = await call(`${pathOf(other)}/members`, { token: other.token });
  expect(members.body.data).toEqual([
    { agentId: otherAgent, role: "member" },
    { agentId: other.agentId, role: "admin" },
  ]);
});

it("an id that is no UUID is a malformed request", async () => {
  const { token } = await newOrganization();
  const answer = await call("/api/v1/organizations/acme", { token });
  expect(answer.status).toBe(400);
  expect(answer.body.details.issues).toMatchObject([{ path: "orgId", message: "must be a UUID" }]);
});

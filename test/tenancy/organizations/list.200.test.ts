import { expect, it } from "vitest";
import { call, newOrganization, theOperator, tokenFor } from "../../support/api.ts";
import { pathOf } from "./_support.ts";

type Listed = { organizationId: string };
const idsOf = (answer: { body: { data: Listed[] } }) => answer.body.data.map(({ organizationId }) => organizationId);

it("the operator pages through all, newest first, undisturbed by new ones; deleted ones are gone", async () => {
  const operator = await theOperator();
  const { token } = operator;
  const first = await newOrganization();
  const deleted = await newOrganization();
  const second = await newOrganization();
  const third = await newOrganization();
  await call(pathOf(deleted), { method: "DELETE", token });

  const pageOne = await call("/api/v1/organizations?limit=2", { token });
  expect(pageOne.status, pageOne.text).toBe(200);
  expect(idsOf(pageOne)).toEqual([third.organizationId, second.organizationId]);
  await newOrganization();
  const pageTwo = await call(`/api/v1/organizations?limit=2&cursor=${pageOne.body.nextCursor}`, { token });
  expect(idsOf(pageTwo)).toEqual([first.organizationId, operator.organizationId]);
  expect(pageTwo.body.nextCursor).toBe(null);
});

it("everybody else, an admin or not, sees only their own", async () => {
  const organization = await newOrganization();
  for (const token of [organization.token, await tokenFor(organization, { scope: "admin:orgs" })]) {
    const answer = await call("/api/v1/organizations", { token });
    expect(idsOf(answer)).toEqual([organization.organizationId]);
    expect(answer.body.nextCursor).toBe(null);
  }
});

it("a cursor of another organization's list is refused", async () => {
  const { token } = await theOperator();
  const stranger = await newOrganization();
  const { nextCursor } = (await call("/api/v1/organizations?limit=1", { token })).body;
  const answer = await call(`/api/v1/organizations?cursor=${nextCursor}`, { token: stranger.token });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: "VALIDATION_ERROR", message: "cursor: is not a cursor of this list" });
});

it.each(["limit=0", "limit=101", "limit=x", "cursor=x", "cursor='%20OR%201=1"])("?%s is refused", async (query) => {
  const { token } = await theOperator();
  const answer = await call(`/api/v1/organizations?${query}`, { token });
  expect(answer.status).toBe(400);
  expect(answer.body.code).toBe("VALIDATION_ERROR");
});

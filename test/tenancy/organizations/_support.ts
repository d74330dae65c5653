/** Steps that the tests of organizations share. */
import { expect } from "vitest";
import { type Body, call, newAdmin, type Organization, tokenFor } from "../../support/api.ts";

export const pathOf = (organization: { organizationId: string }) =>
  `/api/v1/organizations/${organization.organizationId}`;

/** A second agent of the organization, made an admin; with a token that carries `admin:orgs`. */
export async function secondAdmin(organization: Organization) {
  const client = await newAdmin(organization);
  return { ...client, token: await tokenFor(client, { scope: "admin:orgs" }) };
}

/** The events of one action in the caller's audit log, oldest first. */
export async function eventsOf(token: string, action: string): Promise<Body[]> {
  const answer = await call(`/api/v1/audit?limit=100&action=${action}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.toReversed();
}

/** The wire fields of an organization that `newOrganization` made. */
export const wireOf = async (token: string, organization: { organizationId: string }): Promise<Body> => {
  const answer = await call(pathOf(organization), { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};

/** An id of the right form that nobody has. */
export const nobody = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

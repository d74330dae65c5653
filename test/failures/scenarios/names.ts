/** The write routes of domains and resources. */
import { expect } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { call, type Organization } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { inOrganization } from "../support/organization.ts";

const resourcesPath = "/api/v1/resources";
const domainsPath = ({ organizationId }: Organization) => `/api/v1/organizations/${organizationId}/domains`;

/** A domain that waits for its record. */
async function newDomain(organization: Organization): Promise<string> {
  const domain = `${organization.slug}.com`;
  const answer = await call(domainsPath(organization), { token: organization.token, json: { domain } });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.challenge.value;
}

async function newResource({ slug, token }: Organization) {
  const json = { identifier: `urn:agentidp:${slug}:resumes`, name: "Resumes" };
  const answer = await call(resourcesPath, { token, json });
  expect(answer.status, answer.text).toBe(201);
  const { resourceId } = answer.body;
  return { path: `${resourcesPath}/${resourceId}`, names: { [resourceId]: "resource" } };
}

export const nameScenarios: Scenarios = {
  addDomain: inOrganization(async (organization) => {
    const { slug, token } = organization;
    return { path: domainsPath(organization), call: { token, json: { domain: `${slug}.com` } } };
  }),

  verifyDomain: inOrganization(async (organization) => {
    const { slug, token } = organization;
    const records = { [`_agentidp-challenge.${slug}.com`]: [await newDomain(organization)] };
    return {
      path: `${domainsPath(organization)}/${slug}.com/verify`,
      call: { method: "POST", token },
      settings: { DNS_STATIC_RECORDS: JSON.stringify(records) } as unknown as Partial<Bindings>,
    };
  }),

  removeDomain: inOrganization(async (organization) => {
    await newDomain(organization);
    const { slug, token } = organization;
    return { path: `${domainsPath(organization)}/${slug}.com`, call: { method: "DELETE", token } };
  }),

  registerResource: inOrganization(async ({ slug, token }) => {
    const json = { identifier: `urn:agentidp:${slug}:resumes`, name: "Resumes" };
    return { path: resourcesPath, call: { token, json } };
  }),

  changeResource: inOrganization(async (organization) => {
    const resource = await newResource(organization);
    return { ...resource, call: { method: "PATCH", token: organization.token, json: { status: "disabled" } } };
  }),

  deleteResource: inOrganization(async (organization) => {
    const resource = await newResource(organization);
    return { ...resource, call: { method: "DELETE", token: organization.token } };
  }),
};

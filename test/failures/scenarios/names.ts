/** The write routes of domains and resources. */
import { expect } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { call, type Organization, unique } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { inOrganization, inSharedOrganization } from "../support/organization.ts";

const resourcesPath = "/api/v1/resources";
const domainsPath = ({ organizationId }: Organization) => `/api/v1/organizations/${organizationId}/domains`;

/** A domain that waits for its record. */
async function newDomain(organization: Organization) {
  const domain = `${unique("domain")}.com`;
  const answer = await call(domainsPath(organization), { token: organization.token, json: { domain } });
  expect(answer.status, answer.text).toBe(201);
  const challenge: string = answer.body.challenge.value;
  return { domain, challenge, path: `${domainsPath(organization)}/${domain}`, names: { [domain]: "domain" } };
}

function newResourceFields({ slug }: Organization) {
  const word = unique("resumes");
  return { json: { identifier: `urn:agentidp:${slug}:${word}`, name: "Resumes" }, names: { [word]: "resumes" } };
}

async function newResource(organization: Organization) {
  const { json, names } = newResourceFields(organization);
  const answer = await call(resourcesPath, { token: organization.token, json });
  expect(answer.status, answer.text).toBe(201);
  const { resourceId } = answer.body;
  return { path: `${resourcesPath}/${resourceId}`, names: { ...names, [resourceId]: "resource" } };
}

export const nameScenarios: Scenarios = {
  addDomain: inOrganization(async (organization) => {
    const { slug, token } = organization;
    return { path: domainsPath(organization), call: { token, json: { domain: `${slug}.com` } } };
  }),

  // Its own organization: one may verify domains ten times a minute.
  verifyDomain: inOrganization(async (organization) => {
    const { domain, challenge, path, names } = await newDomain(organization);
    const records = { [`_agentidp-challenge.${domain}`]: [challenge] };
    return {
      path: `${path}/verify`,
      call: { method: "POST", token: organization.token },
      names,
      settings: { DNS_STATIC_RECORDS: JSON.stringify(records) } as unknown as Partial<Bindings>,
    };
  }),

  removeDomain: inSharedOrganization("unobserved", async (organization) => {
    const { path, names } = await newDomain(organization);
    return { path, call: { method: "DELETE", token: organization.token }, names };
  }),

  registerResource: inOrganization(async (organization) => {
    const { json, names } = newResourceFields(organization);
    return { path: resourcesPath, call: { token: organization.token, json }, names };
  }),

  changeResource: inSharedOrganization("unobserved", async (organization) => {
    const resource = await newResource(organization);
    return { ...resource, call: { method: "PATCH", token: organization.token, json: { status: "disabled" } } };
  }),

  deleteResource: inSharedOrganization("unobserved", async (organization) => {
    const resource = await newResource(organization);
    return { ...resource, call: { method: "DELETE", token: organization.token } };
  }),
};

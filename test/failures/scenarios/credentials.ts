/** The write routes of credentials. */
import { expect } from "vitest";
import { call } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { inSharedOrganization } from "../support/organization.ts";
import { newSubject, use } from "./agents.ts";

export const credentialScenarios: Scenarios = {
  createCredential: inSharedOrganization("observed", async (organization) => {
    const { path, names } = await newSubject(organization);
    return { path: `${path}/credentials`, call: { token: organization.token, json: {} }, names };
  }),

  rotateCredential: inSharedOrganization("observed", async (organization) => {
    const { path, credentialId, names } = await newSubject(organization);
    const json = { overlapSeconds: 60 };
    return { path: `${path}/credentials/${credentialId}/rotate`, call: { token: organization.token, json }, names };
  }),

  "rotateCredential: without overlap": inSharedOrganization("observed", async (organization) => {
    const { path, credentialId, names, live } = await newSubject(organization);
    return {
      path: `${path}/credentials/${credentialId}/rotate`,
      call: { token: organization.token, json: {} },
      names,
      check: async () => expect(await use(live)).toBe(401),
    };
  }),

  "rotateCredential: repeated with the replaced secret": inSharedOrganization("observed", async (organization) => {
    const { path, agentId: clientId, credentialId, clientSecret, names } = await newSubject(organization);
    const url = `${path}/credentials/${credentialId}/rotate`;
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const repeated = { basic: { clientId, clientSecret }, json: {}, headers };
    const first = await call(url, repeated);
    expect(first.status, first.text).toBe(200);
    return { path: url, call: repeated, names };
  }),

  revokeCredential: inSharedOrganization("observed", async (organization) => {
    const { path, credentialId, names, live } = await newSubject(organization);
    return {
      path: `${path}/credentials/${credentialId}`,
      call: { method: "DELETE", token: organization.token },
      names,
      check: async () => expect(await use(live)).toBe(401),
    };
  }),
};

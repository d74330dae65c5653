/** The write routes of agents. */
import { expect } from "vitest";
import { agentFields, call, newClient, type Organization, tokenFor } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { inOrganization, inSharedOrganization } from "../support/organization.ts";

/** The status that the API answers an access token with. */
export const use = async (token: string) => (await call("/agent-info", { token })).status;

/** An agent with a credential and a live token, which something is about to happen to. */
export async function newSubject(organization: Organization, fields: Record<string, unknown> = {}) {
  const json = agentFields(fields);
  const client = await newClient(organization.token, json);
  const { agentId, credentialId } = client;
  return {
    ...client,
    path: `/api/v1/agents/${agentId}`,
    live: await tokenFor(client),
    names: { [agentId]: "agent", [credentialId]: "of-agent", [json.email]: "e-mail" },
  };
}

export const agentScenarios: Scenarios = {
  readAgentInfoByPOST: inOrganization(async ({ token }) => ({ path: "/agent-info", call: { token } })),

  registerAgent: inSharedOrganization("observed", async (organization) => {
    const json = agentFields();
    return { path: "/api/v1/agents", call: { token: organization.token, json }, names: { [json.email]: "e-mail" } };
  }),

  "changeAgent: fields and key": inSharedOrganization("observed", async (organization) => {
    const { path, names } = await newSubject(organization);
    const pair = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
    ])) as CryptoKeyPair;
    const { kty, crv, x, y } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey;
    const json = { owner: "somebody-else", version: "2.0.0", publicKeyJwk: { kty, crv, x, y } };
    return { path, call: { method: "PATCH", token: organization.token, json }, names };
  }),

  "changeAgent: suspend": inSharedOrganization("observed", async (organization) => {
    const { path, names, live } = await newSubject(organization);
    return {
      path,
      call: { method: "PATCH", token: organization.token, json: { status: "suspended" } },
      names,
      check: async () => expect(await use(live)).toBe(401),
    };
  }),

  "changeAgent: take a scope": inSharedOrganization("observed", async (organization) => {
    const { path, names } = await newSubject(organization, { capabilities: ["resume:read", "resume:write"] });
    const json = { capabilities: ["resume:read"] };
    return { path, call: { method: "PATCH", token: organization.token, json }, names };
  }),

  "changeAgent: demand DPoP": inSharedOrganization("observed", async (organization) => {
    const { path, names, live } = await newSubject(organization);
    return {
      path,
      call: { method: "PATCH", token: organization.token, json: { dpopRequired: true } },
      names,
      check: async () => expect(await use(live)).toBe(401),
    };
  }),

  decommissionAgent: inSharedOrganization("observed", async (organization) => {
    const { path, names, live } = await newSubject(organization);
    return {
      path,
      call: { method: "DELETE", token: organization.token },
      names,
      check: async () => expect(await use(live)).toBe(401),
    };
  }),

  eraseAgent: inSharedOrganization("observed", async (organization) => {
    const { path, names } = await newSubject(organization);
    expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
    return { path: `${path}/erase`, call: { method: "POST", token: organization.token }, names };
  }),
};

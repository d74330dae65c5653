/** The write routes of workload identity and federation. */
import { expect } from "vitest";
import { newPartner, pathOf } from "../../identity/federation/_support.ts";
import { githubPolicy, newPolicy, oidcPolicy, policiesPath } from "../../identity/workloads/_policies.ts";
import { call, newAgent, type Organization } from "../../support/api.ts";
import type { OtherTruth, Scenarios } from "../support/attack.ts";
import { newIssuer } from "../support/issuer.ts";
import { inOrganization, inSharedOrganization } from "../support/organization.ts";

/** How long an issuer whose keys could not be fetched is left alone, and a little more. */
const retryAfterMs = 16_000;

/** While the keys of an issuer cannot be had, nothing that it signed is valid. */
const unverified =
  (told: string) =>
  (hit: string): OtherTruth | null =>
    hit.startsWith("fetch ") ? { told, retryAfterMs } : null;

/** A workload's token, which an agent's policy trusts. */
async function newWorkload({ token }: Organization) {
  const { agentId } = await newAgent(token);
  const { issuer, sign } = await newIssuer();
  const policy = await newPolicy(token, oidcPolicy(agentId, { issuer, claims: { ref: "main" } }));
  const claims = { aud: "https://idp.example.com", sub: "job", ref: "main", jti: crypto.randomUUID() };
  return {
    workloadToken: await sign("JWT", claims),
    agentId,
    names: { [agentId]: "agent", [policy.policyId]: "policy", [issuer]: "issuer", [new URL(issuer).host]: "host" },
  };
}

async function newAcme(token: string) {
  const partner = await newPartner(token);
  return { partner, names: { [partner.partnerId]: "partner", [partner.issuer]: "issuer" } };
}

export const trustScenarios: Scenarios = {
  createTrustPolicy: inSharedOrganization("unobserved", async ({ token }) => {
    const { agentId } = await newAgent(token);
    return { path: policiesPath, call: { token, json: githubPolicy(agentId) }, names: { [agentId]: "agent" } };
  }),

  deleteTrustPolicy: inSharedOrganization("unobserved", async ({ token }) => {
    const { agentId } = await newAgent(token);
    const { policyId } = await newPolicy(token, githubPolicy(agentId));
    const names = { [agentId]: "agent", [policyId]: "policy" };
    return { path: `${policiesPath}/${policyId}`, call: { method: "DELETE", token }, names };
  }),

  exchangeWorkloadToken: {
    ...inSharedOrganization("unobserved", async (organization) => {
      const { workloadToken, agentId, names } = await newWorkload(organization);
      return { path: "/api/v1/oidc/token", call: { json: { token: workloadToken, agentId } }, names };
    }),
    orTells: unverified("401 UNAUTHORIZED"),
  },

  "issueToken: by a workload's token": {
    ...inSharedOrganization("unobserved", async (organization) => {
      const { workloadToken, agentId, names } = await newWorkload(organization);
      const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
      const form = { grant_type, assertion: workloadToken, client_id: agentId };
      return { path: "/api/v1/token", call: { form }, names };
    }),
    orTells: unverified("401 UNAUTHORIZED"),
  },

  trustPartner: inOrganization(async ({ token }) => {
    const json = { name: "Acme", issuer: "https://idp.acme.example", jwksUri: "https://keys.acme.example/jwks" };
    return { path: "/api/v1/federation/trust", call: { token, json } };
  }),

  changePartner: inSharedOrganization("unobserved", async ({ token }) => {
    const { partner, names } = await newAcme(token);
    const change = { method: "PATCH", token, json: { status: "suspended" } };
    return { path: pathOf(partner), call: change, names };
  }),

  deletePartner: inSharedOrganization("unobserved", async ({ token }) => {
    const { partner, names } = await newAcme(token);
    return {
      path: pathOf(partner),
      call: { method: "DELETE", token },
      names,
      check: async () => expect((await call(pathOf(partner), { token })).status).toBe(404),
    };
  }),

  verifyPartnerToken: {
    ...inSharedOrganization("unobserved", async ({ token }) => {
      const { issuer, sign } = await newIssuer();
      const partner = await newPartner(token, { issuer, audiences: ["x"] });
      const partnerToken = await sign("at+jwt", {
        sub: "agent-7",
        client_id: "agent-7",
        aud: "x",
        scope: "resume:read",
      });
      return {
        path: "/api/v1/federation/verify",
        call: { token, json: { token: partnerToken } },
        names: { [partner.partnerId]: "partner", [issuer]: "issuer" },
      };
    }),
    orTells: unverified("200 false"),
  },
};

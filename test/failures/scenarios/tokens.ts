/** The write routes of tokens: every grant, introspection, revocation. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect } from "vitest";
import { forgetSigningKeys } from "../../../src/keys/cache.ts";
import type { Context } from "../../../src/platform/context.ts";
import { withTimeLimits } from "../../../src/platform/time-limits.ts";
import { delegationTokenType, exchangeGrant, lend, newParties } from "../../identity/delegation/_parties.ts";
import { agentFields, issuer, newAgent, newClient, tokenFor } from "../../support/api.ts";
import type { Scenario, Scenarios } from "../support/attack.ts";
import { bindings } from "../support/faults.ts";
import { inSharedOrganization } from "../support/organization.ts";
import { newSubject, use } from "./agents.ts";

const form = { grant_type: "client_credentials", scope: "agents:read openid" };

const bySecret = (path: string) =>
  inSharedOrganization("observed", async (organization) => {
    const { names, clientId, clientSecret } = await newSubject(organization);
    return { path, call: { basic: { clientId, clientSecret }, form }, names };
  });

/** The same assertion comes again, so where the first was used up the second is refused. */
const byAssertion = inSharedOrganization("unobserved", async ({ token }) => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const fields = agentFields({ publicKeyJwk: await exportJWK(publicKey) });
  const { agentId } = await newAgent(token, fields);
  const client_assertion = await new SignJWT()
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer(agentId)
    .setSubject(agentId)
    .setAudience(issuer)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime("2m")
    .sign(privateKey);
  const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  return {
    path: "/api/v1/token",
    call: { form: { ...form, client_assertion_type, client_assertion } },
    names: { [agentId]: "agent", [fields.email]: "e-mail" },
  };
});

const byDelegation = inSharedOrganization("unobserved", async ({ token }) => {
  const parties = await newParties(token);
  const { delegationToken, chainId } = await lend(parties);
  return {
    path: "/api/v1/token",
    call: {
      basic: parties.delegatee,
      form: { grant_type: exchangeGrant, subject_token: delegationToken, subject_token_type: delegationTokenType },
    },
    names: { [chainId]: "chain", [parties.delegator.agentId]: "delegator", [parties.delegatee.agentId]: "delegatee" },
  };
});

const introspection: Pick<Scenario, "world"> = inSharedOrganization("observed", async (organization) => {
  const { live, names } = await newSubject(organization);
  return { path: "/api/v1/token/introspect", call: { token: organization.token, form: { token: live } }, names };
});

const introspectionByClient = inSharedOrganization("observed", async (organization) => {
  const { live, names, clientId, clientSecret } = await newSubject(organization);
  const asking = { basic: { clientId, clientSecret }, form: { token: live } };
  return { path: "/api/v1/token/introspect", call: asking, names };
});

const revocation = inSharedOrganization("observed", async (organization) => {
  const { live, names, clientId, clientSecret } = await newSubject(organization);
  return {
    path: "/api/v1/token/revoke",
    call: { basic: { clientId, clientSecret }, form: { token: live } },
    names,
    check: async () => expect(await use(live)).toBe(401),
  };
});

const revocationOfDelegation = inSharedOrganization("unobserved", async ({ token }) => {
  const parties = await newParties(token);
  const { delegationToken, chainId } = await lend(parties);
  const { delegator, delegatee } = parties;
  return {
    path: "/api/v1/token/revoke",
    call: { token: await tokenFor(delegator), form: { token: delegationToken } },
    names: { [chainId]: "chain", [delegator.agentId]: "delegator", [delegatee.agentId]: "delegatee" },
  };
});

/** The first request of an isolate, which has to read the signing keys. */
const withoutKeys = inSharedOrganization("observed", async (organization) => {
  const { names, clientId, clientSecret } = await newSubject(organization);
  forgetSigningKeys({ env: withTimeLimits(bindings) } as Context);
  return { path: "/api/v1/token", call: { basic: { clientId, clientSecret }, form }, names };
});

const unknownClient = inSharedOrganization("observed", async (organization) => {
  const { names } = await newSubject(organization);
  const stranger = await newClient(organization.token);
  return { path: "/api/v1/token", call: { basic: stranger, form }, names: { ...names, [stranger.agentId]: "client" } };
});

export const tokenScenarios: Scenarios = {
  issueToken: bySecret("/api/v1/token"),
  issueTokenOAuth2: bySecret("/api/v1/oauth2/token"),
  "issueToken: a client that this isolate has not seen": unknownClient,
  "issueToken: without signing keys in memory": withoutKeys,
  "issueToken: by assertion": byAssertion,
  "issueToken: by delegation": byDelegation,
  introspectToken: introspection,
  "introspectToken: as a client": introspectionByClient,
  revokeToken: revocation,
  "revokeToken: of a delegation": revocationOfDelegation,
};

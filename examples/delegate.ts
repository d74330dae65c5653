/**
 * An agent delegates a capability for an API to another agent (RFC 8693), a third verifies the delegation, and the first revokes
 * it.
 *
 * Settings: AGENTIDP_API_URL, and AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET of an admin, which registers the API and
 * the two agents.
 */
import { randomUUID } from "node:crypto";
import * as openid from "openid-client";
import { setting } from "./settings.ts";
import { call, type Session, signIn } from "./sign-in-and-call.ts";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

interface Agent {
  readonly agentId: string;
  readonly clientSecret: string;
}

/** Registers an agent and creates a secret for it. */
async function register(admin: Session, name: string, fields: Readonly<Record<string, unknown>>): Promise<Agent> {
  const { agentId } = await call<{ agentId: string }>(admin, "POST", "/api/v1/agents", {
    email: `${name}-${Date.now()}@agents.example`,
    agentType: "custom",
    version: "1.0.0",
    owner: "examples",
    deploymentEnv: "development",
    ...fields,
  });
  const path = `/api/v1/agents/${agentId}/credentials`;
  const { clientSecret } = await call<{ clientSecret: string }>(admin, "POST", path, {});
  return { agentId, clientSecret };
}

const adminId = setting("AGENTIDP_CLIENT_ID");
const admin = await signIn(adminId, setting("AGENTIDP_CLIENT_SECRET"), "agents:write admin:orgs");

// An API of the organization. A name that begins with urn:agentidp: and the organization's slug needs no domain.
const { organization_id } = await call<{ organization_id: string }>(admin, "GET", "/agent-info");
const { slug } = await call<{ slug: string }>(admin, "GET", `/api/v1/organizations/${organization_id}`);
const resource = `urn:agentidp:${slug}:resumes-${randomUUID().slice(0, 8)}`;
const { resourceId } = await call<{ resourceId: string }>(admin, "POST", "/api/v1/resources", {
  identifier: resource,
  name: "Resumes",
  scopes: [
    { name: "resume:read", description: "Read resumes" },
    { name: "resume:write", description: "Change resumes" },
  ],
});

const orchestrator = await register(admin, "orchestrator", {
  capabilities: ["resume:read", "resume:write"],
  grantedScopes: ["agents:read", "delegations:write"],
});
const screener = await register(admin, "screener", { capabilities: ["mail:send"], grantedScopes: ["agents:read"] });
const nameOf = (agentId: unknown) => (agentId === orchestrator.agentId ? "orchestrator" : "screener");

// The orchestrator delegates one of its capabilities for the API. Its token must carry delegations:write.
const delegator = await signIn(orchestrator.agentId, orchestrator.clientSecret, "delegations:write");
const { chainId, delegationToken } = await call<{ chainId: string; delegationToken: string }>(
  delegator,
  "POST",
  "/api/v1/oauth2/token/delegate",
  { delegateeAgentId: screener.agentId, resource, scopes: ["resume:read"], ttlSeconds: 900 },
);
console.log("The orchestrator delegates resume:read to the screener for 15 minutes.");

// The screener signs in as itself and exchanges the delegation token for an access token, which is for the API.
const delegatee = await signIn(screener.agentId, screener.clientSecret, "agents:read");
const exchange = () =>
  openid.genericGrantRequest(delegatee.client, exchangeGrant, {
    subject_token: delegationToken,
    subject_token_type: "urn:sentryagent:token-type:delegation",
  });
const { access_token } = await exchange();
const facts = await openid.tokenIntrospection(delegatee.client, access_token);
const { sub: actor } = facts.act as { readonly sub: string };
if (facts.aud !== resource) throw new Error("The token is for another API.");
console.log(`The new token acts for the ${nameOf(facts.sub)}, used by the ${nameOf(actor)}, with ${facts.scope}.`);

// Any agent of the organization can verify the delegation.
const isValid = async () =>
  (await call<{ valid: boolean }>(admin, "POST", "/api/v1/oauth2/token/verify-delegation", { delegationToken })).valid;
console.log(`Valid: ${await isValid()}.`);

// When the answer arrives, the delegation and its tokens are revoked.
await call(delegator, "DELETE", `/api/v1/oauth2/token/delegate/${chainId}`);
const { active } = await openid.tokenIntrospection(delegatee.client, access_token);
console.log(`Revoked. Valid: ${await isValid()}, the token is active: ${active}.`);
const refusal = await exchange().catch((error: unknown) => error);
if (!(refusal instanceof openid.ResponseBodyError)) throw refusal;
console.log(`Another exchange is refused: ${refusal.error}.`);

for (const { agentId } of [orchestrator, screener]) await call(admin, "DELETE", `/api/v1/agents/${agentId}`);
await call(admin, "DELETE", `/api/v1/resources/${resourceId}`);
console.log("Both agents are decommissioned, and the API is deleted.");

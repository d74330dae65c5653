/**
 * An agent delegates a scope to another agent (RFC 8693), a third verifies the delegation, and the first revokes it.
 *
 * Settings: AGENTIDP_API_URL, and AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET of an admin, which registers the two agents.
 */
import * as openid from "openid-client";
import { setting } from "./settings.ts";
import { call, type Session, signIn } from "./sign-in-and-call.ts";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

interface Agent {
  readonly agentId: string;
  readonly clientSecret: string;
}

/** Registers an agent and creates a secret for it. */
async function register(admin: Session, name: string, grantedScopes: readonly string[]): Promise<Agent> {
  const { agentId } = await call<{ agentId: string }>(admin, "POST", "/api/v1/agents", {
    email: `${name}-${Date.now()}@agents.example`,
    agentType: "custom",
    version: "1.0.0",
    capabilities: ["resume:read"],
    grantedScopes,
    owner: "examples",
    deploymentEnv: "development",
  });
  const path = `/api/v1/agents/${agentId}/credentials`;
  const { clientSecret } = await call<{ clientSecret: string }>(admin, "POST", path, {});
  return { agentId, clientSecret };
}

const adminId = setting("AGENTIDP_CLIENT_ID");
const admin = await signIn(adminId, setting("AGENTIDP_CLIENT_SECRET"), "agents:write admin:orgs");
const orchestrator = await register(admin, "orchestrator", ["agents:read", "audit:read"]);
const screener = await register(admin, "screener", ["agents:read"]);
const nameOf = (agentId: unknown) => (agentId === orchestrator.agentId ? "orchestrator" : "screener");

// The orchestrator delegates some of the scopes of its token, but not all.
const delegator = await signIn(orchestrator.agentId, orchestrator.clientSecret, "agents:read audit:read");
const { chainId, delegationToken } = await call<{ chainId: string; delegationToken: string }>(
  delegator,
  "POST",
  "/api/v1/oauth2/token/delegate",
  { delegateeAgentId: screener.agentId, scopes: ["audit:read"], ttlSeconds: 900 },
);
console.log("The orchestrator lends audit:read to the screener for 15 minutes.");

// The screener signs in as itself and exchanges the delegation token for an access token.
const delegatee = await signIn(screener.agentId, screener.clientSecret, "agents:read");
const exchange = () =>
  openid.genericGrantRequest(delegatee.client, exchangeGrant, {
    subject_token: delegationToken,
    subject_token_type: "urn:sentryagent:token-type:delegation",
  });
const { access_token } = await exchange();
const facts = await openid.tokenIntrospection(delegatee.client, access_token);
const { sub: actor } = facts.act as { readonly sub: string };
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
console.log("Both agents are decommissioned.");

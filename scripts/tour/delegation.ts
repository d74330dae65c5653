/** Delegation: one agent delegates a capability for an API to another, and revokes it. */
import { decodeJwt } from "jose";
import { type Conversation, type Credentials, demand, type Fields, type Steps, textAt } from "./conversation.ts";

const delegationPath = "/api/v1/oauth2/token/delegate";

/** The steps, in order; each builds on those before it. */
export function delegation({ send, signIn, register, createCredential, say }: Conversation, admin: Credentials): Steps {
  let adminToken = "";
  let orchestrator: Credentials;
  let screener: Credentials;
  let orchestratorToken = "";
  let chainId = "";
  let delegationToken = "";
  let delegatedToken = "";
  let resource = "";
  let resourceId = "";

  const newClient = async (agentType: string, fields: Fields): Promise<Credentials> => {
    const agentId = await register(adminToken, `${agentType}-delegation`, { agentType, ...fields });
    return createCredential(adminToken, agentId);
  };
  const exchange = (status: number) =>
    send("/api/v1/token", status, {
      basic: screener,
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      },
    });
  const verify = () =>
    send("/api/v1/oauth2/token/verify-delegation", 200, { token: adminToken, json: { delegationToken } });

  return {
    "An API, and two agents: an orchestrator, and a screener that may not read resumes": async () => {
      adminToken = await signIn(admin, "agents:read agents:write tokens:read admin:orgs");
      orchestrator = await newClient("orchestrator", {
        capabilities: ["resume:read", "resume:write"],
        grantedScopes: ["agents:read", "delegations:write"],
      });
      screener = await newClient("screener", { capabilities: ["mail:send"], grantedScopes: ["agents:read"] });
      const path = `/api/v1/organizations/${decodeJwt(adminToken).organization_id}`;
      const organization = await send(path, 200, { token: adminToken });
      resource = `urn:agentidp:${textAt(organization, "slug")}:delegation-${orchestrator.clientId}`;
      const json = { identifier: resource, name: "Resumes", scopes: [{ name: "resume:read", description: "Read" }] };
      resourceId = textAt(await send("/api/v1/resources", 201, { token: adminToken, json }), "resourceId");
    },
    "The orchestrator delegates resume:read for this API to it, for 15 minutes": async () => {
      orchestratorToken = await signIn(orchestrator, "delegations:write");
      const json = { delegateeAgentId: screener.clientId, resource, scopes: ["resume:read"], ttlSeconds: 900 };
      const answer = await send(delegationPath, 201, { token: orchestratorToken, json });
      chainId = textAt(answer, "chainId");
      delegationToken = textAt(answer, "delegationToken");
    },
    "The screener exchanges the delegation for an access token (RFC 8693): it is the actor of the orchestrator":
      async () => {
        delegatedToken = textAt(await exchange(200), "access_token");
        const form = { token: delegatedToken };
        const { act, aud, sub } = await send("/api/v1/token/introspect", 200, { token: adminToken, form });
        demand(sub === orchestrator.clientId, "The token should carry the orchestrator's authority.");
        demand((act as Fields | undefined)?.sub === screener.clientId, "The token should name the screener as actor.");
        demand(aud === resource, "The token should be for the API.");
        say("The service itself refuses it, so it cannot be used to delegate again:");
        const json = { delegateeAgentId: orchestrator.clientId, resource, scopes: ["resume:read"], ttlSeconds: 900 };
        await send(delegationPath, 401, { token: delegatedToken, json });
      },
    "Revoke the delegation: it and its access token are invalid at once": async () => {
      demand((await verify()).valid === true, "The delegation should be valid.");
      await send(`${delegationPath}/${chainId}`, 204, { method: "DELETE", token: orchestratorToken });
      demand((await verify()).valid === false, "The delegation should be revoked.");
      const form = { token: delegatedToken };
      const { active } = await send("/api/v1/token/introspect", 200, { token: adminToken, form });
      demand(active === false, "The delegated token should not be active.");
      await exchange(400);
      for (const { clientId } of [orchestrator, screener]) {
        await send(`/api/v1/agents/${clientId}`, 204, { method: "DELETE", token: adminToken });
      }
      await send(`/api/v1/resources/${resourceId}`, 204, { method: "DELETE", token: adminToken });
    },
  };
}

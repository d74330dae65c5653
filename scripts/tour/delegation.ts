/** Delegation: one agent delegates scopes to another, and revokes them. */
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

  const newClient = async (agentType: string, grantedScopes: readonly string[]): Promise<Credentials> => {
    const agentId = await register(adminToken, `${agentType}-delegation`, { agentType, grantedScopes });
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
    "Two agents: an orchestrator, and a screener that may not read the audit log": async () => {
      adminToken = await signIn(admin, "agents:write tokens:read admin:orgs");
      orchestrator = await newClient("orchestrator", ["agents:read", "audit:read"]);
      screener = await newClient("screener", ["agents:read"]);
      orchestratorToken = await signIn(orchestrator);
    },
    "The orchestrator delegates audit:read to it for 15 minutes": async () => {
      const json = { delegateeAgentId: screener.clientId, scopes: ["audit:read"], ttlSeconds: 900 };
      const answer = await send(delegationPath, 201, { token: orchestratorToken, json });
      chainId = textAt(answer, "chainId");
      delegationToken = textAt(answer, "delegationToken");
    },
    "The screener exchanges the delegation for an access token (RFC 8693): it is the actor of the orchestrator":
      async () => {
        delegatedToken = textAt(await exchange(200), "access_token");
        const form = { token: delegatedToken };
        const { act, sub } = await send("/api/v1/token/introspect", 200, { token: adminToken, form });
        demand(sub === orchestrator.clientId, "The token should carry the orchestrator's authority.");
        demand((act as Fields | undefined)?.sub === screener.clientId, "The token should name the screener as actor.");
        say("A delegated scope cannot be delegated again:");
        const json = { delegateeAgentId: orchestrator.clientId, scopes: ["audit:read"], ttlSeconds: 900 };
        await send(delegationPath, 403, { token: delegatedToken, json });
      },
    "Revoke the delegation: it and its access token are invalid at once": async () => {
      demand((await verify()).valid === true, "The delegation should be valid.");
      await send(`${delegationPath}/${chainId}`, 204, { method: "DELETE", token: orchestratorToken });
      demand((await verify()).valid === false, "The delegation should be revoked.");
      await send("/agent-info", 401, { token: delegatedToken });
      await exchange(400);
      for (const { clientId } of [orchestrator, screener]) {
        await send(`/api/v1/agents/${clientId}`, 204, { method: "DELETE", token: adminToken });
      }
    },
  };
}

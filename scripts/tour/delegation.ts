/** Delegation: one agent delegates scopes to another, and revokes them. */
import { type Conversation, type Credentials, demand, type Fields, textAt } from "./conversation.ts";
import type { Step } from "./main-flow.ts";

const delegationPath = "/api/v1/oauth2/token/delegate";

/** The steps, in order; each builds on those before it. */
export function delegation(
  { send, signIn, register, createCredential, say }: Conversation,
  admin: Credentials,
): readonly Step[] {
  let adminToken = "";
  let orchestrator: Credentials;
  let screener: Credentials;
  let orchestratorToken = "";
  let chainId = "";
  let delegationToken = "";
  let delegatedToken = "";

<<<<<<< HEAD
  const newClient = async (agentType: string, capabilities: readonly string[]): Promise<Credentials> => {
    const agentId = await register(adminToken, `${agentType}-delegation`, { agentType, capabilities });
    return createCredential(adminToken, agentId);
=======
  const signIn = async (client: Credentials, form: Readonly<Record<string, string>> = {}) => {
    const fields = { grant_type: "client_credentials", ...form };
    return textAt(await ask("/api/v1/token", 200, { basic: client, form: fields }), "access_token");
  };
  const register = async (agentType: string, grantedScopes: readonly string[]): Promise<Credentials> => {
    const fields = { version: "1.0.0", owner: "talent-team", deploymentEnv: "development" };
    const json = {
      email: `${agentType}-lending-${visit}@tour.example`,
      agentType,
      capabilities: ["resume:read"],
      grantedScopes,
      ...fields,
    };
    const clientId = textAt(await ask("/api/v1/agents", 201, { token: adminToken, json }), "agentId");
    const path = `/api/v1/agents/${clientId}/credentials`;
    return {
      clientId,
      clientSecret: textAt(await ask(path, 201, { token: adminToken, json: {} }), "clientSecret"),
    };
>>>>>>> 64686ae (Quick start, tour, guides and examples: a resource of one's own, and admin:orgs by name)
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

  return [
    {
      title: "Two agents: an orchestrator, and a screener that may not read the audit log",
      run: async () => {
<<<<<<< HEAD
        adminToken = await signIn(admin);
        orchestrator = await newClient("orchestrator", ["resume:read", "resume:write"]);
        screener = await newClient("screener", ["queue:read"]);
=======
        adminToken = await signIn(admin, { scope: "agents:write tokens:read admin:orgs" });
        orchestrator = await register("orchestrator", ["agents:read", "audit:read"]);
        screener = await register("screener", ["agents:read"]);
>>>>>>> 64686ae (Quick start, tour, guides and examples: a resource of one's own, and admin:orgs by name)
        orchestratorToken = await signIn(orchestrator);
      },
    },
    {
<<<<<<< HEAD
      title: "The orchestrator delegates resume:read to it for 15 minutes",
      run: async () => {
        const json = { delegateeAgentId: screener.clientId, scopes: ["resume:read"], ttlSeconds: 900 };
        const answer = await send(delegationPath, 201, { token: orchestratorToken, json });
=======
      title: "The orchestrator lends it audit:read for 15 minutes",
      run: async () => {
        const json = { delegateeAgentId: screener.clientId, scopes: ["audit:read"], ttlSeconds: 900 };
        const answer = await ask(delegationPath, 201, { token: orchestratorToken, json });
>>>>>>> 64686ae (Quick start, tour, guides and examples: a resource of one's own, and admin:orgs by name)
        chainId = textAt(answer, "chainId");
        delegationToken = textAt(answer, "delegationToken");
      },
    },
    {
      title:
        "The screener exchanges the delegation for an access token (RFC 8693): it is the actor of the orchestrator",
      run: async () => {
        delegatedToken = textAt(await exchange(200), "access_token");
        const form = { token: delegatedToken };
        const { act, sub } = await send("/api/v1/token/introspect", 200, { token: adminToken, form });
        demand(sub === orchestrator.clientId, "The token should carry the orchestrator's authority.");
        demand((act as Fields | undefined)?.sub === screener.clientId, "The token should name the screener as actor.");
<<<<<<< HEAD
        say("A delegated scope cannot be delegated again:");
        const json = { delegateeAgentId: orchestrator.clientId, scopes: ["resume:read"], ttlSeconds: 900 };
        await send(delegationPath, 403, { token: delegatedToken, json });
=======
        say("What was lent cannot be lent on:");
        const json = { delegateeAgentId: orchestrator.clientId, scopes: ["audit:read"], ttlSeconds: 900 };
        await ask(delegationPath, 403, { token: lentToken, json });
>>>>>>> 64686ae (Quick start, tour, guides and examples: a resource of one's own, and admin:orgs by name)
      },
    },
    {
      title: "Revoke the delegation: it and its access token are invalid at once",
      run: async () => {
        demand((await verify()).valid === true, "The delegation should be valid.");
        await send(`${delegationPath}/${chainId}`, 204, { method: "DELETE", token: orchestratorToken });
        demand((await verify()).valid === false, "The delegation should be revoked.");
        await send("/agent-info", 401, { token: delegatedToken });
        await exchange(400);
        for (const { clientId } of [orchestrator, screener]) {
          await send(`/api/v1/agents/${clientId}`, 204, { method: "DELETE", token: adminToken });
        }
      },
    },
  ];
}

/** Delegation: one agent lends another a part of its authority, and takes it back. */
import { randomUUID } from "node:crypto";
import { type Conversation, type Credentials, demand, type Fields, textAt } from "./conversation.ts";
import type { Step } from "./main-flow.ts";

const delegationPath = "/api/v1/oauth2/token/delegate";

/** The steps, in order; each builds on those before it. */
export function delegation({ ask, say }: Conversation, admin: Credentials): readonly Step[] {
  const visit = randomUUID().slice(0, 8);
  let adminToken = "";
  let orchestrator: Credentials;
  let screener: Credentials;
  let orchestratorToken = "";
  let chainId = "";
  let delegationToken = "";
  let lentToken = "";

  const signIn = async (client: Credentials) => {
    const answer = await ask("/api/v1/token", 200, { basic: client, form: { grant_type: "client_credentials" } });
    return textAt(answer, "access_token");
  };
  const register = async (agentType: string, capabilities: readonly string[]): Promise<Credentials> => {
    const fields = { version: "1.0.0", owner: "talent-team", deploymentEnv: "development" };
    const json = { email: `${agentType}-lending-${visit}@tour.example`, agentType, capabilities, ...fields };
    const clientId = textAt(await ask("/api/v1/agents", 201, { token: adminToken, json }), "agentId");
    const path = `/api/v1/agents/${clientId}/credentials`;
    return {
      clientId,
      clientSecret: textAt(await ask(path, 201, { token: adminToken, json: {} }), "clientSecret"),
    };
  };
  const exchange = (status: number) =>
    ask("/api/v1/token", status, {
      basic: screener,
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      },
    });
  const verify = () =>
    ask("/api/v1/oauth2/token/verify-delegation", 200, { token: adminToken, json: { delegationToken } });

  return [
    {
      title: "Two agents: an orchestrator, and a screener that may not read resumes",
      run: async () => {
        adminToken = await signIn(admin);
        orchestrator = await register("orchestrator", ["resume:read", "resume:write"]);
        screener = await register("screener", ["queue:read"]);
        orchestratorToken = await signIn(orchestrator);
      },
    },
    {
      title: "The orchestrator lends it resume:read for 15 minutes",
      run: async () => {
        const json = { delegateeAgentId: screener.clientId, scopes: ["resume:read"], ttlSeconds: 900 };
        const answer = await ask(delegationPath, 201, { token: orchestratorToken, json });
        chainId = textAt(answer, "chainId");
        delegationToken = textAt(answer, "delegationToken");
      },
    },
    {
      title:
        "The screener turns that into an access token (RFC 8693): the orchestrator's authority, the screener as actor",
      run: async () => {
        lentToken = textAt(await exchange(200), "access_token");
        const form = { token: lentToken };
        const { act, sub } = await ask("/api/v1/token/introspect", 200, { token: adminToken, form });
        demand(sub === orchestrator.clientId, "The token should carry the orchestrator's authority.");
        demand((act as Fields | undefined)?.sub === screener.clientId, "The token should name the screener as actor.");
        say("What was lent cannot be lent on:");
        const json = { delegateeAgentId: orchestrator.clientId, scopes: ["resume:read"], ttlSeconds: 900 };
        await ask(delegationPath, 403, { token: lentToken, json });
      },
    },
    {
      title: "Take it back: delegation and access token are dead at once",
      run: async () => {
        demand((await verify()).valid === true, "The delegation should be valid.");
        await ask(`${delegationPath}/${chainId}`, 204, { method: "DELETE", token: orchestratorToken });
        demand((await verify()).valid === false, "The delegation should be revoked.");
        await ask("/agent-info", 401, { token: lentToken });
        await exchange(400);
        for (const { clientId } of [orchestrator, screener]) {
          await ask(`/api/v1/agents/${clientId}`, 204, { method: "DELETE", token: adminToken });
        }
      },
    },
  ];
}

/**
 * An agent lends another one `agents:read` for as long as a task takes; the other one acts by it.
 *
 * Settings: AGENTIDP_API_URL, AGENTIDP_CLIENT_ID, AGENTIDP_CLIENT_SECRET; DELEGATEE_CLIENT_ID, DELEGATEE_CLIENT_SECRET.
 */
import { AgentIdPClient, AgentIdPError, ClientSecret } from "@sentryagent/idp-sdk";

const { AGENTIDP_API_URL: url, DELEGATEE_CLIENT_ID: to = "", DELEGATEE_CLIENT_SECRET: secret = "" } = process.env;
const lender = new AgentIdPClient();
const helper = new AgentIdPClient(url, new ClientSecret(to, secret));

const lent = await lender.delegations.lend({ to, scopes: ["agents:read"], ttlSeconds: 300 }, async (delegation) => {
  const { scopes } = await lender.delegations.require(delegation.delegationToken, { scopes: ["agents:read"] });
  const acting = helper.actingFor(delegation.delegationToken);
  const { data } = await acting.agents.list({ limit: 1 });
  console.log(`With ${scopes}, the helper reads ${data.length} agent.`);
  return delegation;
});

try {
  await lender.delegations.require(lent.delegationToken);
} catch (error) {
  if (!(error instanceof AgentIdPError) || error.kind !== "Delegation") throw error;
  console.log(`Afterwards: ${error.message}`);
}

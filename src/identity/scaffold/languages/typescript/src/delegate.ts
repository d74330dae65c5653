/**
 * `npm run delegate -- <agentId> [resource scope]`: lends another agent of the organization `agents:read`, or a capability for
 * an API of the organization. Where the settings of the delegatee are set, acts as the delegatee. Revokes the delegation.
 */
import { call, exchangeDelegation, signIn } from "./agentidp.js";
import { lend } from "./lend.js";
import { run } from "./run.js";
import { Advice, type Client, delegateeClient, ownClient } from "./settings.js";

const [delegateeAgentId, resource, scope, ...rest] = process.argv.slice(2);

/** What the delegatee does with its token, which acts for the delegator. */
async function act(delegator: Client, delegatee: Client, accessToken: string): Promise<void> {
  if (resource !== undefined) {
    console.log(`The delegatee has a token for ${resource}. It sends it there as "Authorization: Bearer …".`);
    return;
  }
  const record = await call(delegatee, accessToken, "GET", `/api/v1/agents/${delegator.clientId}`);
  console.log(`The delegatee reads the record of ${(record as { email: string }).email} with it.`);
}

await run(async () => {
  if (delegateeAgentId === undefined || rest.length > 0 || (resource === undefined) !== (scope === undefined)) {
    throw new Advice("Usage: npm run delegate -- <agentId> [resource scope]");
  }
  const [delegator, delegatee] = [ownClient(), delegateeClient()];
  if (delegatee && delegatee.clientId !== delegateeAgentId) {
    throw new Advice(`DELEGATEE_CLIENT_ID is ${delegatee.clientId}, and the agent to lend to is ${delegateeAgentId}.`);
  }
  // To lend a capability for an API, the token must carry delegations:write, which a request must name.
  const accessToken = await signIn(delegator, resource === undefined ? undefined : "delegations:write");
  const scopes = [scope ?? "agents:read"];
  const loan = { delegateeAgentId, scopes, ttlSeconds: 300, ...(resource === undefined ? {} : { resource }) };
  await lend(delegator, accessToken, loan, async ({ chainId, delegationToken, expiresAt }) => {
    console.log(`Lent ${scopes} to ${delegateeAgentId} until ${expiresAt} (delegation ${chainId}).`);
    if (delegatee) await act(delegator, delegatee, await exchangeDelegation(delegatee, delegationToken));
    else console.log("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.");
  });
});

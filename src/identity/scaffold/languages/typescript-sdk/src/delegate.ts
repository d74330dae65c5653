/**
 * `npm run delegate -- <agentId> [resource scope]`: lends another agent of the organization `agents:read`, or a capability for
 * an API of the organization. Where the settings of the delegatee are set, acts as the delegatee. Revokes the delegation.
 */
import type { AgentIdPClient } from "@sentryagent/idp-sdk";
import { run } from "./run.js";
import { Advice, delegatee, ownClient, required } from "./settings.js";

const [to, resource, scope, ...rest] = process.argv.slice(2);

/** Aborts at Ctrl-C. A second one ends the program at once. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupted.abort());
  return interrupted.signal;
}

/** What the delegatee does. Its tokens say for whom it acts. */
async function act(acting: AgentIdPClient, signal: AbortSignal): Promise<void> {
  if (resource !== undefined) {
    await acting.accessToken({ signal });
    console.log(`The delegatee has a token for ${resource}. It sends it there as "Authorization: Bearer …".`);
    return;
  }
  const { email } = await acting.agents.get(required("AGENTIDP_CLIENT_ID"), { signal });
  console.log(`The delegatee reads the record of ${email} with it.`);
}

await run(async () => {
  if (to === undefined || rest.length > 0 || (resource === undefined) !== (scope === undefined)) {
    throw new Advice("Usage: npm run delegate -- <agentId> [resource scope]");
  }
  const [delegator, other] = [ownClient(), delegatee()];
  if (other && other.agentId !== to) {
    throw new Advice(`DELEGATEE_CLIENT_ID is ${other.agentId}, and the agent to lend to is ${to}.`);
  }
  const scopes = [scope ?? "agents:read"];
  // Revokes after the function, also when it throws, as it does at Ctrl-C.
  await delegator.delegations.lend({ to, scopes, resource, ttlSeconds: 300 }, async (delegation) => {
    const { chainId, delegationToken, expiresAt } = delegation;
    console.log(`Lent ${scopes} to ${to} until ${expiresAt.toISOString()} (delegation ${chainId}).`);
    if (other) await act(other.client.actingFor(delegationToken), interruption());
    else console.log("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.");
  });
  console.log("Revoked.");
});

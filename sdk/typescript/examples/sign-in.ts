/**
 * Signs in, and says who it is.
 *
 * Settings: AGENTIDP_API_URL, AGENTIDP_CLIENT_ID, AGENTIDP_CLIENT_SECRET.
 */
import { AgentIdPClient } from "@sentryagent/idp-sdk";

const client = new AgentIdPClient();
const { email, did, scope } = await client.tokens.whoAmI();
console.log(`${email} is ${did}, with ${scope}.`);
client.close();

/** `npm start`: signs in and says who the agent is. Begin your own agent here. */
import { signIn, whoAmI } from "./agentidp.js";
import { run } from "./run.js";
import { ownClient } from "./settings.js";

await run(async () => {
  const client = ownClient();
  const accessToken = await signIn(client);
  const { agentId, email, organization_slug, scope } = await whoAmI(client, accessToken);
  console.log(`Signed in as ${email} of the organization ${organization_slug}.`);
  console.log(`Agent: ${agentId}`);
  console.log(`Scopes: ${scope || "none"}`);
});

/** `npm start`: signs in and says who the agent is. Begin your own agent here. */
import { run } from "./run.js";
import { ownClient } from "./settings.js";

await run(async () => {
  const { agentId, email, organization_slug, scope } = await ownClient().tokens.whoAmI();
  console.log(`Signed in as ${email} of the organization ${organization_slug}.`);
  console.log(`Agent: ${agentId}`);
  console.log(`Scopes: ${scope || "none"}`);
});

/**
 * An API that accepts only tokens for itself.
 *
 * Settings: AGENTIDP_API_URL; AUDIENCE, the `resource` of the token request; TOKEN.
 */
import { AgentIdPError } from "@sentryagent/idp-sdk";
import { TokenVerifier } from "@sentryagent/idp-sdk/verify";

const { AGENTIDP_API_URL: issuer = "", AUDIENCE: audience = "", TOKEN: token = "" } = process.env;
const verifier = new TokenVerifier({ issuer, audience });
try {
  const { agentId, scopes } = await verifier.verify(token);
  console.log(`Accepted: agent ${agentId} with ${scopes.join(" ")}.`);
} catch (error) {
  if (!(error instanceof AgentIdPError) || error.kind !== "Auth") throw error;
  console.log(`Refused: ${error.message}`);
  process.exitCode = 1;
}

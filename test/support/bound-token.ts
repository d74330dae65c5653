/** A token that is bound to a key, by openid-client. */
import * as openid from "openid-client";
import type { AgentClient } from "./http-client.ts";

/** Gets an access token for a resource that is bound to a new key (RFC 9449 5). */
export async function boundTokenFor(
  issuer: string,
  { agentId, clientSecret }: Pick<AgentClient, "agentId" | "clientSecret">,
  parameters: { readonly scope: string; readonly resource: string },
): Promise<string> {
  const config = await openid.discovery(new URL(issuer), agentId, undefined, openid.ClientSecretBasic(clientSecret), {
    execute: [openid.allowInsecureRequests],
  });
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair("ES256"));
  return (await openid.clientCredentialsGrant(config, parameters, { DPoP })).access_token;
}

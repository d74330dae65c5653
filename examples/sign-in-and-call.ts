/**
 * An agent signs in with its client id and secret, as any OAuth 2.0 client does, and calls the API with its access token.
 *
 * Settings: AGENTIDP_API_URL, AGENTIDP_CLIENT_ID, AGENTIDP_CLIENT_SECRET.
 */
import * as openid from "openid-client";
import { setting } from "./settings.ts";

const service = new URL(setting("AGENTIDP_API_URL"));

/** An agent that is signed in. */
export interface Session {
  readonly client: openid.Configuration;
  readonly accessToken: string;
  /** From the answer. Then the agent must sign in again: there is no refresh token. */
  readonly expiresInSeconds: number;
}

/** Finds the token endpoint by discovery (RFC 8414) and gets a token by client credentials (RFC 6749 4.4). */
export async function signIn(clientId: string, clientSecret: string, scope: string): Promise<Session> {
  // Only a service on this machine is called without TLS.
  const execute = service.protocol === "http:" ? [openid.allowInsecureRequests] : [];
  const authentication = openid.ClientSecretBasic(clientSecret);
  const client = await openid.discovery(service, clientId, undefined, authentication, { execute });
  const tokens = await openid.clientCredentialsGrant(client, { scope });
  return { client, accessToken: tokens.access_token, expiresInSeconds: tokens.expires_in ?? 0 };
}

/** Calls the API with the token and returns the body. Throws when the answer is an error. */
export async function call<Body>(session: Session, method: string, path: string, json?: unknown): Promise<Body> {
  const [body, headers] =
    json === undefined
      ? [null, undefined]
      : [JSON.stringify(json), new Headers({ "Content-Type": "application/json" })];
  const url = new URL(path, service);
  const response = await openid.fetchProtectedResource(session.client, session.accessToken, url, method, body, headers);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  const answer = text === "" ? undefined : JSON.parse(text);
  return answer;
}

/** The other examples import the functions above. */
if (import.meta.main) {
  const clientId = setting("AGENTIDP_CLIENT_ID");
  const session = await signIn(clientId, setting("AGENTIDP_CLIENT_SECRET"), "agents:read");
  console.log(`Signed in for ${session.expiresInSeconds} seconds.`);

  interface Agents {
    readonly data: readonly { readonly email: string; readonly status: string }[];
  }
  const { data } = await call<Agents>(session, "GET", "/api/v1/agents?limit=10");
  console.log("The newest agents of the organization:");
  for (const { email, status } of data) console.log(`  ${email} (${status})`);
}

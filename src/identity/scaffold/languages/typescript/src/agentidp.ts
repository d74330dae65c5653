/**
 * The calls of the identity provider.
 *
 * No SDK for TypeScript is in the npm registry yet, so this is plain HTTP with Node's own `fetch`.
 */
import { Advice, type Client } from "./settings.js";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const delegationTokenType = "urn:sentryagent:token-type:delegation";

export interface AgentInfo {
  readonly agentId: string;
  readonly email: string;
  readonly organization_slug: string;
  readonly scope: string;
}

export interface Delegation {
  readonly chainId: string;
  /** A secret between the two agents. */
  readonly delegationToken: string;
  readonly expiresAt: string;
}

interface Problem {
  readonly code: string;
  readonly message?: string;
  readonly hint?: string;
  readonly requestId?: string;
}

/** A refusal by the identity provider, with what it advises. */
export class Refused extends Advice {
  readonly status: number;
  readonly code: string;

  constructor(what: string, status: number, body: Problem) {
    const { code, message = "", hint = "", requestId = "none" } = body;
    super(`${what} was refused: ${status} ${code}. ${message}\n${hint}\nRequest id: ${requestId}`);
    this.status = status;
    this.code = code;
  }
}

/** For an answer that the identity provider does not give: a proxy, or another server, gave it. */
const foreign = (what: string, status: number) =>
  new Advice(`${what}: the answer (status ${status}) is not from the identity provider. Check AGENTIDP_API_URL.`);

/** Sends a request and returns the JSON of its answer; undefined for an answer without a body. */
async function send(what: string, url: string, init: RequestInit): Promise<unknown> {
  // A redirect could lead the secret to another host.
  const options: RequestInit = { ...init, redirect: "error", signal: AbortSignal.timeout(30_000) };
  const unreachable = (cause: unknown): never => {
    const { origin } = new URL(url);
    throw new Advice(`${what}: ${origin} does not answer. Check AGENTIDP_API_URL and the network.`, { cause });
  };
  const response = await fetch(url, options).catch(unreachable);
  const text = await response.text().catch(unreachable);
  const body = parsed(text);
  if (response.ok && (body !== undefined || text === "")) return body;
  if (response.ok || body === undefined || !("code" in body)) throw foreign(what, response.status);
  throw new Refused(what, response.status, body as Problem);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

async function requestToken(
  what: string,
  client: Client,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64");
  const answer = await send(what, `${client.apiUrl}/api/v1/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${basic}` },
    body: new URLSearchParams(parameters),
  });
  const { access_token } = (answer ?? {}) as { access_token?: string };
  if (access_token === undefined) throw foreign(what, 200);
  return access_token;
}

/**
 * Signs in (RFC 6749 4.4) and returns an access token for the API of the identity provider.
 *
 * @param scope separated by spaces; without it, every scope that the agent has and that needs not be named
 */
export const signIn = (client: Client, scope?: string): Promise<string> =>
  requestToken("The sign-in", client, { grant_type: "client_credentials", ...(scope ? { scope } : {}) });

/** Exchanges a delegation token for an access token with the lent authority (RFC 8693). */
export const exchangeDelegation = (delegatee: Client, delegationToken: string): Promise<string> =>
  requestToken("The exchange of the delegation", delegatee, {
    grant_type: exchangeGrant,
    subject_token: delegationToken,
    subject_token_type: delegationTokenType,
  });

/** Calls the API with an access token. */
export function call(
  client: Client,
  accessToken: string,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  return send(`${method} ${path}`, `${client.apiUrl}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${accessToken}`,
      ...(body ? { "Content-Type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

export const whoAmI = (client: Client, accessToken: string): Promise<AgentInfo> =>
  call(client, accessToken, "GET", "/agent-info") as Promise<AgentInfo>;

/** The two parties of a delegation, and what they say to the service. */
import { expect } from "vitest";
import { type Answer, type Body, type Call, type Client, call, newClient, tokenFor } from "../../support/api.ts";

export type AgentClient = Client & { readonly agentId: string; readonly credentialId: string };

export const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
export const delegationTokenType = "urn:sentryagent:token-type:delegation";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

export interface Parties {
  readonly delegator: AgentClient;
  readonly delegatee: AgentClient;
  /** The delegator's token: `audit:read webhooks:read agents:read`. */
  readonly token: string;
  /** The delegatee's own token. */
  readonly delegateeToken: string;
}

/** An agent that has something to lend, and another of the same organization. */
export async function newParties(admin: string): Promise<Parties> {
  const delegator = await newClient(admin, {
    agentType: "orchestrator",
    grantedScopes: ["agents:read", "tokens:read", "audit:read", "webhooks:read"],
  });
  const delegatee = await newClient(admin, { grantedScopes: ["agents:read", "tokens:read"] });
  return {
    delegator,
    delegatee,
    token: await tokenFor(delegator, { scope: "audit:read webhooks:read agents:read" }),
    delegateeToken: await tokenFor(delegatee),
  };
}

/** Asks to lend `audit:read` for 15 minutes; `fields` override the body. */
export const delegate = (token: string, delegateeAgentId: string, fields: Record<string, unknown> = {}) =>
  call("/api/v1/oauth2/token/delegate", {
    token,
    json: { delegateeAgentId, scopes: ["audit:read"], ttlSeconds: 900, ...fields },
  });

/** Lends; fails the test when refused. Answers with the wire form. */
export async function lend(
  { token, delegatee }: Pick<Parties, "token" | "delegatee">,
  fields: Record<string, unknown> = {},
): Promise<Body> {
  const answer = await delegate(token, delegatee.agentId, fields);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

export const verify = (token: string, delegationToken: unknown) =>
  call("/api/v1/oauth2/token/verify-delegation", { token, json: { delegationToken } });

export const revoke = (token: string, chainId: string) =>
  call(`/api/v1/oauth2/token/delegate/${chainId}`, { method: "DELETE", token });

export const list = (token: string, query = "") => call(`/api/v1/oauth2/token/delegations${query}`, { token });

/** Asks for the exchange as a client; `parameters` override those of the form, and empty ones are left out. */
export function exchange(
  client: Client,
  delegationToken: string,
  parameters: Record<string, string> = {},
  init: Call = {},
): Promise<Answer> {
  const form = {
    grant_type: exchangeGrant,
    subject_token: delegationToken,
    subject_token_type: delegationTokenType,
    ...parameters,
  };
  const sent = Object.entries(form).filter(([, value]) => value !== "");
  return call("/api/v1/token", { basic: client, form: Object.fromEntries(sent), ...init });
}

/** Exchanges; fails the test when refused. Answers with the access token. */
export async function exchanged(client: Client, delegationToken: string): Promise<string> {
  const answer = await exchange(client, delegationToken);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.access_token;
}

/** The status that the API answers an access token with. */
export const use = async (token: string) => (await call("/agent-info", { token })).status;

/** Base64url of a JSON value, for tokens that are made by hand. */
export const encoded = (value: unknown) =>
  btoa(JSON.stringify(value)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The service under test: started with empty stores and set up through its API. */
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { type Child, freePort, startChild } from "./child.ts";
import type { Request } from "./load.ts";
import type { WorkerdSettings } from "./workerd.ts";

const setupToken = "a-set-up-token-for-the-bench-only-0123456789";

const secrets = {
  ENVIRONMENT: "development",
  KEY_ENCRYPTION_KEYS: "bench-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  SECRET_HASH_KEYS: "bench-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
  SETUP_TOKEN: setupToken,
};

export interface Workerd extends Child {
  readonly origin: string;
}

export type WorkerdOptions = Pick<WorkerdSettings, "which"> &
  Partial<Pick<WorkerdSettings, "bindings" | "directory" | "inspectorPort">>;

/** Starts a Worker in workerd. */
export async function startWorkerd({ bindings = {}, ...options }: WorkerdOptions): Promise<Workerd> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const settings: WorkerdSettings = { port, bindings: { ...secrets, ISSUER: origin, ...bindings }, ...options };
  return { ...(await startChild("workerd.ts", settings)), origin };
}

/** Sends one request and returns the body. Throws unless the answer is a 2xx. */
export async function send<T>(origin: string, { method, path, headers = {}, body }: Request): Promise<T> {
  const answer = await fetch(`${origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? null : JSON.parse(text)) as T;
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const postJson = <T>(origin: string, token: string, path: string, body: unknown) =>
  send<T>(origin, {
    method: "POST",
    path,
    headers: { ...bearer(token), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** An agent that signs in with a secret. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

const formHeaders = { "Content-Type": "application/x-www-form-urlencoded" };

/** The request for a token by client credentials, with the secret in the `Authorization` header. */
export function tokenRequest({ clientId, clientSecret }: Client, scope: string, path = "/api/v1/token"): Request {
  return {
    method: "POST",
    path,
    headers: { ...formHeaders, Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope }).toString(),
  };
}

export const formRequest = (path: string, headers: Record<string, string>, form: Record<string, string>): Request => ({
  method: "POST",
  path,
  headers: { ...formHeaders, ...headers },
  body: new URLSearchParams(form).toString(),
});

export const authorizedGet = (path: string, token: string): Request => ({
  method: "GET",
  path,
  headers: bearer(token),
});

/** Gets an access token. */
export async function tokenOf(origin: string, client: Client, scope: string): Promise<string> {
  const { access_token } = await send<{ access_token: string }>(origin, tokenRequest(client, scope));
  return access_token;
}

const adminScope = "agents:read agents:write tokens:read audit:read admin:orgs";

/** An organization of the tier without limits, and its admin. */
export interface Organization {
  readonly organizationId: string;
  /** An admin's access token. */
  readonly token: string;
}

/** Sets the service up. */
export async function setUp(origin: string): Promise<Organization> {
  const { organization, admin } = await postJson<{ organization: { organizationId: string }; admin: Client }>(
    origin,
    setupToken,
    "/api/v1/setup",
    { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" },
  );
  return { organizationId: organization.organizationId, token: await tokenOf(origin, admin, adminScope) };
}

/** Creates an organization of the tier enterprise. */
export async function newOrganization(origin: string, operator: Organization, slug: string): Promise<Organization> {
  const { organizationId, admin } = await postJson<{ organizationId: string; admin: Client }>(
    origin,
    operator.token,
    "/api/v1/organizations",
    { name: slug, slug, adminEmail: `admin@${slug}.example`, planTier: "enterprise" },
  );
  return { organizationId, token: await tokenOf(origin, admin, adminScope) };
}

export interface Agent extends Client {
  readonly agentId: string;
}

/** The scope of every agent of the bench. */
export const agentScope = "agents:read audit:read";

/** Registers an agent and creates a secret for it. `publicKeyJwk`: its own key, to sign in with. */
export async function newAgent(
  origin: string,
  { token }: Organization,
  name: string,
  publicKeyJwk?: JWK,
): Promise<Agent> {
  const { agentId } = await postJson<{ agentId: string }>(origin, token, "/api/v1/agents", {
    email: `${name}@example.com`,
    agentType: "screener",
    version: "1.0.0",
    capabilities: ["resume:read"],
    grantedScopes: ["agents:read", "tokens:read", "audit:read"],
    owner: "talent-team",
    deploymentEnv: "production",
    ...(publicKeyJwk ? { publicKeyJwk } : {}),
  });
  const client = await postJson<Client>(origin, token, `/api/v1/agents/${agentId}/credentials`, {});
  return { agentId, clientId: client.clientId, clientSecret: client.clientSecret };
}

/** A key pair of an agent. */
export async function newAgentKey(): Promise<{ readonly privateKey: CryptoKey; readonly publicJwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const { kty, crv, x, y } = (await exportJWK(publicKey)) as Record<string, string>;
  return { privateKey, publicJwk: { kty, crv, x, y } as JWK };
}

/** Delegates the scope `agents:read`; returns the delegation token. */
export async function newDelegation(origin: string, from: Agent, to: Agent): Promise<string> {
  const token = await tokenOf(origin, from, agentScope);
  const fields = { delegateeAgentId: to.agentId, scopes: ["agents:read"], ttlSeconds: 86_400 };
  const path = "/api/v1/oauth2/token/delegate";
  return (await postJson<{ delegationToken: string }>(origin, token, path, fields)).delegationToken;
}

/** Moves the audit events of an organization to D1: each read of its log does so first. */
export async function flushEvents(origin: string, { token }: Organization): Promise<void> {
  await send(origin, authorizedGet("/api/v1/audit?limit=1", token));
}

/** A started service with one organization and one agent in it. */
export interface Service extends Workerd {
  readonly operator: Organization;
  readonly organization: Organization;
  readonly agent: Agent;
}

/** Starts the service and sets it up. */
export async function startService(options: WorkerdOptions): Promise<Service> {
  const workerd = await startWorkerd(options);
  const { origin } = workerd;
  const operator = await setUp(origin);
  const organization = await newOrganization(origin, operator, "bench");
  return { ...workerd, operator, organization, agent: await newAgent(origin, organization, "agent") };
}

/** Plain HTTP to a Worker process, and the first steps of its tests. The counterpart of `api.ts` for Node. */
import { expect } from "vitest";
import { expectDocumented } from "./documented.ts";
import { setupToken } from "./worker-process.ts";

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly basic?: Client;
  readonly json?: unknown;
  readonly form?: Record<string, string>;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape of the body
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Body;
}

/** Sends one request to an origin. */
export async function send(origin: string, path: string, call: Call = {}): Promise<Answer> {
  const headers = new Headers();
  if (call.token) headers.set("Authorization", `Bearer ${call.token}`);
  if (call.basic) headers.set("Authorization", `Basic ${btoa(`${call.basic.clientId}:${call.basic.clientSecret}`)}`);
  if (call.json !== undefined) headers.set("Content-Type", "application/json");
  const body = call.form ? new URLSearchParams(call.form) : call.json === undefined ? null : JSON.stringify(call.json);
  const method = call.method ?? (body === null ? "GET" : "POST");
  const response = await fetch(`${origin}${path}`, {
    method,
    headers,
    body,
    redirect: "manual",
  });
  const text = await response.text();
  // Lines of JSON are not JSON.
  const type = response.headers.get("Content-Type");
  const answered = /[/+]json\b/.test(type ?? "") ? JSON.parse(text) : undefined;
  expectDocumented({ method, path, status: response.status, type, body: answered });
  return { status: response.status, text, body: answered };
}

/** Requests a token; the answer can be a refusal. */
export function requestToken(origin: string, client: Client, parameters: Record<string, string> = {}): Promise<Answer> {
  return send(origin, "/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", ...parameters },
  });
}

/** Gets an access token; fails the test when refused. */
export async function tokenFor(
  origin: string,
  client: Client,
  parameters: Record<string, string> = {},
): Promise<string> {
  const answer = await requestToken(origin, client, parameters);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.access_token;
}

export interface Admin extends Client {
  readonly organizationId: string;
  readonly slug: string;
  readonly agentId: string;
  readonly credentialId: string;
  /** An access token with every scope of an admin. */
  readonly token: string;
}

const adminScopes = "agents:read agents:write tokens:read audit:read admin:orgs";

/** Sets the service up; returns the operator's admin. */
export async function setUp(origin: string): Promise<Admin> {
  const answer = await send(origin, "/api/v1/setup", {
    token: setupToken,
    json: { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" },
  });
  expect(answer.status, answer.text).toBe(201);
  const { organization, admin } = answer.body;
  const token = await tokenFor(origin, admin, { scope: adminScopes });
  return { ...admin, organizationId: organization.organizationId, slug: organization.slug, token };
}

/** Registers an API of the organization that takes any capability: `urn:agentidp:<slug>:<name>`, its `resource`. */
export async function newResource(origin: string, { token, slug }: Admin, name: string): Promise<string> {
  const identifier = `urn:agentidp:${slug}:${name}`;
  const answer = await send(origin, "/api/v1/resources", { token, json: { identifier, name: "An API" } });
  expect(answer.status, answer.text).toBe(201);
  return identifier;
}

let counter = 0;
/** A name that is unique in this test file. */
export const unique = (prefix: string) => `${prefix}-${++counter}`;

/** Another organization with its first admin, without limits. */
export async function newOrganization(origin: string, operator: Admin): Promise<Admin> {
  const slug = unique("tenant");
  const answer = await send(origin, "/api/v1/organizations", {
    token: operator.token,
    json: { name: slug, slug, adminEmail: `admin@${slug}.example`, planTier: "enterprise" },
  });
  expect(answer.status, answer.text).toBe(201);
  const { organizationId, admin } = answer.body;
  return { ...admin, organizationId, slug, token: await tokenFor(origin, admin, { scope: adminScopes }) };
}

/** The required fields of an agent. */
export const agentFields = (fields: Record<string, unknown> = {}) => ({
  email: `${unique("agent")}@example.com`,
  agentType: "screener",
  version: "1.0.0",
  capabilities: ["resume:read"],
  owner: "talent-team",
  deploymentEnv: "production",
  ...fields,
});

export interface AgentClient extends Client {
  readonly agentId: string;
  readonly credentialId: string;
}

/** Registers an agent and creates a credential for it. */
export async function newClient(
  origin: string,
  token: string,
  fields: Record<string, unknown> = {},
): Promise<AgentClient> {
  const agent = await send(origin, "/api/v1/agents", { token, json: agentFields(fields) });
  expect(agent.status, agent.text).toBe(201);
  const { agentId } = agent.body;
  const credential = await send(origin, `/api/v1/agents/${agentId}/credentials`, { token, json: {} });
  expect(credential.status, credential.text).toBe(201);
  return { agentId, ...credential.body };
}

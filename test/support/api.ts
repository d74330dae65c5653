/** A client for black-box tests: plain HTTP to the Worker, and the first steps of most tests. */
import { SELF } from "cloudflare:test";
import { expect } from "vitest";
import { expectDocumented } from "./documented.ts";

export const issuer = "http://localhost:8787";
export const setupToken = "a-set-up-token-for-the-tests-only-0123456789";

export interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly basic?: { readonly clientId: string; readonly clientSecret: string };
  readonly json?: unknown;
  readonly form?: Record<string, string> | URLSearchParams;
  /** A raw body, for malformed requests. */
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape of the body
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

/** Sends one request. `path` is relative to the issuer's origin. */
export async function call(path: string, init: Call = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (init.token) headers.set("Authorization", `Bearer ${init.token}`);
  if (init.basic) {
    const pair = `${encodeURIComponent(init.basic.clientId)}:${encodeURIComponent(init.basic.clientSecret)}`;
    headers.set("Authorization", `Basic ${btoa(pair)}`);
  }
  let body = init.body;
  if (init.json !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(init.json);
  }
  if (init.form) body = new URLSearchParams(init.form);
  const method = init.method ?? (body === undefined ? "GET" : "POST");
  const response = await SELF.fetch(`${issuer}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    redirect: "manual",
  });
  // Not text(): it warns of each media type that is no text/*.
  const text = new TextDecoder().decode(await response.arrayBuffer());
  // Lines of JSON are not JSON.
  const type = response.headers.get("Content-Type");
  const answered = /[/+]json\b/.test(type ?? "") && text !== "" ? JSON.parse(text) : undefined;
  const { status } = response;
  expectDocumented({ method, path, status, type, body: answered });
  return { status, headers: response.headers, text, body: answered };
}

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Organization extends Client {
  readonly organizationId: string;
  readonly slug: string;
  readonly agentId: string;
  readonly credentialId: string;
  /** An access token of its admin, with every scope of the admin. */
  readonly token: string;
}

/** Gets an access token by client_credentials; fails the test when refused. */
export async function tokenFor(client: Client, parameters: Record<string, string> = {}): Promise<string> {
  const answer = await call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", ...parameters },
  });
  expect(answer.body, answer.text).toMatchObject({ token_type: "Bearer" });
  return answer.body.access_token;
}

const adminScopes =
  "agents:read agents:write tokens:read delegations:write audit:read webhooks:read webhooks:write admin:orgs";

/** The token of an organization's admin, with every scope. */
export const adminToken = (client: Client) => tokenFor(client, { scope: adminScopes });

let operator: Promise<Organization> | undefined;

/** The operator's organization; set up on the first call of a test file. */
export function theOperator(): Promise<Organization> {
  operator ??= (async () => {
    const answer = await call("/api/v1/setup", {
      token: setupToken,
      json: { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" },
    });
    expect(answer.status, answer.text).toBe(201);
    const { organization, admin } = answer.body;
    return { ...organization, ...admin, token: await adminToken(admin) };
  })();
  return operator;
}

/**
 * An API of the organization that takes any capability: `urn:agentidp:<slug>:<name>`, registered by the first call.
 *
 * @returns its identifier, the `resource` of token requests
 */
export async function resourceOf(
  { token, slug }: Pick<Organization, "token" | "slug">,
  name = "api",
  fields: Record<string, unknown> = {},
): Promise<string> {
  const identifier = `urn:agentidp:${slug}:${name}`;
  const answer = await call("/api/v1/resources", { token, json: { identifier, name: "An API", ...fields } });
  expect([201, 409], answer.text).toContain(answer.status);
  return identifier;
}

let counter = 0;
/** A name that is unique in this test file. */
export const unique = (prefix: string) => `${prefix}-${++counter}`;

/** The operator's token for new organizations. */
let forNew: string | undefined;

/** Another organization with its first admin. `fields` override the body. */
export async function newOrganization(fields: Record<string, unknown> = {}): Promise<Organization> {
  const slug = unique("tenant");
  // Without limits, unless the test sets them.
  const json = { name: slug, slug, adminEmail: `admin@${slug}.example`, planTier: "enterprise", ...fields };
  forNew ??= await adminToken(await theOperator());
  let answer = await call("/api/v1/organizations", { token: forNew, json });
  if (answer.status === 401) {
    // The test has moved the clock, or has dropped the key that signed the token.
    forNew = await adminToken(await theOperator());
    answer = await call("/api/v1/organizations", { token: forNew, json });
  }
  expect(answer.status, answer.text).toBe(201);
  const { admin, ...organization } = answer.body;
  return { ...organization, ...admin, token: await adminToken(admin) };
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

/** Registers an agent; returns its wire form. */
export async function newAgent(token: string, fields: Record<string, unknown> = {}): Promise<Body> {
  const answer = await call("/api/v1/agents", { token, json: agentFields(fields) });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Creates a credential of an agent; returns its wire form with the secret. */
export async function newCredential(
  token: string,
  agentId: string,
  fields: Record<string, unknown> = {},
): Promise<Body> {
  const answer = await call(`/api/v1/agents/${agentId}/credentials`, { token, json: fields });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Registers an agent with a credential. */
export async function newClient(
  token: string,
  fields: Record<string, unknown> = {},
): Promise<Client & { agentId: string; credentialId: string }> {
  const { agentId } = await newAgent(token, fields);
  return { agentId, ...(await newCredential(token, agentId)) };
}

/** Registers an agent with a credential and makes it an admin, which can then have `admin:orgs`. */
export async function newAdmin(
  { token, organizationId }: Pick<Organization, "token" | "organizationId">,
  grantedScopes: readonly string[] = ["agents:read", "agents:write", "admin:orgs"],
): Promise<Client & { agentId: string; credentialId: string }> {
  const client = await newClient(token);
  const json = { agentId: client.agentId, role: "admin" };
  expect((await call(`/api/v1/organizations/${organizationId}/members`, { token, json })).status).toBe(201);
  const path = `/api/v1/agents/${client.agentId}`;
  expect((await call(path, { method: "PATCH", token, json: { grantedScopes } })).status).toBe(200);
  return client;
}

/** A token that names `admin:orgs`, of an agent that was an admin when it got the token and is a member now. */
export async function demotedToken(organization: Pick<Organization, "token" | "organizationId">): Promise<string> {
  const client = await newAdmin(organization);
  const token = await tokenFor(client, { scope: "admin:orgs agents:read agents:write" });
  const json = { agentId: client.agentId, role: "member" };
  const path = `/api/v1/organizations/${organization.organizationId}/members`;
  expect((await call(path, { token: organization.token, json })).status).toBe(201);
  return token;
}

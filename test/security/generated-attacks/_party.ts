/** An organization with agents of each kind and one of each thing, and what is private in it. */
import { expect } from "vitest";
import {
  type Answer,
  type Body,
  type Client,
  call,
  newAdmin,
  newClient,
  type Organization,
} from "../../support/api.ts";
import { newSource } from "../_presentable.ts";

export type Agent = Client & { readonly agentId: string; readonly credentialId: string };

/** The agents that are no admins, with what they hold. */
export const members = {
  /** Holds much. Its tokens are stolen. */
  wide: {
    capabilities: ["payroll:write", "resume:read"],
    grantedScopes: [
      "agents:read",
      "agents:write",
      "tokens:read",
      "delegations:write",
      "audit:read",
      "webhooks:read",
      "webhooks:write",
    ],
  },
  /** Holds no more than `member` may grant. */
  narrow: { capabilities: ["resume:read"], grantedScopes: ["agents:read"] },
  /** Holds one platform scope, and a capability that a token with this scope does not carry. */
  lone: { capabilities: ["payroll:write"], grantedScopes: ["agents:read"] },
  member: { capabilities: ["resume:read"], grantedScopes: ["agents:read", "agents:write", "delegations:write"] },
  /** Belongs to the thief: whoever is lent something can use it only as an agent of the organization. */
  accomplice: { capabilities: ["calendar:read"], grantedScopes: ["agents:read"] },
} as const;

export type AgentName = keyof typeof members | "owner" | "deputy";
export const agentNames = [...Object.keys(members), "owner", "deputy"] as readonly AgentName[];

/** Ids that belong together, by the names of path parameters. */
export type Ids = Readonly<Record<string, string>>;

export interface Party extends Organization {
  readonly agents: Readonly<Record<AgentName, Agent>>;
  /** The identifier of each resource. `open` takes every capability of the own organization. */
  readonly resources: Readonly<Record<"payroll" | "resumes" | "open", string>>;
  /** The ids of each thing. */
  readonly ids: readonly Ids[];
  /** A text in everything of this organization that is private. */
  readonly secretText: string;
}

const scopesOf = (...names: readonly string[]) => names.map((name) => ({ name, description: "" }));

async function made(answer: Promise<Answer>, status = 201): Promise<Body> {
  const { status: got, text, body } = await answer;
  expect([got, got === status ? "" : text]).toEqual([status, ""]);
  return body;
}

/** Asks for a token, with a secret or with what the form has; each request comes from a network of its own. */
export const signIn = (client: Client | null, form: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  call("/api/v1/token", {
    ...(client ? { basic: client } : {}),
    form: { grant_type: "client_credentials", ...form },
    headers: { "CF-Connecting-IP": newSource() },
  });

/** An API of which the agents of `partner` may have `resume:read`; answers with its identifier. */
export async function newResumes(
  { token, slug, secretText }: Pick<Party, "token" | "slug" | "secretText">,
  partner: Organization,
): Promise<string> {
  const json = {
    identifier: `urn:agentidp:${slug}:resumes-of-${partner.slug}`,
    name: secretText,
    scopes: scopesOf("resume:read", "resume:write"),
    allowedOrganizations: [{ organizationId: partner.organizationId, scopes: ["resume:read"] }],
  };
  return (await made(call("/api/v1/resources", { token, json }))).identifier;
}

/** Fills an organization. Its `resumes` takes `resume:read` of `partner`'s agents. */
export async function newParty(organization: Organization, partner: Organization): Promise<Party> {
  const { token, slug, organizationId } = organization;
  const secretText = `private-of-${slug}-alone`;
  const post = (path: string, json: unknown) => made(call(path, { token, json }));
  const ids: Ids[] = [{ orgId: organizationId }];
  const agents: Record<string, Agent> = { owner: organization };
  for (const [name, holds] of Object.entries(members)) {
    const email = `${secretText}-${name}@example.com`;
    agents[name] = await newClient(token, { ...holds, email, description: `${secretText}: ${name}` });
  }
  agents.deputy = await newAdmin(organization);
  for (const { agentId, credentialId } of Object.values(agents)) {
    ids.push({ orgId: organizationId, slug, agentId, credentialId });
  }
  const { agentId = "" } = agents.lone ?? {};
  const resources = {
    payroll: { scopes: scopesOf("payroll:read", "payroll:write") },
    open: {},
  };
  const identifiers: Record<string, string> = { resumes: await newResumes({ ...organization, secretText }, partner) };
  for (const [name, fields] of Object.entries(resources)) {
    const identifier = `urn:agentidp:${slug}:${name}`;
    const { resourceId } = await post("/api/v1/resources", { identifier, name: secretText, ...fields });
    identifiers[name] = identifier;
    ids.push({ resourceId });
  }
  const policy = { provider: "github", repository: `acme/${secretText}`, branch: "main", agentId };
  const partnership = { name: secretText, issuer: "https://idp.example.com" };
  const hook = { name: secretText, url: "http://localhost:9/hook", events: ["agent.created"] };
  const lent = { delegateeAgentId: agentId, scopes: ["agents:read"], ttlSeconds: 600 };
  const webhookId = (await post("/api/v1/webhooks", hook)).id;
  const log = await made(call("/api/v1/audit?limit=1", { token }), 200);
  const domain = await post(`/api/v1/organizations/${organizationId}/domains`, { domain: `${slug}.test` });
  const test = await call(`/api/v1/webhooks/${webhookId}/test`, { method: "POST", token });
  const { clientId, clientSecret } = organization;
  const ofConsole = { json: { clientId, clientSecret }, headers: { "Sec-Fetch-Site": "same-origin" } };
  ids.push(
    { policyId: (await post("/api/v1/oidc/trust-policies", policy)).policyId },
    { partnerId: (await post("/api/v1/federation/trust", partnership)).partnerId },
    { chainId: (await post("/api/v1/oauth2/token/delegate", lent)).chainId },
    { webhookId, deliveryId: test.body.id },
    { orgId: organizationId, domain: domain.domain },
    { eventId: log.data[0].eventId },
    { id: (await made(call("/console/session", ofConsole))).sessionId },
  );
  return {
    ...organization,
    agents: agents as Party["agents"],
    resources: identifiers as Party["resources"],
    ids,
    secretText,
  };
}

/** What scenarios start with, made by plain HTTP past the proxy, so that no library makes what it is judged by. */
import { generateKeyPairSync, randomUUID } from "node:crypto";

export interface Client {
  readonly agentId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** An agent of the organization, registered with `agents:read`, `agents:write` and `audit:read`. */
export interface AgentFixture extends Client {
  readonly email: string;
  readonly credentialId: string;
  readonly privateKeyJwk?: Readonly<Record<string, unknown>>;
}

export interface Fixtures {
  readonly admin: Client;
  readonly organizationId: string;
  readonly agent: AgentFixture;
  readonly other: AgentFixture;
  readonly keyAgent: AgentFixture;
}

type Json = Readonly<Record<string, unknown>>;

async function requested(url: string, init: RequestInit): Promise<Json> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

const json = (token: string, body: unknown): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify(body),
});

export async function tokenOf(service: string, { clientId, clientSecret }: Client, scope?: string): Promise<string> {
  const answer = await requested(`${service}/api/v1/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...(scope ? { scope } : {}) }),
  });
  return String(answer.access_token);
}

/** One enterprise organization, in which nothing is counted out. */
export async function newOrganization(
  service: string,
  operator: Client,
  name: string,
): Promise<Pick<Fixtures, "admin" | "organizationId">> {
  const token = await tokenOf(service, operator, "admin:orgs");
  const body = { name, slug: name, adminEmail: `admin@${name}.example`, planTier: "enterprise" };
  const { organizationId, admin } = await requested(`${service}/api/v1/organizations`, json(token, body));
  return { organizationId: String(organizationId), admin: admin as Client };
}

/** The operator's organization and its admin. */
export async function setUpService(service: string, setupToken: string): Promise<Client> {
  const { admin } = await requested(
    `${service}/api/v1/setup`,
    json(setupToken, { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" }),
  );
  return admin as Client;
}

const grantedScopes = [
  "agents:read",
  "agents:write",
  "tokens:read",
  "delegations:write",
  "audit:read",
  "webhooks:read",
  "webhooks:write",
];

/** A new agent with a credential, and a key of its own where it signs in with one. */
export async function newAgent(service: string, admin: Client, withKey = false): Promise<AgentFixture> {
  const token = await tokenOf(service, admin, "admin:orgs agents:write agents:read");
  const pair = withKey ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : null;
  const publicKeyJwk = pair ? { ...pair.publicKey.export({ format: "jwk" }), kid: "1" } : undefined;
  const email = `agent-${randomUUID()}@suite.example`;
  const agent = await requested(
    `${service}/api/v1/agents`,
    json(token, {
      email,
      agentType: "screener",
      version: "1.0.0",
      capabilities: ["resume:read"],
      owner: "suite",
      deploymentEnv: "development",
      grantedScopes,
      ...(publicKeyJwk ? { publicKeyJwk } : {}),
    }),
  );
  const agentId = String(agent.agentId);
  const credential = await requested(`${service}/api/v1/agents/${agentId}/credentials`, json(token, {}));
  return {
    agentId,
    email,
    clientId: agentId,
    credentialId: String(credential.credentialId),
    clientSecret: String(credential.clientSecret),
    ...(pair ? { privateKeyJwk: { ...pair.privateKey.export({ format: "jwk" }), kid: "1" } } : {}),
  };
}

/** What another caller does to an agent in the middle of a scenario. */
export async function actOn(
  service: string,
  { admin, operator }: Pick<Fixtures, "admin"> & { readonly operator: Client },
  action: string,
  target: Readonly<Record<string, string>>,
): Promise<Json> {
  const token = await tokenOf(service, admin, "admin:orgs agents:write agents:read tokens:read");
  switch (action) {
    case "suspend":
      return requested(`${service}/api/v1/agents/${target.agentId}`, {
        ...json(token, { status: "suspended" }),
        method: "PATCH",
      });
    case "revokeToken": {
      const body = new URLSearchParams({ token: target.token ?? "" });
      return requested(`${service}/api/v1/token/revoke`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body,
      });
    }
    case "revokeDelegation":
      return requested(`${service}/api/v1/oauth2/token/delegate/${target.chainId}`, {
        ...json(token, undefined),
        method: "DELETE",
      });
    case "rotateKeys":
      return requested(`${service}/api/v1/keys/rotate`, json(await tokenOf(service, operator, "admin:orgs"), {}));
    case "register":
      return { ...(await newAgent(service, admin)) };
    default:
      throw new Error(`The suite cannot ${action}.`);
  }
}

/** Agents, credentials and what belongs to them, as the API has them: filled with what breaks layouts. */
import { idOf } from "./_answers.ts";

export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

/** A mark that turns what follows it from right to left, and is never closed. */
export const turned = "\u202eabc";
export const markup = '<img src=x onerror="alert(1)">';

export const agent = (number: number, fields: Record<string, unknown> = {}) => ({
  agentId: idOf(number),
  organization_id: idOf(2),
  email: `agent-${number}@acme.example`,
  agentType: "screener",
  version: "1.4.0",
  capabilities: ["resume:read", "resume:score"],
  owner: "talent-team",
  deploymentEnv: "production",
  description: null,
  grantedScopes: ["agents:read", "delegations:write"],
  isPublic: false,
  dpopRequired: false,
  idTokenSignedResponseAlg: "RS256",
  publicKeyJwk: { kty: "EC", crv: "P-256", x: "x", y: "y" },
  did: `did:web:idp.example.com:agents:${idOf(number)}`,
  status: "active",
  createdAt: ago(86_400 * number),
  updatedAt: ago(3600),
  ...fields,
});

/** As far as the API lets a text go. */
export const hostileAgent = agent(7, {
  email: `${"long".repeat(15)}@${"label.".repeat(20)}example`,
  owner: `${markup}${turned}${"x".repeat(90)}`,
  description: `${markup}\n${turned}\n${"word".repeat(240)}`,
  version: `1.0.0-${"a".repeat(58)}`,
  capabilities: Array.from({ length: 64 }, (_, index) => `${"resource".repeat(6)}${index}:read`),
});

export const credential = (number: number, fields: Record<string, unknown> = {}) => ({
  credentialId: idOf(number),
  clientId: idOf(7),
  status: "active",
  createdAt: ago(86_400 * number),
  expiresAt: null,
  lastUsedAt: ago(600),
  revokedAt: null,
  ...fields,
});

export const delegation = (number: number, fields: Record<string, unknown> = {}) => ({
  chainId: idOf(number),
  delegatorAgentId: idOf(7),
  delegateeAgentId: idOf(number),
  scopes: ["agents:read"],
  issuedAt: ago(60),
  expiresAt: ago(-3600),
  status: "active",
  revokedAt: null,
  ...fields,
});

export const event = (number: number, fields: Record<string, unknown> = {}) => ({
  eventId: idOf(number),
  sequence: number,
  organizationId: idOf(2),
  agentId: idOf(7),
  action: "token.issued",
  outcome: "success",
  actor: { agentId: idOf(7), ip: "2001:db8:85a3::8a2e:370:7334", userAgent: markup },
  target: idOf(7),
  details: { note: markup },
  timestamp: ago(number),
  previousHash: "0".repeat(64),
  hash: "1".repeat(64),
  ...fields,
});

export const policy = (number: number, fields: Record<string, unknown> = {}) => ({
  policyId: idOf(number),
  organization_id: idOf(2),
  createdAt: ago(3600),
  provider: "github",
  agentId: idOf(7),
  repository: `acme/${"r".repeat(100)}`,
  branch: `${turned}/main`,
  ...fields,
});

export const pageOf = (...data: readonly unknown[]) => ({ data, nextCursor: null });

/** A page of delegations; of the agents the texts that break layouts are known, and not all. */
export const delegationsOf = (...data: readonly unknown[]) => ({
  ...pageOf(...data),
  agents: { [idOf(7)]: { email: hostileAgent.email }, [idOf(1)]: { email: "admin@operator.example" } },
});

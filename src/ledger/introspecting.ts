/** Introspection (RFC 7662): who may know of a token, and whether it is active at this moment. */
import type { DomainEvent } from "../events/catalogue.ts";
import { activeSubject } from "./active.ts";
import type { IntrospectedToken, IntrospectingAgent } from "./contract.ts";
import type { Parts } from "./parts.ts";
import { type Resource, scopesFor } from "./resources.ts";
import { issueMsOf } from "./revocations.ts";

/**
 * The latest moment at which the token can have been issued, by the clock. The time in its id is precise, but after a step of the
 * clock ahead of it.
 */
const issuedByMs = ({ facts: { tokenId }, issuedAt }: IntrospectedToken): number =>
  Math.min(issueMsOf(tokenId), issuedAt * 1000 + 999);

/**
 * Whether a resource accepts a token at this moment: it is active, it lets the organization have every scope of the token, and it
 * was registered before the token was issued. An earlier token can be one of a former owner of the identifier.
 */
function accepts(resource: Resource, token: IntrospectedToken, nowMs: number): boolean {
  const scopes = scopesFor(resource, token.organizationId, token.scopes, nowMs);
  const isComplete = scopes !== null && scopes.length === token.scopes.length;
  return isComplete && issuedByMs(token) >= resource.createdAt && (token.isBound || !resource.requireDpop);
}

/** Whether a resource of this organization accepts the token. */
export async function acceptsToken(
  { resources, organizationId }: Pick<Parts, "resources" | "organizationId">,
  token: IntrospectedToken,
): Promise<boolean> {
  const nowMs = Date.now();
  const resource = token.key === null ? null : await resources.find(organizationId, token.key, nowMs);
  return resource?.organizationId === organizationId && accepts(resource, token, nowMs);
}

/** Whether the agent may know of the token: its own, one for a resource that it serves, or with `tokens:read` more. */
function mayIntrospect(
  organizationId: Parts["organizationId"],
  { agentId, readsTokens }: IntrospectingAgent,
  token: IntrospectedToken,
  resource: Resource | null,
): boolean {
  const isParty = [token.subjectAgentId, token.facts.agentId].includes(agentId);
  const isOwnToken = token.organizationId === organizationId && (isParty || readsTokens);
  const isOwnResource = resource?.organizationId === organizationId;
  return isOwnToken || (isOwnResource && (readsTokens || resource.servers.includes(agentId)));
}

/** Decides on a token, and appends the event to the chain of the agent's organization. */
export async function introspect(
  parts: Parts,
  agent: IntrospectingAgent,
  token: IntrospectedToken | null,
  event: DomainEvent,
): Promise<{ readonly active: boolean }> {
  const { organizationId, resources, chain } = parts;
  const resource = token?.key ? await resources.find(organizationId, token.key, Date.now()) : null;
  const isKnown = token !== null && mayIntrospect(organizationId, agent, token, resource);
  const active = isKnown && (await isActive(parts, token)) && (await isAccepted(parts, token, resource));
  const described = isKnown ? event : { ...event, agentId: null, target: null, details: {} };
  chain.append({ ...described, details: { ...described.details, active } });
  await parts.settled();
  return { active };
}

async function isActive(parts: Parts, { organizationId, facts }: IntrospectedToken): Promise<boolean> {
  if (organizationId !== parts.organizationId) return parts.ledgerOf(organizationId).isActive(facts);
  return (await activeSubject(parts, facts)) !== null;
}

async function isAccepted(parts: Parts, token: IntrospectedToken, resource: Resource | null): Promise<boolean> {
  if (token.key === null) return true;
  if (resource === null) return false;
  if (resource.organizationId === parts.organizationId) return accepts(resource, token, Date.now());
  return parts.ledgerOf(resource.organizationId).acceptsToken(token);
}

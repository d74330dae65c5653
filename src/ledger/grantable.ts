/** The one answer to "which scopes may an agent be granted for this API?": for tokens, for delegations, and for their exchange. */
import { capabilitiesOf, platformScopesOf } from "../access/scopes.ts";
import type { OrganizationId, Scope } from "../platform/ids.ts";
import type { Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import { type Resource, scopesFor } from "./resources.ts";

/** The API of a token: a resource, or this service (null). */
export interface Api {
  readonly resource: Resource | null;
}

/** What an agent holds, or what a delegation lends of it. */
export interface Holdings {
  readonly platformScopes: readonly Scope[];
  readonly capabilities: readonly Scope[];
}

/** What the agent holds at this moment. */
export const holdingsOf = ({ agent }: Pick<Principal, "agent">): Holdings => ({
  platformScopes: platformScopesOf(agent),
  capabilities: capabilitiesOf(agent),
});

/**
 * The API with this identifier.
 *
 * @param key the identifier in its form for comparison; null for this service
 * @returns null for an identifier that no organization has registered
 */
export async function findApi(
  { organizationId, resources }: Pick<Parts, "organizationId" | "resources">,
  key: string | null,
  nowMs: number,
): Promise<Api | null> {
  if (key === null) return { resource: null };
  const resource = await resources.find(organizationId, key, nowMs);
  return resource && { resource };
}

/**
 * The scopes that a token for the API can have: platform scopes for this service, capabilities for a resource.
 *
 * @returns null when the organization may have no token for the API
 */
export function grantableFor(
  { resource }: Api,
  organizationId: OrganizationId,
  { platformScopes, capabilities }: Holdings,
  nowMs: number,
): readonly Scope[] | null {
  return resource === null ? platformScopes : scopesFor(resource, organizationId, capabilities, nowMs);
}

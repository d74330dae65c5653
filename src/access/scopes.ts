/** The scopes that the platform itself defines, one file a wing in `scopes/`. Every other scope is a capability of an agent. */
import type { Scope } from "../platform/ids.ts";
import { identityScopes } from "./scopes/identity.ts";
import { tenancyScopes } from "./scopes/tenancy.ts";

const grantable = { ...identityScopes, ...tenancyScopes };
const meanings = { ...grantable, openid: "Get an id_token beside the access token" };

export type PlatformScope = keyof typeof meanings;

/** What each scope allows, for the OpenAPI document. */
export const platformScopeMeanings: Readonly<Record<PlatformScope, string>> = meanings;

/** Every scope of the platform, in the order of the documents that list them. */
export const platformScopes = Object.keys(meanings) as readonly PlatformScope[];

/** The scopes recorded in `grantedScopes`. Every agent may request `openid`, which needs no record. */
export const grantableScopes = Object.keys(grantable) as readonly (keyof typeof grantable)[];

const platformScopeNames: ReadonlySet<string> = new Set(platformScopes);

export function isPlatformScope(scope: string): scope is PlatformScope & Scope {
  return platformScopeNames.has(scope);
}

/** Scopes that a token carries only when the request names them. */
const namedOnly: ReadonlySet<string> = new Set<PlatformScope>(["openid", "admin:orgs", "delegations:write"]);

/** Whether a token carries the scope only when the request names it. */
export const isNamedOnly = (scope: string): boolean => namedOnly.has(scope);

/** Scopes for routes that a delegated caller may not use: lent, they would open nothing. */
const neverLent: ReadonlySet<string> = new Set<PlatformScope>([
  "agents:write",
  "webhooks:write",
  "admin:orgs",
  "delegations:write",
  "openid",
]);

/** Whether the scope of the platform, or the capability, can be part of a delegation. */
export const isLendable = (scope: string): boolean => !neverLent.has(scope);

/** Words that begin the names of the platform's scopes, including those of later wings. No new capability begins with one. */
const reservedPrefixes: ReadonlySet<string> = new Set([
  "agents",
  "tokens",
  "audit",
  "webhooks",
  "admin",
  "delegations",
  "tasks",
  "tools",
  "workflows",
  "messages",
]);

/** Whether the name is reserved for a scope of the platform, present or future. */
export const isReservedScope = (name: string): boolean =>
  platformScopeNames.has(name) || reservedPrefixes.has(name.split(":")[0] ?? "");

/** What a rule needs to know of an agent to say which scopes it may have. */
export interface ScopeHolder {
  readonly role: "member" | "admin" | null;
  readonly capabilities: readonly Scope[];
  readonly grantedScopes: readonly Scope[];
}

/**
 * The platform scopes that an agent's token can carry. They come from `grantedScopes` alone, whatever the names of the agent's
 * capabilities. Only an admin has `admin:orgs`.
 */
export function platformScopesOf({ role, grantedScopes }: Omit<ScopeHolder, "capabilities">): Scope[] {
  const held = grantedScopes.filter((scope) => isPlatformScope(scope) && (scope !== "admin:orgs" || role === "admin"));
  return [...held, "openid" as Scope];
}

/** The capabilities that an agent's token can carry: all but those with a reserved name, which an old agent can have. */
export function capabilitiesOf({ capabilities }: Pick<ScopeHolder, "capabilities">): Scope[] {
  return capabilities.filter((capability) => !isReservedScope(capability));
}

export function hasScope({ scopes }: { readonly scopes: readonly Scope[] }, scope: PlatformScope): boolean {
  return (scopes as readonly string[]).includes(scope);
}

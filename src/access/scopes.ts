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

/** The first words of the platform's scopes, those of later wings too. No capability may begin with one. */
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

export function hasScope({ scopes }: { readonly scopes: readonly Scope[] }, scope: PlatformScope): boolean {
  return (scopes as readonly string[]).includes(scope);
}

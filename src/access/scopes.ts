/** The scopes that the platform itself defines. Every other scope is a capability of some agent. */
import type { Scope } from "../platform/ids.ts";

export const platformScopes = [
  "agents:read",
  "agents:write",
  "tokens:read",
  "audit:read",
  "webhooks:read",
  "webhooks:write",
  "admin:orgs",
  "openid",
] as const;

export type PlatformScope = (typeof platformScopes)[number];

/** What a scope allows, for the OpenAPI document. */
export const platformScopeMeanings: Readonly<Record<PlatformScope, string>> = {
  "agents:read": "Read agents and their credentials' metadata",
  "agents:write": "Register, change and decommission agents; manage their credentials and trust policies",
  "tokens:read": "Introspect tokens",
  "audit:read": "Read and verify the audit log",
  "webhooks:read": "See webhook subscriptions and deliveries",
  "webhooks:write": "Manage webhook subscriptions and deliveries",
  "admin:orgs": "Manage the organization, its members and federation partners",
  openid: "Get an id_token beside the access token",
};

/** The scopes recorded in `grantedScopes`; `openid` needs no record, every agent may ask for it. */
export const grantableScopes = platformScopes.filter((scope) => scope !== "openid");

export function isPlatformScope(scope: string): scope is PlatformScope & Scope {
  return (platformScopes as readonly string[]).includes(scope);
}

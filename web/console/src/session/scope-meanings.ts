/** What each platform scope allows. */
import type { PlatformScope } from "../api/schema.ts";

export const scopeMeanings: Readonly<Record<PlatformScope, string>> = {
  "agents:read": "Read agents, resources and the metadata of credentials",
  "agents:write": "Register, change and decommission agents; manage their credentials and trust policies",
  "tokens:read": "Introspect tokens",
  "delegations:write": "Lend capabilities for a resource",
  "audit:read": "Read and verify the audit log",
  "webhooks:read": "See webhook subscriptions and deliveries",
  "webhooks:write": "Manage webhook subscriptions and deliveries",
  "admin:orgs": "Manage the organization, its members, domains, resources and federation partners",
};

/** The scopes of the wing `identity/`, each with what it allows. */
export const identityScopes = {
  "agents:read": "Read agents, resources and the metadata of credentials",
  "agents:write": "Register, change and decommission agents; manage their credentials and trust policies",
  "tokens:read": "Introspect tokens",
  "delegations:write": "Lend capabilities for a resource",
} as const;

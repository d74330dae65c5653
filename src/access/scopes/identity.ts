/** The scopes of the wing `identity/`, each with what it allows. */
export const identityScopes = {
  "agents:read": "Read agents and their credentials' metadata",
  "agents:write": "Register, change and decommission agents; manage their credentials and trust policies",
  "tokens:read": "Introspect tokens",
} as const;

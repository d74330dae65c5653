/** The scopes of the wing `tenancy/`, each with what it allows. */
export const tenancyScopes = {
  "audit:read": "Read and verify the audit log",
  "webhooks:read": "See webhook subscriptions and deliveries",
  "webhooks:write": "Manage webhook subscriptions and deliveries",
  "admin:orgs": "Manage the organization, its members, domains, resources and federation partners",
} as const;

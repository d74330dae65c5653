/** The closed sets of values that columns hold, and the wire with them. */
export const planTiers = ["free", "pro", "enterprise"] as const;
export const organizationStatuses = ["active", "suspended", "deleted"] as const;
export const agentTypes = [
  "screener",
  "classifier",
  "orchestrator",
  "extractor",
  "summarizer",
  "router",
  "monitor",
  "custom",
] as const;
export const agentStatuses = ["active", "suspended", "decommissioned"] as const;
export const agentRoles = ["member", "admin"] as const;
export const deploymentEnvs = ["development", "staging", "production"] as const;
export const signingKeyStates = ["next", "current", "previous", "retired"] as const;
export const signingAlgs = ["ES256", "RS256"] as const;
export const statusClasses = ["2xx", "3xx", "4xx", "5xx"] as const;
export const trustProviders = ["github", "oidc"] as const;
export const deliveryStatuses = ["pending", "delivered", "failed", "dead_letter"] as const;

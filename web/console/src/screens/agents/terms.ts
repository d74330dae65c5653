/** The values of an agent's fields, as the API has them, and how the screens call them. */
import type { AgentStatus, AgentType, DeploymentEnv } from "../../api/schema.ts";

export const statuses = ["active", "suspended", "decommissioned"] as const satisfies readonly AgentStatus[];

export const agentTypes = [
  "screener",
  "classifier",
  "orchestrator",
  "extractor",
  "summarizer",
  "router",
  "monitor",
  "custom",
] as const satisfies readonly AgentType[];

export const environments = ["development", "staging", "production"] as const satisfies readonly DeploymentEnv[];

/** "active" as a choice: "Active" */
export const choicesOf = (values: readonly string[]) =>
  values.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) }));

/** The enums of the document that the schemas of several rooms have. */
import { agentRoles, agentStatuses, agentTypes, deploymentEnvs, idTokenAlgs, planTiers } from "../db/schema.ts";
import { enumeration } from "./components.ts";

export const agentTypeSchema = enumeration("AgentType", agentTypes);
export const agentStatusSchema = enumeration("AgentStatus", agentStatuses);
export const deploymentEnvSchema = enumeration("DeploymentEnv", deploymentEnvs);
export const idTokenAlgSchema = enumeration("IdTokenAlg", idTokenAlgs);
export const memberRoleSchema = enumeration("MemberRole", agentRoles);
export const planTierSchema = enumeration("PlanTier", planTiers);

/** The statuses that a change of an agent or an organization can name. */
export const settableStatusSchema = enumeration(
  "SettableStatus",
  ["active", "suspended"],
  "must be active or suspended",
);

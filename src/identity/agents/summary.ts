/** The numbers of an organization's agents. */
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { agentStatuses, agentTypes, deploymentEnvs } from "../../platform/db/schema.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { expiringSoonMs } from "../credentials/service.ts";
import type { AgentSummary } from "./schema.ts";
import { countAgents } from "./store.ts";

/**
 * Counts the agents of the caller's organization, decommissioned ones included, by each of their closed fields. The agents without a
 * way to sign in, and the credentials that expire within 7 days, are those of agents that are not decommissioned: as in the metric
 * `agentidp_credentials_expiring_soon`. One query.
 */
export async function summarizeAgents(context: Context, { organizationId }: Caller): Promise<Result<AgentSummary>> {
  const groups = await countAgents(context, organizationId, context.now(), expiringSoonMs);
  type Group = (typeof groups)[number];
  const sum = (of: "agents" | "withoutCredential" | "credentialsExpiringSoon", among: readonly Group[] = groups) =>
    among.reduce((total, group) => total + group[of], 0);
  const by = <Value extends string>(field: "status" | "agentType" | "deploymentEnv", values: readonly Value[]) =>
    Object.fromEntries(
      values.map((value) => [
        value,
        sum(
          "agents",
          groups.filter((group) => group[field] === value),
        ),
      ]),
    ) as Record<Value, number>;
  return ok({
    total: sum("agents"),
    byStatus: by("status", agentStatuses),
    byType: by("agentType", agentTypes),
    byDeploymentEnv: by("deploymentEnv", deploymentEnvs),
    withoutCredential: sum("withoutCredential"),
    credentialsExpiringSoon: sum("credentialsExpiringSoon"),
  });
}

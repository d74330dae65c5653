/** Agent cards: the public description of an agent. Pure. */
import type { agents } from "../../platform/db/schema.ts";
import { isoOf } from "../../platform/time.ts";
import { agentDid } from "./names.ts";
import type { AgentCard } from "./schema.ts";

type Described = Pick<
  typeof agents.$inferSelect,
  "id" | "email" | "agentType" | "capabilities" | "owner" | "version" | "deploymentEnv" | "createdAt"
>;

/** The card of an agent. */
export function agentCard(issuer: string, agent: Described): AgentCard {
  return {
    did: agentDid(issuer, agent.id),
    name: agent.email,
    agentType: agent.agentType,
    capabilities: [...agent.capabilities],
    owner: agent.owner,
    version: agent.version,
    deploymentEnv: agent.deploymentEnv,
    identityProvider: issuer,
    issuedAt: isoOf(agent.createdAt),
  };
}

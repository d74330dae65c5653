/** Agent cards: the public description of an agent. Pure. */
import type { agents } from "../../platform/db/schema.ts";
import { isoOf } from "../../platform/time.ts";
import { agentDid } from "./names.ts";
import type { AgentCard } from "./schema.ts";

type Described = Pick<
  typeof agents.$inferSelect,
  "id" | "email" | "agentType" | "capabilities" | "owner" | "version" | "deploymentEnv" | "createdAt"
>;

/** The owner for documents that are public; null when it holds an e-mail address, which is a person's. */
export const publicOwner = (owner: string): string | null => (owner.includes("@") ? null : owner);

/** The card of an agent for its own organization. */
export function agentCard(issuer: string, agent: Described): AgentCard & { readonly owner: string } {
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

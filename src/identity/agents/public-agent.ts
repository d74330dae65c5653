/** The wire form of an agent, for answers and for events. */
import type { Context } from "../../platform/context.ts";
import { isoOf } from "../../platform/time.ts";
import { agentDid } from "../dids/service.ts";
import type { Agent, AgentEventData } from "./schema.ts";
import type { AgentRecord } from "./store.ts";

/** The wire form of an agent. */
export function publicAgent({ settings }: Pick<Context, "settings">, agent: AgentRecord): Agent {
  return {
    agentId: agent.id,
    organization_id: agent.organizationId,
    email: agent.email,
    agentType: agent.agentType,
    version: agent.version,
    capabilities: [...agent.capabilities],
    owner: agent.owner,
    deploymentEnv: agent.deploymentEnv,
    description: agent.description,
    grantedScopes: [...agent.grantedScopes],
    isPublic: agent.isPublic,
    dpopRequired: agent.dpopRequired,
    idTokenSignedResponseAlg: agent.idTokenSignedResponseAlg,
    publicKeyJwk: agent.publicKeyJwk,
    did: agentDid(settings.issuer, agent.id),
    status: agent.status,
    createdAt: isoOf(agent.createdAt),
    updatedAt: isoOf(agent.updatedAt),
  };
}

/** The `data` of an agent's events: its public fields without the key, which is in its DID document. */
export function eventData(context: Context, agent: AgentRecord): AgentEventData {
  const { publicKeyJwk: _, ...fields } = publicAgent(context, agent);
  return fields;
}

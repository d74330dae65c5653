/** A new agent that is not stored yet: for its registration, and for the batch that stores an organization. */

import { tierLimits } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import type { PublicJwk } from "../../platform/crypto/jwk.ts";
import { type AgentId, newId } from "../../platform/ids.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { newAgentKey } from "./keys.ts";
import { eventData } from "./public-agent.ts";
import { type AgentRecord, type AgentRow, insertAgent, insertKeyIfChanged } from "./store.ts";

const tierMaximum = {
  free: tierLimits.free.maxAgents,
  pro: tierLimits.pro.maxAgents,
  enterprise: tierLimits.enterprise.maxAgents,
};

/** An agent that is not stored yet. */
export interface PreparedAgent {
  readonly agent: AgentRecord;
  /** Stores the agent, if its organization is active and has room for it, and then its key. They follow each other in a batch. */
  readonly statements: readonly [ReturnType<typeof insertAgent>, ReturnType<typeof insertKeyIfChanged>];
  /** The fields of its event. */
  readonly created: ReturnType<typeof creationOf>;
}

function creationOf(context: Context, agent: AgentRecord) {
  const { id, organizationId, agentType, role, capabilities, grantedScopes } = agent;
  return {
    organizationId,
    action: "agent.created" as const,
    agentId: id,
    target: id,
    details: { agentType, role, capabilities, grantedScopes },
    data: eventData(context, agent),
  };
}

/**
 * Creates an active agent with its first key. Stores nothing.
 *
 * @param publicKeyJwk the agent's own key; null: the service creates and stores one
 * @returns `VALIDATION_ERROR` for an own key that cannot verify anything
 */
export async function prepareAgent(
  context: Context,
  fields: Omit<AgentRow, "id" | "status" | "createdAt" | "updatedAt" | "erasedAt" | "clearedAt">,
  publicKeyJwk: PublicJwk | null,
): Promise<Result<PreparedAgent>> {
  const now = context.now();
  const id = newId<AgentId>(now);
  const made = await newAgentKey(context, id, 1, publicKeyJwk);
  if (!made.ok) return made;
  const key = made.value;
  const row: AgentRow = {
    ...fields,
    id,
    status: "active",
    createdAt: now,
    updatedAt: now,
    erasedAt: null,
    clearedAt: null,
  };
  const agent: AgentRecord = { ...row, publicKeyJwk: key.publicJwk, keyNumber: key.number };
  return ok({
    agent,
    statements: [insertAgent(context, row, tierMaximum), insertKeyIfChanged(context, key)],
    created: creationOf(context, agent),
  });
}

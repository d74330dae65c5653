/** What the log of version 0.1.0 says about the tokens that agents use. */

import type { DatabaseSync } from "node:sqlite";
import { isReservedScope } from "../../src/access/scopes.ts";

export interface Agent {
  readonly id: string;
  readonly email: string;
  readonly slug: string;
  readonly role: string | null;
  readonly capabilities: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** The tokens that an agent got for the same audiences with the same scopes. */
export interface Issued {
  readonly agent: Agent;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly tokens: number;
}

export interface Findings {
  readonly tokens: number;
  /** Milliseconds since the epoch; null without a token. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly issued: readonly Issued[];
  /** The agents that have delegated. */
  readonly delegators: readonly Agent[];
  readonly agents: readonly Agent[];
}

export const isCapability = (scope: string): boolean => !isReservedScope(scope);

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

/** Agents that can sign in or can be reactivated. */
function agentsOf(database: DatabaseSync): readonly Agent[] {
  const rows = database
    .prepare(
      `SELECT a.id, a.email, o.slug, a.role, a.capabilities, a.granted_scopes FROM agents a
       JOIN organizations o ON o.id = a.organization_id
       WHERE a.status <> 'decommissioned' AND o.status <> 'deleted' ORDER BY o.slug, a.email`,
    )
    .all();
  return rows.map((row) => ({
    id: String(row.id),
    email: String(row.email),
    slug: String(row.slug),
    role: row.role === null ? null : String(row.role),
    capabilities: JSON.parse(String(row.capabilities)),
    grantedScopes: JSON.parse(String(row.granted_scopes)),
  }));
}

/** Everything that the report says, from an export. Events of agents that are decommissioned are left out. */
export function findingsIn(database: DatabaseSync): Findings {
  const agents = agentsOf(database);
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  const issued = database
    .prepare(
      `SELECT agent_id, details ->> 'audience' AS audiences, coalesce(details ->> 'scope', '') AS scope,
         count(*) AS tokens, min(timestamp) AS first, max(timestamp) AS last
       FROM audit_events WHERE action = 'token.issued' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    )
    .all()
    .flatMap((row) => {
      const agent = byId.get(String(row.agent_id));
      if (!agent || row.audiences === null) return [];
      const { tokens, first, last, audiences, scope } = row;
      return [
        {
          agent,
          audiences: JSON.parse(String(audiences)) as string[],
          scopes: words(String(scope)),
          tokens: Number(tokens),
          firstMs: Number(first),
          lastMs: Number(last),
        },
      ];
    });
  const delegators = database
    .prepare("SELECT DISTINCT agent_id FROM audit_events WHERE action = 'delegation.created'")
    .all()
    .map(({ agent_id }) => String(agent_id));
  return {
    tokens: issued.reduce((sum, { tokens }) => sum + tokens, 0),
    firstMs: issued.length === 0 ? null : Math.min(...issued.map(({ firstMs }) => firstMs)),
    lastMs: issued.length === 0 ? null : Math.max(...issued.map(({ lastMs }) => lastMs)),
    issued,
    delegators: agents.filter(({ id }) => delegators.includes(id)),
    agents,
  };
}

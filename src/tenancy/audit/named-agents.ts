/**
 * The agents that events name, with their e-mail addresses as they are now. An event has no address: the log cannot be changed,
 * and an address must be erasable. The addresses stand beside the events, so that no hash covers them.
 */
import type { AuditEvent } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import type { NamedAgents } from "./schema.ts";
import { findEmails } from "./store.ts";

/** The agents that the events are about, and those that acted. */
function idsIn(events: readonly AuditEvent[]): Set<AgentId> {
  return new Set(events.flatMap(({ agentId, actor }) => [agentId, actor.agentId]).filter((id) => id !== null));
}

/** Those of the ids that are agents of the organization, with their e-mail addresses. */
export async function agentsNamed(
  context: Context,
  organizationId: OrganizationId,
  ids: Iterable<AgentId>,
): Promise<NamedAgents> {
  const emails = await findEmails(context, organizationId, [...new Set(ids)]);
  return Object.fromEntries([...emails].map(([agentId, email]) => [agentId, { email }]));
}

/** The agents of the organization that the events name, by their ids. */
export const namedAgents = (context: Context, organizationId: OrganizationId, events: readonly AuditEvent[]) =>
  agentsNamed(context, organizationId, idsIn(events));

/** A line of an export beside its events. */
export interface AgentLine {
  readonly type: "agent";
  readonly agentId: AgentId;
  readonly email: string;
}

/** Adds a line for each agent of the organization after the page that names it first. */
export async function* withAgents(
  context: Context,
  organizationId: OrganizationId,
  pages: AsyncIterable<readonly AuditEvent[]>,
): AsyncGenerator<readonly (AuditEvent | AgentLine)[], void, void> {
  const seen = new Set<AgentId>();
  for await (const page of pages) {
    const unseen = [...idsIn(page)].filter((id) => !seen.has(id));
    for (const id of unseen) seen.add(id);
    const emails = await findEmails(context, organizationId, unseen);
    yield [...page, ...[...emails].map(([agentId, email]) => ({ type: "agent" as const, agentId, email }))];
  }
}

/** Which organization a client belongs to. */
import { eq } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agents, organizations } from "../../platform/db/schema.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../platform/ids.ts";

/** An agent never changes its organization and no id is used twice, so what is remembered here is never wrong. */
const organizationOfAgent = new Map<string, OrganizationId>();
const operators = new WeakMap<D1Database, OrganizationId>();
const mostRemembered = 10_000;

/** The organization of an agent, or null when there is no such agent. No I/O for a client that this isolate has seen before. */
export async function findOrganizationOfClient(context: Context, clientId: string): Promise<OrganizationId | null> {
  const known = organizationOfAgent.get(clientId);
  if (known) return known;
  const agentId = agentIdSchema.safeParse(clientId);
  if (!agentId.success) return null;
  const [row] = await context.db
    .select({ organizationId: agents.organizationId })
    .from(agents)
    .where(eq(agents.id, agentId.data as AgentId));
  if (!row) return null;
  if (organizationOfAgent.size >= mostRemembered) organizationOfAgent.clear();
  organizationOfAgent.set(clientId, row.organizationId);
  return row.organizationId;
}

/** The organization that runs the service, or null before set-up. Its ledger keeps the record of clients that nobody knows. */
export async function findOperator(context: Context): Promise<OrganizationId | null> {
  const known = operators.get(context.env.DB);
  if (known) return known;
  const [row] = await context.db
    .select({ id: organizations.id })
    .from(organizations)
    .where(eq(organizations.isOperator, true));
  if (row) operators.set(context.env.DB, row.id);
  return row?.id ?? null;
}

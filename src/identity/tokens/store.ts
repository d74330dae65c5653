/** Which organization a client belongs to. */
import { eq } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import type { Database } from "../../platform/db/client.ts";
import { findOperator } from "../../platform/db/organizations.ts";
import { agents } from "../../platform/db/schema.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../platform/ids.ts";

/** An agent never changes its organization and no id is used twice, so an entry is never wrong. */
const organizationOfAgent = new Map<string, OrganizationId>();
const operators = new WeakMap<Database, OrganizationId>();
const mostRemembered = 10_000;

/** The organization of an agent, or null when there is no such agent. No I/O for a client that this isolate has seen before. */
export async function findOrganizationOfClient(
  { db }: Pick<Context, "db">,
  clientId: string,
): Promise<OrganizationId | null> {
  const known = organizationOfAgent.get(clientId);
  if (known) return known;
  const agentId = agentIdSchema.safeParse(clientId);
  if (!agentId.success) return null;
  const [row] = await db
    .select({ organizationId: agents.organizationId })
    .from(agents)
    .where(eq(agents.id, agentId.data as AgentId));
  if (!row) return null;
  if (organizationOfAgent.size >= mostRemembered) organizationOfAgent.clear();
  organizationOfAgent.set(clientId, row.organizationId);
  return row.organizationId;
}

/** The operator's organization, or null before set-up. Its ledger keeps the record of unknown clients. No I/O but once. */
export async function organizationOfUnknownClients({ db }: Pick<Context, "db">): Promise<OrganizationId | null> {
  const id = operators.get(db) ?? (await findOperator({ db }));
  if (id) operators.set(db, id);
  return id;
}

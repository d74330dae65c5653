/** The query over the agents of an organization. */
import { and, count, eq, ne } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agents } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

/** The number of agents that count against the limit: suspended ones do, decommissioned ones do not. */
export async function countAgents({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<number> {
  const row = await db
    .select({ count: count() })
    .from(agents)
    .where(and(eq(agents.organizationId, organizationId), ne(agents.status, "decommissioned")))
    .get();
  return row?.count ?? 0;
}

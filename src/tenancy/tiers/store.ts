/** The query over the agents of an organization. */
import { and, eq, ne } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agents } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

/** The number of agents that count against the limit: suspended ones do, decommissioned ones do not. */
export async function countAgents({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<number> {
  return db.$count(agents, and(eq(agents.organizationId, organizationId), ne(agents.status, "decommissioned")));
}

/** Which organization a client belongs to. */
import { and, eq, isNull } from "drizzle-orm";
import QuickLRU from "quick-lru";
import type { Context } from "../../platform/context.ts";
import type { PublicJwk } from "../../platform/crypto/jwk.ts";
import { agentKeys, agents } from "../../platform/db/schema.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../platform/ids.ts";
import { isYounger } from "../../platform/time.ts";

/** An agent never changes its organization and no id is used twice, so an entry is never wrong. */
const organizationOfAgent = new Map<string, OrganizationId>();
const mostRemembered = 10_000;

/** When an id was looked up that does not exist, in milliseconds since the epoch. An agent may be registered at any moment. */
const unknownAtMs = new QuickLRU<string, number>({ maxSize: 5_000 });
const unknownForMs = 5_000;

/** The organization of an agent, or null when there is no such agent. No I/O for a client that this isolate has seen before. */
export async function findOrganizationOfClient(
  { db, now }: Pick<Context, "db" | "now">,
  clientId: string,
): Promise<OrganizationId | null> {
  const known = organizationOfAgent.get(clientId);
  if (known) return known;
  const agentId = agentIdSchema.safeParse(clientId);
  if (!agentId.success || isYounger(unknownAtMs.get(clientId) ?? Number.NEGATIVE_INFINITY, unknownForMs, now()))
    return null;
  const [row] = await db
    .select({ organizationId: agents.organizationId })
    .from(agents)
    .where(eq(agents.id, agentId.data as AgentId));
  if (!row) {
    unknownAtMs.set(clientId, now());
    return null;
  }
  if (organizationOfAgent.size >= mostRemembered) organizationOfAgent.clear();
  organizationOfAgent.set(clientId, row.organizationId);
  return row.organizationId;
}

interface ClientKey {
  readonly key: PublicJwk | null;
  readonly readAtMs: number;
}

const clientKeys = new QuickLRU<AgentId, ClientKey>({ maxSize: 500 });
/** How old a cached key may be. It serves the brake only; the ledger has the present key. */
const keyTrustedMs = 10_000;

/** The key that the agent registered and signs its assertions with; null for none. */
export async function findClientKey(
  { db, now }: Pick<Context, "db" | "now">,
  agentId: AgentId,
): Promise<PublicJwk | null> {
  const known = clientKeys.get(agentId);
  if (known && isYounger(known.readAtMs, keyTrustedMs, now())) return known.key;
  const [row] = await db
    .select({ publicJwk: agentKeys.publicJwk })
    .from(agentKeys)
    .where(and(eq(agentKeys.agentId, agentId), isNull(agentKeys.replacedAt), isNull(agentKeys.privateSealed)));
  const key = (row?.publicJwk ?? null) as PublicJwk | null;
  clientKeys.set(agentId, { key, readAtMs: now() });
  return key;
}

/** The queries of the agents room, each named after the question it answers or the change it makes. */
import { and, asc, count, desc, eq, exists, getTableColumns, gt, isNull, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import type { PublicJwk } from "../../platform/crypto/jwk.ts";
import { type Database, preparedOnce } from "../../platform/db/client.ts";
import { among, holdsText, insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { agentKeys, agents, organizations, type planTiers } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import type { Erased } from "./erased.ts";
import type { AgentList } from "./schema.ts";

export type AgentRow = typeof agents.$inferSelect;
export type AgentKey = typeof agentKeys.$inferSelect;

/** An agent with the public part of its present key, and that key's number: the N of `#key-N`. */
export type AgentRecord = AgentRow & { readonly publicKeyJwk: PublicJwk; readonly keyNumber: number };

/** What may change in an agent's row. */
export type AgentChange = Partial<
  Pick<
    AgentRow,
    | "email"
    | "version"
    | "capabilities"
    | "owner"
    | "deploymentEnv"
    | "description"
    | "grantedScopes"
    | "isPublic"
    | "dpopRequired"
    | "idTokenSignedResponseAlg"
    | "status"
    | "erasedAt"
    | "clearedAt"
  >
>;

const record = {
  ...getTableColumns(agents),
  // Only what passed publicJwkSchema is ever stored.
  publicKeyJwk: sql`${agentKeys.publicJwk}`.mapWith((json: string) => JSON.parse(json) as PublicJwk),
  keyNumber: agentKeys.number,
};

function records(db: Database) {
  const isPresent = and(eq(agentKeys.agentId, agents.id), isNull(agentKeys.replacedAt));
  return db.select(record).from(agents).innerJoin(agentKeys, isPresent);
}

const agentById = preparedOnce((db) =>
  records(db)
    .where(and(eq(agents.organizationId, sql.placeholder("organizationId")), eq(agents.id, sql.placeholder("agentId"))))
    .prepare(),
);

/** Which agent of the organization has this id? */
export async function findAgent(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentId: AgentId,
): Promise<AgentRecord | null> {
  const found = await agentById(db).get({ organizationId, agentId });
  return found ?? null;
}

/**
 * The first agents that pass the filter, in its order, after the one with this key.
 *
 * @param page `before` is the agent's id or its e-mail, as the order says
 */
export function listAgents(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  filter: Omit<AgentList, "cursor" | "limit">,
  page: { readonly before: string | null; readonly limit: number },
): Promise<AgentRecord[]> {
  const { owner, agentType, deploymentEnv, status, capability, search, sort } = filter;
  // An id begins with the time of its creation, and an e-mail is unique in its organization: each is a key by itself.
  const column = sort.endsWith("email") ? agents.email : agents.id;
  const [after, order] = sort.startsWith("-") ? [lt, desc] : [gt, asc];
  const conditions: (SQL | undefined)[] = [
    eq(agents.organizationId, organizationId),
    owner === undefined ? undefined : eq(agents.owner, owner),
    agentType && eq(agents.agentType, agentType),
    deploymentEnv && eq(agents.deploymentEnv, deploymentEnv),
    status && eq(agents.status, status),
    capability === undefined
      ? undefined
      : sql`EXISTS (SELECT 1 FROM json_each(${agents.capabilities}) WHERE value = ${capability})`,
    search === undefined ? undefined : or(holdsText(agents.email, search), holdsText(agents.owner, search)),
    page.before === null ? undefined : after(column, page.before),
  ];
  return records(db)
    .where(and(...conditions))
    .orderBy(order(column))
    .limit(page.limit);
}

/** A way to sign in: a usable credential, a key of which the service has no private part, or a trust policy. */
const hasWayIn = (nowMs: number) => sql`(
  EXISTS (SELECT 1 FROM credentials WHERE agent_id = agents.id AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > ${nowMs}))
  OR EXISTS (SELECT 1 FROM agent_keys WHERE agent_id = agents.id AND replaced_at IS NULL AND private_sealed IS NULL)
  OR EXISTS (SELECT 1 FROM trust_policies WHERE agent_id = agents.id))`;

/** How many agents of the organization have the same status, type and environment; how they sign in; what expires soon. */
export function countAgents(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  nowMs: number,
  soonMs: number,
) {
  const { status, agentType, deploymentEnv } = agents;
  const isPresent = sql`status <> 'decommissioned'`;
  const expiring = sql`(SELECT count(*) FROM credentials WHERE agent_id = agents.id AND revoked_at IS NULL
    AND expires_at > ${nowMs} AND expires_at <= ${nowMs + soonMs})`;
  return db
    .select({
      status,
      agentType,
      deploymentEnv,
      agents: count(),
      withoutCredential: sql<number>`sum(${isPresent} AND NOT ${hasWayIn(nowMs)})`,
      credentialsExpiringSoon: sql<number>`sum(CASE WHEN ${isPresent} THEN ${expiring} ELSE 0 END)`,
    })
    .from(agents)
    .where(eq(agents.organizationId, organizationId))
    .groupBy(status, agentType, deploymentEnv);
}

/** Does another agent of the organization have this e-mail? */
export async function isEmailTaken(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  email: string,
): Promise<boolean> {
  const row = await db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.organizationId, organizationId), eq(agents.email, email)))
    .get();
  return row !== undefined;
}

/**
 * Adds an agent if its organization is active and, as its row says in this very statement, has room for one more.
 *
 * @param tierMaximum what each tier allows where the organization has no limit of its own; null is unlimited
 */
export function insertAgent(
  { db }: Pick<Context, "db">,
  row: AgentRow,
  tierMaximum: Readonly<Record<(typeof planTiers)[number], number | null>>,
) {
  const ofTier = Object.entries(tierMaximum).map(([tier, maximum]) => sql`WHEN ${tier} THEN ${maximum}`);
  const maximum = sql`coalesce(${organizations.maxAgents}, CASE ${organizations.planTier} ${sql.join(ofTier, sql` `)} END)`;
  const present = db
    .select({ count: count() })
    .from(agents)
    .where(and(eq(agents.organizationId, row.organizationId), ne(agents.status, "decommissioned")));
  const hasRoom = db
    .select({ id: organizations.id })
    .from(organizations)
    .where(
      and(
        eq(organizations.id, row.organizationId),
        eq(organizations.status, "active"),
        or(sql`${maximum} IS NULL`, sql`(${present}) < ${maximum}`),
      ),
    );
  return insertWhere(db, agents, row, exists(hasRoom));
}

/** Adds the agent's key if the statement before changed a row. */
export function insertKeyIfChanged({ db }: Pick<Context, "db">, key: AgentKey) {
  return insertWhere(db, agentKeys, key, previousChanged);
}

/** Retires the present key of an agent if the statement before changed a row; its successor is to follow. */
export function retireKeyIfChanged({ db }: Pick<Context, "db">, agentId: AgentId, replacedAt: number) {
  return db
    .update(agentKeys)
    .set({ replacedAt })
    .where(and(eq(agentKeys.agentId, agentId), isNull(agentKeys.replacedAt), previousChanged));
}

/** Changes an agent, unless its row changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updateAgent(
  { db }: Pick<Context, "db">,
  read: AgentRow,
  change: AgentChange & { readonly updatedAt: number },
  also: readonly (SQL | undefined)[] = [],
) {
  return db
    .update(agents)
    .set(change)
    .where(
      and(eq(agents.id, read.id), eq(agents.updatedAt, read.updatedAt), sql`${agents.role} IS ${read.role}`, ...also),
    );
}

const isToClear = sql`status = 'decommissioned' AND cleared_at IS NULL`;

/** Some decommissioned agents of which something may be left to remove. An erased one has its own e-mail no more. */
export function agentsToClear({ db }: Pick<Context, "db">, limit: number) {
  const { id, erasedAt } = agents;
  return db.select({ id, erasedAt }).from(agents).where(isToClear).orderBy(sql`random()`).limit(limit);
}

/** Some agents of the given organizations that are not erased. */
export function agentsToErase(
  { db }: Pick<Context, "db">,
  organizationIds: readonly OrganizationId[],
  limit: number,
): Promise<{ readonly id: AgentId }[]> {
  return db
    .select({ id: agents.id })
    .from(agents)
    .where(and(sql`${agents.organizationId} IN ${among(organizationIds)}`, isNull(agents.erasedAt)))
    .limit(limit);
}

/** Removes the private parts of the agents' keys. The public parts stay. */
export function removePrivateKeys({ db }: Pick<Context, "db">, agentIds: readonly AgentId[]) {
  return db
    .update(agentKeys)
    .set({ privateSealed: "" })
    .where(and(sql`${agentKeys.agentId} IN ${among(agentIds)}`, gt(agentKeys.privateSealed, "")));
}

/** Decommissions and erases agents of a deleted organization. A change that has read one before finds another version. */
export function endAndErase(
  { db }: Pick<Context, "db">,
  erased: readonly ({ readonly agentId: AgentId } & Erased)[],
  nowMs: number,
) {
  return db
    .update(agents)
    .set({
      status: "decommissioned",
      email: sql`value ->> 'email'`,
      owner: sql`value ->> 'owner'`,
      description: null,
      updatedAt: sql`max(agents.updated_at + 1, ${nowMs})`,
      erasedAt: nowMs,
      clearedAt: nowMs,
    })
    .from(sql`json_each(${JSON.stringify(erased)})`)
    .where(and(sql`${agents.id} = value ->> 'agentId'`, isNull(agents.erasedAt)));
}

/**
 * Notes that nothing is left to remove of decommissioned agents. An erased one stays until no event from before waits for the
 * relay.
 *
 * @param mayBeShown holds for an erased agent that must stay for another reason
 */
export function markCleared({ db }: Pick<Context, "db">, agentIds: readonly AgentId[], mayBeShown: SQL, nowMs: number) {
  const isWaiting = sql`EXISTS (SELECT 1 FROM outbox
    WHERE outbox.organization_id = agents.organization_id AND outbox.created_at <= agents.erased_at)`;
  return db
    .update(agents)
    .set({ clearedAt: nowMs })
    .where(
      and(
        sql`${agents.id} IN ${among(agentIds)}`,
        isToClear,
        or(isNull(agents.erasedAt), sql`NOT (${isWaiting} OR ${mayBeShown})`),
      ),
    );
}

/** How many agents have something left to remove, those of deleted organizations included? */
export async function countToClear({ db }: Pick<Context, "db">): Promise<number> {
  const ofDeleted = sql`SELECT id FROM organizations WHERE status = 'deleted' AND cleared_at IS NULL`;
  const [row] = await db.all<{ count: number }>(sql`SELECT (SELECT count(*) FROM agents WHERE ${isToClear})
    + (SELECT count(*) FROM agents WHERE organization_id IN (${ofDeleted}) AND erased_at IS NULL
      AND NOT (${isToClear})) AS count`);
  return row?.count ?? 0;
}

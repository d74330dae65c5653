/** The queries of the credentials room, each named after the question it answers or the change it makes. */
import { and, count, desc, eq, exists, gt, isNull, lt, lte, ne, notExists, or, type SQL, sql } from "drizzle-orm";
import { alias, type SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Context } from "../../platform/context.ts";
import { type Database, preparedOnce } from "../../platform/db/client.ts";
import { among, insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { agentKeys, agents, credentials, organizations, trustPolicies } from "../../platform/db/schema.ts";
import type { AgentId, CredentialId, OrganizationId } from "../../platform/ids.ts";
import { dayMs } from "../../platform/time.ts";

export type CredentialRow = typeof credentials.$inferSelect;

/** The fields that decide who may change an agent's credentials. */
const holder = {
  id: agents.id,
  status: agents.status,
  role: agents.role,
  capabilities: agents.capabilities,
  grantedScopes: agents.grantedScopes,
};

/** The agent of a credential, with the fields that the rules of credentials need. */
export type Holder = Pick<typeof agents.$inferSelect, keyof typeof holder>;

const isAgent = and(
  eq(agents.organizationId, sql.placeholder("organizationId")),
  eq(agents.id, sql.placeholder("agentId")),
);

const holderById = preparedOnce((db) => db.select(holder).from(agents).where(isAgent).prepare());

/** Which agent of the organization has this id, whatever its status? */
export async function findHolder(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentId: AgentId,
): Promise<Holder | null> {
  return (await holderById(db).get({ organizationId, agentId })) ?? null;
}

const heldById = preparedOnce((db) =>
  db
    .select({ holder, credential: credentials })
    .from(agents)
    .leftJoin(credentials, and(eq(credentials.agentId, agents.id), eq(credentials.id, sql.placeholder("credentialId"))))
    .where(isAgent)
    .prepare(),
);

/** The same, and which of its credentials has this id? `credential` is null when it has none. One round trip. */
export async function findHeldCredential(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentId: AgentId,
  credentialId: CredentialId,
): Promise<{ readonly holder: Holder; readonly credential: CredentialRow | null } | null> {
  return (await heldById(db).get({ organizationId, agentId, credentialId })) ?? null;
}

/** The agent's newest credentials that are older than `before`. */
export function listCredentials(
  { db }: Pick<Context, "db">,
  agentId: AgentId,
  page: { readonly before: CredentialId | null; readonly limit: number },
): Promise<CredentialRow[]> {
  return db
    .select()
    .from(credentials)
    .where(and(eq(credentials.agentId, agentId), page.before === null ? undefined : lt(credentials.id, page.before)))
    .orderBy(desc(credentials.id))
    .limit(page.limit);
}

function active(db: Database, agentId: AgentId, nowMs: number) {
  return db
    .select({ count: count() })
    .from(credentials)
    .where(
      and(
        eq(credentials.agentId, agentId),
        isNull(credentials.revokedAt),
        or(isNull(credentials.expiresAt), gt(credentials.expiresAt, nowMs)),
      ),
    );
}

/** How many credentials of the agent are neither revoked nor expired? */
export async function countActiveCredentials(
  { db }: Pick<Context, "db">,
  agentId: AgentId,
  nowMs: number,
): Promise<number> {
  return (await active(db, agentId, nowMs).get())?.count ?? 0;
}

/**
 * How many unrevoked credentials, of all organizations, expire after one time and up to another? Those count that an admin can still
 * rotate: of agents that are not decommissioned, in active organizations.
 */
export function countExpiringCredentials(
  { db }: Pick<Context, "db">,
  afterMs: number,
  throughMs: number,
): Promise<number> {
  const { agentId, revokedAt, expiresAt } = credentials;
  // A condition and no join, so that SQLite begins with the index of the credentials that expire.
  const rotatable = db
    .select({ id: agents.id })
    .from(agents)
    .innerJoin(organizations, eq(organizations.id, agents.organizationId))
    .where(and(eq(agents.id, agentId), ne(agents.status, "decommissioned"), eq(organizations.status, "active")));
  const isExpiring = and(isNull(revokedAt), gt(expiresAt, afterMs), lte(expiresAt, throughMs));
  return db.$count(credentials, and(isExpiring, exists(rotatable)));
}

/** Adds a credential if the agent is not decommissioned and has fewer than `maximum` active ones. */
export function insertCredential({ db }: Pick<Context, "db">, row: CredentialRow, maximum: number) {
  const agent = db
    .select({ id: agents.id })
    .from(agents)
    .where(
      and(
        eq(agents.id, row.agentId),
        ne(agents.status, "decommissioned"),
        sql`${active(db, row.agentId, row.createdAt)} < ${maximum}`,
      ),
    );
  return insertWhere(db, credentials, row, exists(agent));
}

/** Replaces the secret, unless another one has replaced it since it was read, or the credential is revoked. */
export function replaceSecret(
  { db }: Pick<Context, "db">,
  read: CredentialRow,
  next: Pick<
    CredentialRow,
    | "secretHash"
    | "hashKeyId"
    | "previousSecretHash"
    | "previousHashKeyId"
    | "previousExpiresAt"
    | "earlierSecrets"
    | "rotatedAt"
  >,
) {
  return db
    .update(credentials)
    .set(next)
    .where(
      and(eq(credentials.id, read.id), eq(credentials.secretHash, read.secretHash), isNull(credentials.revokedAt)),
    );
}

/** Revokes a credential unless it is revoked already. */
export function revokeCredential(
  { db }: Pick<Context, "db">,
  id: CredentialId,
  revokedAt: number,
  also: SQL | undefined,
) {
  return db
    .update(credentials)
    .set({ revokedAt })
    .where(and(eq(credentials.id, id), isNull(credentials.revokedAt), also));
}

/** Which credentials of the agent are not revoked? Expired ones are among them. */
export async function unrevokedCredentialIds({ db }: Pick<Context, "db">, agentId: AgentId): Promise<CredentialId[]> {
  const rows = await db
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.agentId, agentId), isNull(credentials.revokedAt)))
    .orderBy(credentials.id);
  return rows.map(({ id }) => id);
}

/** Holds when the agent has no unrevoked credential beside the given ones. */
export function noUnrevokedBeside({ db }: Pick<Context, "db">, agentId: AgentId, ids: readonly CredentialId[]): SQL {
  const others = db
    .select({ id: credentials.id })
    .from(credentials)
    .where(
      and(
        eq(credentials.agentId, agentId),
        isNull(credentials.revokedAt),
        // One parameter however many ids there are: D1 takes at most 100.
        sql`${credentials.id} NOT IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
      ),
    );
  return notExists(others);
}

/** Revokes all credentials of an agent if the statement before changed a row. */
export function revokeCredentialsIfChanged({ db }: Pick<Context, "db">, agentId: AgentId, revokedAt: number) {
  return db
    .update(credentials)
    .set({ revokedAt })
    .where(and(eq(credentials.agentId, agentId), isNull(credentials.revokedAt), previousChanged));
}

/** The scopes without which an admin cannot administer: to manage members, and to make credentials. */
export const scopesOfUsableAdmin = ["admin:orgs", "agents:write"];

/** What an agent is about to lose: one way to sign in, or being an active admin with the two scopes. */
export interface Loss {
  readonly organizationId: OrganizationId;
  readonly agentId: AgentId;
  readonly lost: "admin" | "own_key" | { readonly credentialId: CredentialId } | { readonly policyId: CredentialId };
}

const admins = alias(agents, "admins");
const ways = alias(credentials, "ways");

/** The organization's admins that are active, hold the two scopes, and have a way to sign in beside the given one. */
function usableAdmins(
  db: Database,
  organizationId: OrganizationId,
  which: SQL,
  lost: Loss["lost"] | null,
  nowMs: number,
) {
  const holds = (scope: string) =>
    sql`EXISTS (SELECT 1 FROM json_each(${admins.grantedScopes}) WHERE value = ${scope})`;
  const isBeside = (column: SQLiteColumn, way: "credentialId" | "policyId") =>
    typeof lost === "object" && lost !== null && way in lost ? ne(column, Object.values(lost)[0]) : undefined;
  const credential = db
    .select({ id: ways.id })
    .from(ways)
    .where(
      and(
        eq(ways.agentId, admins.id),
        isNull(ways.revokedAt),
        or(isNull(ways.expiresAt), gt(ways.expiresAt, nowMs + dayMs)),
        isBeside(ways.id, "credentialId"),
      ),
    );
  const ownKey = db
    .select({ id: agentKeys.id })
    .from(agentKeys)
    .where(and(eq(agentKeys.agentId, admins.id), isNull(agentKeys.replacedAt), isNull(agentKeys.privateSealed)));
  const policy = db
    .select({ id: trustPolicies.id })
    .from(trustPolicies)
    .where(and(eq(trustPolicies.agentId, admins.id), isBeside(trustPolicies.id, "policyId")));
  return db
    .select({ id: admins.id })
    .from(admins)
    .where(
      and(
        eq(admins.organizationId, organizationId),
        which,
        eq(admins.role, "admin"),
        eq(admins.status, "active"),
        ...scopesOfUsableAdmin.map(holds),
        or(exists(credential), exists(policy), lost === "own_key" ? undefined : exists(ownKey)),
      ),
    );
}

/** Holds unless the loss takes the organization's last usable admin. For the condition of the write. */
export function usableAdminRemains(
  { db }: Pick<Context, "db">,
  { organizationId, agentId, lost }: Loss,
  nowMs: number,
) {
  const [itself, others] = [eq(admins.id, agentId), ne(admins.id, agentId)];
  return or(
    notExists(usableAdmins(db, organizationId, itself, null, nowMs)),
    exists(usableAdmins(db, organizationId, others, null, nowMs)),
    lost === "admin" ? undefined : exists(usableAdmins(db, organizationId, itself, lost, nowMs)),
  );
}

/** Would the organization have no usable admin any more? */
export async function hasNoUsableAdminAfter(context: Pick<Context, "db">, loss: Loss, nowMs: number): Promise<boolean> {
  const remains = usableAdminRemains(context, loss, nowMs);
  const row = await context.db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.id, loss.agentId), remains))
    .get();
  return row === undefined;
}

/** Removes the hashes of all secrets of the agents, and revokes what is not revoked. */
export function removeSecrets({ db }: Pick<Context, "db">, agentIds: readonly AgentId[], nowMs: number) {
  return db
    .update(credentials)
    .set({
      secretHash: "",
      hashKeyId: "",
      previousSecretHash: null,
      previousHashKeyId: null,
      previousExpiresAt: null,
      earlierSecrets: [],
      revokedAt: sql`coalesce(revoked_at, ${nowMs})`,
    })
    .where(and(sql`${credentials.agentId} IN ${among(agentIds)}`, ne(credentials.secretHash, "")));
}

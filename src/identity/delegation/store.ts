/** The queries of delegations. */
import { and, desc, eq, exists, gt, isNotNull, isNull, lt, lte, not, or, type SQL, sql } from "drizzle-orm";
import type { RevocationTarget } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { Database } from "../../platform/db/client.ts";
import {
  agentKeys,
  agents,
  credentials,
  delegations,
  organizations,
  resources,
  trustPolicies,
} from "../../platform/db/schema.ts";
import type { AgentId, DelegationId, OrganizationId, ResourceId, TokenId } from "../../platform/ids.ts";
import { longestActiveMs } from "../../platform/lifetimes.ts";
import type { DelegationFilter } from "./schema.ts";

export type DelegationRow = typeof delegations.$inferSelect;

/** The present key of the agent. */
export async function findPresentKey({ db }: Pick<Context, "db">, agentId: AgentId) {
  const row = await db
    .select()
    .from(agentKeys)
    .where(and(eq(agentKeys.agentId, agentId), isNull(agentKeys.replacedAt)))
    .get();
  return row ?? null;
}

/** The key of the agent with this number, present or replaced. */
export async function findKeyByNumber({ db }: Pick<Context, "db">, agentId: AgentId, number: number) {
  const row = await db
    .select()
    .from(agentKeys)
    .where(and(eq(agentKeys.agentId, agentId), eq(agentKeys.number, number)))
    .get();
  return row ?? null;
}

/** The delegation of the organization with this id. */
export async function findDelegation(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  id: DelegationId,
): Promise<DelegationRow | null> {
  const row = await db
    .select()
    .from(delegations)
    .where(and(eq(delegations.id, id), eq(delegations.organizationId, organizationId)))
    .get();
  return row ?? null;
}

const partyColumns = { delegator: delegations.delegatorAgentId, delegatee: delegations.delegateeAgentId } as const;

/** No delegation that is not expired has a smaller id: an id begins with the time of issue (RFC 9562 5.7). */
function oldestLiveId(nowMs: number): DelegationId {
  const time = (nowMs - longestActiveMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}` as DelegationId;
}

function hasStatus(status: DelegationFilter["status"], nowMs: number): SQL | undefined {
  if (status === "revoked") return isNotNull(delegations.revokedAt);
  const unrevoked = isNull(delegations.revokedAt);
  if (status === "active") {
    return and(unrevoked, gt(delegations.expiresAt, nowMs), gt(delegations.id, oldestLiveId(nowMs)));
  }
  return status && and(unrevoked, lte(delegations.expiresAt, nowMs));
}

type Party = keyof typeof partyColumns;

/** Which delegations a list has. */
export interface DelegationSelection {
  /** A party of each; null: every delegation of the organization. */
  readonly agentId: AgentId | null;
  /** Which party it is; by default either one. */
  readonly role?: Party | undefined;
  /** The other party, whichever it is. */
  readonly withAgentId?: AgentId | undefined;
  readonly status?: DelegationFilter["status"];
}

/** True for a row with the agent on either side. */
const concernsAgent = (agentId: AgentId) => or(...Object.values(partyColumns).map((column) => eq(column, agentId)));

/** The newest delegations of the organization that are selected and older than `before`. */
export async function listDelegations(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { agentId, role, withAgentId, status }: DelegationSelection,
  page: { readonly before: DelegationId | null; readonly limit: number; readonly nowMs: number },
): Promise<DelegationRow[]> {
  const where = (...conditions: (SQL | undefined)[]) =>
    db
      .select()
      .from(delegations)
      .where(
        and(
          eq(delegations.organizationId, organizationId),
          ...conditions,
          withAgentId && concernsAgent(withAgentId),
          hasStatus(status, page.nowMs),
          page.before === null ? undefined : lt(delegations.id, page.before),
        ),
      )
      .orderBy(desc(delegations.id))
      .limit(page.limit);
  if (agentId === null) return where();
  const asParty = (party: Party) => where(eq(partyColumns[party], agentId));
  if (role) return asParty(role);
  // No agent delegates to itself, so no row is in both. Each query reads an index in order; an OR would read none.
  const both = await db.batch([asParty("delegator"), asParty("delegatee")]);
  return both
    .flat()
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, page.limit);
}

/** Adds a delegation. */
export function insertDelegation({ db }: Pick<Context, "db">, row: DelegationRow) {
  return db.insert(delegations).values(row);
}

/** Ends the delegations that match and have not ended before. */
function endWhere({ db }: Pick<Context, "db">, endedAt: number, ...conditions: readonly (SQL | undefined)[]) {
  return db
    .update(delegations)
    .set({ revokedAt: endedAt })
    .where(and(...conditions, isNull(delegations.revokedAt), gt(delegations.expiresAt, endedAt)));
}

/** Records that a delegation was revoked, unless it has ended before. */
export function revokeDelegation(context: Pick<Context, "db">, id: DelegationId, revokedAt: number) {
  return endWhere(context, revokedAt, eq(delegations.id, id));
}

/** Records that the delegations that were made with a token have ended. */
export async function endDelegationsOfToken(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  tokenId: TokenId,
  endedAt: number,
): Promise<void> {
  await endWhere(context, endedAt, eq(delegations.organizationId, organizationId), eq(delegations.tokenId, tokenId));
}

/** Records that the delegations of the capabilities of a deleted resource have ended, in every organization. */
export async function endDelegationsForResource(
  context: Pick<Context, "db">,
  resourceId: ResourceId,
  endedAt: number,
): Promise<void> {
  await endWhere(context, endedAt, eq(delegations.resourceId, resourceId));
}

function concerns(subject: RevocationTarget): SQL | undefined {
  switch (subject.kind) {
    case "organization":
      return undefined;
    case "agent":
      return concernsAgent(subject.agentId);
    case "scopes":
    case "unbound":
      return eq(delegations.delegatorAgentId, subject.agentId);
    case "credential":
    case "secrets":
      return and(eq(delegations.delegatorAgentId, subject.agentId), eq(delegations.credentialId, subject.credentialId));
    case "delegation":
      return eq(delegations.id, subject.chainId);
  }
}

/**
 * True for a row whose organization and agents are active, whose delegator has the scopes and the credential, and whose resource is
 * not deleted.
 */
function isActive(db: Database): SQL | undefined {
  const organization = db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(eq(organizations.id, delegations.organizationId), eq(organizations.status, "active")));
  const held = sql`SELECT value FROM json_each(
    CASE WHEN ${delegations.resourceId} IS NULL THEN ${agents.grantedScopes} ELSE ${agents.capabilities} END)`;
  const activeAgent = (party: Party, also?: SQL) =>
    db
      .select({ id: agents.id })
      .from(agents)
      .where(and(eq(agents.id, partyColumns[party]), eq(agents.status, "active"), also));
  const holdsAll = sql`NOT EXISTS (SELECT 1 FROM json_each(${delegations.scopes})
    WHERE value NOT IN (${held}))`;
  const credential = db
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.id, delegations.credentialId), isNull(credentials.revokedAt)));
  const policy = db
    .select({ id: trustPolicies.id })
    .from(trustPolicies)
    .where(eq(trustPolicies.id, delegations.credentialId));
  const resource = db
    .select({ id: resources.id })
    .from(resources)
    .where(and(eq(resources.id, delegations.resourceId), isNull(resources.deletedAt)));
  return and(
    exists(organization),
    or(isNull(delegations.resourceId), exists(resource)),
    exists(activeAgent("delegator", holdsAll)),
    exists(activeAgent("delegatee")),
    or(isNull(delegations.credentialId), exists(credential), exists(policy)),
  );
}

/**
 * Ends every delegation of the subject that is not active any more by the records as the statements before it in the batch leave
 * them. It does not use `changes()`, and no later statement may. For an organization it ends everything that was issued before, and
 * for the secrets of a credential everything, though both may be active now.
 */
export function endInactiveDelegations(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  subject: RevocationTarget,
  endedAt: number,
) {
  const active = isActive(context.db);
  // Rotation takes the cut-off of the ledger again after this write, so every delegation of the credential has ended.
  const endedAnyway = { organization: lte(delegations.issuedAt, endedAt), secrets: sql`true` };
  const isEnded = subject.kind === "organization" || subject.kind === "secrets" ? endedAnyway[subject.kind] : undefined;
  return endWhere(
    context,
    endedAt,
    eq(delegations.organizationId, organizationId),
    concerns(subject),
    gt(delegations.id, oldestLiveId(endedAt)),
    or(active && not(active), isEnded),
  );
}

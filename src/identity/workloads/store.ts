/** The queries of trust policies. */
import { and, count, desc, eq, exists, ne, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import type { Database } from "../../platform/db/client.ts";
import { among, insertWhere, olderThan } from "../../platform/db/conditional.ts";
import { agents, trustPolicies } from "../../platform/db/schema.ts";
import type { AgentId, CredentialId, OrganizationId } from "../../platform/ids.ts";
import type { GitHubRule, OidcRule } from "./schema.ts";

type Row = typeof trustPolicies.$inferSelect;

/** A stored trust policy; its provider decides the shape of its rule. */
export type TrustPolicyRecord = Omit<Row, "provider" | "rule" | "audience"> &
  (
    | { readonly provider: "github"; readonly audience: null; readonly rule: GitHubRule }
    | { readonly provider: "oidc"; readonly audience: string; readonly rule: OidcRule }
  );

/** Every stored row passed `createTrustPolicySchema`. */
const records = (rows: readonly Row[]) => rows as readonly TrustPolicyRecord[];

const ofAgent = (db: Database, agentId: AgentId) =>
  db.select({ count: count() }).from(trustPolicies).where(eq(trustPolicies.agentId, agentId));

/** How many trust policies does the agent have? */
export async function countTrustPolicies({ db }: Pick<Context, "db">, agentId: AgentId): Promise<number> {
  return (await ofAgent(db, agentId).get())?.count ?? 0;
}

/** Adds a policy if its agent is not decommissioned and has fewer than `maximum`. */
export function insertTrustPolicy({ db }: Pick<Context, "db">, policy: TrustPolicyRecord, maximum: number) {
  const agent = db
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.id, policy.agentId), ne(agents.status, "decommissioned")));
  const condition = sql`${exists(agent)} AND ${ofAgent(db, policy.agentId)} < ${maximum}`;
  return insertWhere(db, trustPolicies, policy, condition);
}

/** Which policy of the organization has this id? */
export async function findTrustPolicy(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  id: CredentialId,
): Promise<TrustPolicyRecord | null> {
  const rows = await db
    .select()
    .from(trustPolicies)
    .where(and(eq(trustPolicies.organizationId, organizationId), eq(trustPolicies.id, id)));
  return records(rows)[0] ?? null;
}

/** The same with its agent's authority, which decides who may delete it. One round trip. */
export async function findHeldPolicy({ db }: Pick<Context, "db">, organizationId: OrganizationId, id: CredentialId) {
  const { role, capabilities, grantedScopes } = agents;
  const [row] = await db
    .select({ policy: trustPolicies, holder: { role, capabilities, grantedScopes } })
    .from(trustPolicies)
    .innerJoin(agents, eq(agents.id, trustPolicies.agentId))
    .where(and(eq(trustPolicies.organizationId, organizationId), eq(trustPolicies.id, id)));
  return row ? { holder: row.holder, policy: row.policy as TrustPolicyRecord } : null;
}

/** The organization's newest policies that are older than `before`: all, or those of one agent. */
export async function listTrustPolicies(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentId: AgentId | undefined,
  page: { readonly before: CredentialId | null; readonly limit: number },
): Promise<readonly TrustPolicyRecord[]> {
  const ofAgent = agentId === undefined ? undefined : eq(trustPolicies.agentId, agentId);
  const ofOrganization = eq(trustPolicies.organizationId, organizationId);
  const rows = await db
    .select()
    .from(trustPolicies)
    .where(and(ofOrganization, ofAgent, olderThan(trustPolicies.id, page.before)))
    .orderBy(desc(trustPolicies.id))
    .limit(page.limit);
  return records(rows);
}

/** Removes a policy. */
export function removeTrustPolicy({ db }: Pick<Context, "db">, id: CredentialId, also: SQL | undefined) {
  return db.delete(trustPolicies).where(and(eq(trustPolicies.id, id), also));
}

/** Which policies of the agent trust this issuer? */
export async function policiesOfAgent(
  { db }: Pick<Context, "db">,
  agentId: AgentId,
  issuer: string,
): Promise<readonly TrustPolicyRecord[]> {
  const rows = await db
    .select()
    .from(trustPolicies)
    .where(and(eq(trustPolicies.agentId, agentId), eq(trustPolicies.issuer, issuer)))
    .orderBy(trustPolicies.id);
  return records(rows);
}

/** Removes all policies of the agents. */
export function removePoliciesOf({ db }: Pick<Context, "db">, agentIds: readonly AgentId[]) {
  return db.delete(trustPolicies).where(sql`${trustPolicies.agentId} IN ${among(agentIds)}`);
}

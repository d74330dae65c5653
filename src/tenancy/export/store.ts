/** What D1 holds of an organization, table by table, and how a page of it is read in the order of an index. */
import { and, asc, eq, getTableColumns, gt, inArray, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Context } from "../../platform/context.ts";
import {
  agentKeys,
  agents,
  auditChains,
  auditCheckpoints,
  auditVerifications,
  billingAccounts,
  callsByHour,
  callsByRoute,
  consoleSessions,
  credentials,
  delegations,
  domains,
  federationPartners,
  organizations,
  resources,
  tokensByAgent,
  tokensByHour,
  trustPolicies,
  webhookDeliveries,
  webhookDeliveryAttempts,
  webhookSubscriptions,
} from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import type { Key } from "./parts.ts";

interface Stored {
  readonly table: SQLiteTable;
  /** The column that names the organization. */
  readonly organization: SQLiteColumn;
  /** The unique order of an organization's rows. An index has it, behind the organization. */
  readonly key: readonly [SQLiteColumn, ...SQLiteColumn[]];
  /** The id that the first column of the key refers to, where no index of the table begins with the organization. */
  readonly parent?: SQLiteColumn;
  /** The names of columns in the lines, where they differ. */
  readonly names?: Readonly<Record<string, string>>;
  /** The columns that are in no line: secrets, their hashes, sealed private keys. */
  readonly withheld?: readonly string[];
}

const ofAgents = { organization: agents.organizationId, parent: agents.id };

/** The lines that are rows of a table, by their type. */
export const stored = {
  organization: {
    table: organizations,
    organization: organizations.id,
    key: [organizations.id],
    names: { id: "organizationId" },
  },
  billing_account: {
    table: billingAccounts,
    organization: billingAccounts.organizationId,
    key: [billingAccounts.organizationId],
  },
  domain: {
    table: domains,
    organization: domains.organizationId,
    key: [domains.domain],
    names: { id: "domainId" },
  },
  resource: {
    table: resources,
    organization: resources.organizationId,
    key: [resources.id],
    names: { id: "resourceId" },
  },
  agent: { table: agents, organization: agents.organizationId, key: [agents.id], names: { id: "agentId" } },
  agent_key: {
    table: agentKeys,
    ...ofAgents,
    key: [agentKeys.agentId, agentKeys.number],
    names: { id: "keyId" },
    withheld: ["privateSealed"],
  },
  credential: {
    table: credentials,
    ...ofAgents,
    key: [credentials.agentId, credentials.id],
    names: { id: "credentialId" },
    withheld: ["secretHash", "hashKeyId", "previousSecretHash", "previousHashKeyId", "earlierSecrets"],
  },
  trust_policy: {
    table: trustPolicies,
    organization: trustPolicies.organizationId,
    key: [trustPolicies.id],
    names: { id: "policyId" },
  },
  partner: {
    table: federationPartners,
    organization: federationPartners.organizationId,
    key: [federationPartners.issuer],
    names: { id: "partnerId" },
  },
  delegation: {
    table: delegations,
    organization: delegations.organizationId,
    key: [delegations.delegatorAgentId, delegations.id],
    names: { id: "chainId" },
  },
  console_session: {
    table: consoleSessions,
    organization: consoleSessions.organizationId,
    key: [consoleSessions.id],
    names: { id: "sessionId" },
    withheld: ["cookieHash", "cookieHashKeyId", "csrfHash", "csrfHashKeyId"],
  },
  webhook: {
    table: webhookSubscriptions,
    organization: webhookSubscriptions.organizationId,
    key: [webhookSubscriptions.id],
    names: { id: "webhookId" },
  },
  webhook_delivery: {
    table: webhookDeliveries,
    organization: webhookSubscriptions.organizationId,
    parent: webhookSubscriptions.id,
    key: [webhookDeliveries.endpointId, webhookDeliveries.id],
    names: { id: "deliveryId", endpointId: "webhookId" },
  },
  webhook_delivery_attempt: {
    table: webhookDeliveryAttempts,
    organization: webhookSubscriptions.organizationId,
    parent: webhookSubscriptions.id,
    key: [webhookDeliveryAttempts.endpointId, webhookDeliveryAttempts.deliveryId, webhookDeliveryAttempts.slot],
    names: { endpointId: "webhookId" },
  },
  tokens_by_hour: {
    table: tokensByHour,
    organization: tokensByHour.organizationId,
    key: [tokensByHour.day, tokensByHour.hour],
  },
  calls_by_hour: {
    table: callsByHour,
    organization: callsByHour.organizationId,
    key: [callsByHour.day, callsByHour.hour],
  },
  tokens_by_agent: {
    table: tokensByAgent,
    organization: tokensByAgent.organizationId,
    key: [tokensByAgent.day, tokensByAgent.agentId],
  },
  calls_by_route: {
    table: callsByRoute,
    organization: callsByRoute.organizationId,
    key: [callsByRoute.day, callsByRoute.route, callsByRoute.statusClass],
  },
  audit_chain: {
    table: auditChains,
    organization: auditChains.organizationId,
    key: [auditChains.organizationId],
  },
  audit_verification: {
    table: auditVerifications,
    organization: auditVerifications.organizationId,
    key: [auditVerifications.organizationId],
  },
  audit_checkpoint: {
    table: auditCheckpoints,
    organization: auditCheckpoints.organizationId,
    key: [auditCheckpoints.sequence],
  },
} as const satisfies Readonly<Record<string, Stored>>;

export type StoredType = keyof typeof stored;

export type Row = Readonly<Record<string, unknown>>;

/** The columns that the lines of a type have, by the names of their properties. */
export function columnsOf(type: StoredType): Record<string, SQLiteColumn> {
  const { table, withheld = [] }: Stored = stored[type];
  return Object.fromEntries(Object.entries(getTableColumns(table)).filter(([name]) => !withheld.includes(name)));
}

/** The names of columns in the lines, where they differ. */
export function namesOf(type: StoredType): Readonly<Record<string, string>> {
  const { names = {} }: Stored = stored[type];
  return names;
}

/** The position of a row in the order of its table. */
export function keyOf(type: StoredType, row: Row): Key {
  const { key }: Stored = stored[type];
  const names = Object.entries(columnsOf(type));
  return key.map((column) => row[names.find(([, other]) => other === column)?.[0] ?? ""] as string | number);
}

const list = (values: readonly (SQLiteColumn | string | number)[]): SQL =>
  sql`(${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`;

/** The rows of an organization after a position, at most `limit`, in at most two queries. */
export async function rowsAfter(
  { db }: Pick<Context, "db">,
  type: StoredType,
  organizationId: OrganizationId,
  after: Key | null,
  limit: number,
): Promise<Row[]> {
  const { table, organization, parent, key }: Stored = stored[type];
  const [first, ...rest] = key;
  const isOwn = eq(organization, organizationId);
  const read = (which: SQL | undefined, most: number): Promise<Row[]> =>
    db
      .select(columnsOf(type))
      .from(table)
      .where(which)
      .orderBy(...key.map((column) => asc(column)))
      .limit(most);
  if (!parent) return read(and(isOwn, after ? sql`${list(key)} > ${list(after)}` : undefined), limit);

  // One condition over both columns would read the rows of a parent from the beginning for each page.
  const isOf = (which: SQL | undefined) =>
    inArray(first, db.select({ id: parent }).from(parent.table).where(and(isOwn, which)));
  if (!after) return read(isOf(undefined), limit);
  const [begun, ...position] = after;
  const rows = await read(and(isOf(eq(parent, begun)), sql`${list(rest)} > ${list(position)}`), limit);
  if (rows.length === limit) return rows;
  return [...rows, ...(await read(isOf(gt(parent, begun)), limit - rows.length))];
}

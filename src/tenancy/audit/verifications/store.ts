/** The queries over the last verification of each chain. */
import { and, asc, eq, isNotNull, isNull, lte, ne, not, or, sql } from "drizzle-orm";
import type { Context } from "../../../platform/context.ts";
import { among } from "../../../platform/db/conditional.ts";
import { auditChains, auditVerifications, organizations } from "../../../platform/db/schema.ts";
import type { OrganizationId } from "../../../platform/ids.ts";

type Db = Pick<Context, "db">;

/** Records a verification of the whole chain that found no break. A break that was found after its start stays. */
export async function saveIntact(
  { db }: Db,
  organizationId: OrganizationId,
  verifiedAt: number,
  events: number,
): Promise<void> {
  await db
    .insert(auditVerifications)
    .values({ organizationId, verifiedAt, events, brokenAt: null })
    .onConflictDoUpdate({
      target: auditVerifications.organizationId,
      set: {
        verifiedAt: sql`max(coalesce(verified_at, 0), excluded.verified_at)`,
        events: sql`excluded.events`,
        brokenAt: sql`CASE WHEN broken_at > excluded.verified_at THEN broken_at END`,
      },
    });
}

/**
 * Records a verification that found a break.
 *
 * @param verifiedAt when it began, if it was one of the whole chain
 */
export async function saveBroken(
  { db }: Db,
  organizationId: OrganizationId,
  verifiedAt: number | null,
  brokenAt: number,
): Promise<void> {
  await db
    .insert(auditVerifications)
    .values({ organizationId, verifiedAt, events: 0, brokenAt })
    .onConflictDoUpdate({
      target: auditVerifications.organizationId,
      set: { verifiedAt: sql`coalesce(excluded.verified_at, verified_at)`, brokenAt: sql`excluded.broken_at` },
    });
}

const isPresent = ne(organizations.status, "deleted");
const ofOrganization = sql`${auditVerifications.organizationId} = ${organizations.id}`;

/** Which chains are broken, or were last verified at or before a time? The longest unverified first. */
export async function findUnverified(
  { db }: Db,
  atOrBeforeMs: number,
  except: readonly OrganizationId[],
  limit: number,
): Promise<OrganizationId[]> {
  const { verifiedAt, brokenAt } = auditVerifications;
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .leftJoin(auditVerifications, ofOrganization)
    .where(
      and(
        isPresent,
        or(isNull(verifiedAt), lte(verifiedAt, atOrBeforeMs), isNotNull(brokenAt)),
        not(sql`${organizations.id} IN ${among(except)}`),
      ),
    )
    .orderBy(asc(verifiedAt), asc(organizations.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The state of all chains. */
export interface VerificationSummary {
  /** Chains that were verified as a whole. */
  readonly verified: number;
  /** The events in them. */
  readonly events: number;
  readonly broken: number;
  /** The gaps that were ever accepted in them. */
  readonly gaps: number;
  /** When the oldest of their last verifications began; null before the first. */
  readonly oldestMs: number | null;
  /** When the oldest organization was made whose chain was never verified; null when there is none. */
  readonly waitingSinceMs: number | null;
}

export async function summarizeVerifications({ db }: Db): Promise<VerificationSummary> {
  const { verifiedAt, events, brokenAt } = auditVerifications;
  const [row] = await db
    .select({
      verified: sql<number>`count(${verifiedAt})`,
      events: sql<number>`coalesce(sum(${events}), 0)`,
      broken: sql<number>`count(${brokenAt})`,
      gaps: sql<number>`coalesce(sum(CASE WHEN json_valid(gaps) THEN json_array_length(gaps) END), 0)`,
      oldestMs: sql<number | null>`min(${verifiedAt})`,
      waitingSinceMs: sql<number | null>`min(CASE WHEN ${verifiedAt} IS NULL THEN ${organizations.createdAt} END)`,
    })
    .from(organizations)
    .leftJoin(auditVerifications, ofOrganization)
    .leftJoin(auditChains, eq(auditChains.organizationId, organizations.id))
    .where(isPresent);
  if (!row) throw new Error("a query of counts has no row");
  return row;
}

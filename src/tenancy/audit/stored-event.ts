/** An audit event as D1 holds it. An attacker with access to D1 can write any value to a column, so no column is trusted. */
import { hashOf } from "../../ledger/chain.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { auditEvents } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { isoOf } from "../../platform/time.ts";

/**
 * A row of `audit_events` without its organization, which the query names. `actor` and `details` are unparsed JSON;
 * `timestamp` is in milliseconds since the epoch.
 */
export type StoredEvent = Readonly<
  Omit<typeof auditEvents.$inferSelect, "organizationId" | "actor" | "details"> & { actor: string; details: string }
>;

function recordOf<T extends object>(json: string): T {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return value as T;
}

/** @throws {Error} when a column is not readable, which happens only after tampering */
function unhashed(organizationId: OrganizationId, { hash: _, ...row }: StoredEvent): Omit<AuditEvent, "hash"> {
  // Date drops a fraction of a millisecond, and the hash would still match.
  if (!Number.isSafeInteger(row.timestamp)) throw new TypeError("not a time");
  return {
    ...row,
    organizationId,
    actor: recordOf(row.actor),
    details: recordOf(row.details),
    timestamp: isoOf(row.timestamp),
  };
}

/** Whether the row still has the hash that was computed when it was written. */
export function isIntact(organizationId: OrganizationId, row: StoredEvent): boolean {
  try {
    return hashOf(unhashed(organizationId, row)) === row.hash;
  } catch {
    return false;
  }
}

/** The wire form of the event. A row that is not readable has its raw columns in `details.unreadable`. */
export function publicEvent(organizationId: OrganizationId, row: StoredEvent): AuditEvent {
  try {
    return { ...unhashed(organizationId, row), hash: row.hash };
  } catch {
    const { actor, details, timestamp } = row;
    return {
      ...row,
      organizationId,
      actor: { agentId: null, ip: "", userAgent: "" },
      details: { unreadable: { actor, details, timestamp } },
      timestamp: isoOf(0),
    };
  }
}

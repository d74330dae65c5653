/** An audit event as D1 holds it. Whoever can write to D1 can leave anything there, so nothing about a row is taken for granted. */
import { hashOf } from "../../ledger/chain.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { AgentId, EventId, OrganizationId } from "../../platform/ids.ts";
import { isoOf } from "../../platform/time.ts";

/** A row of `audit_events`, its JSON columns unparsed. The organization is known from the query. */
export interface StoredEvent {
  readonly sequence: number;
  readonly eventId: EventId;
  readonly agentId: AgentId | null;
  readonly action: string;
  readonly outcome: "success" | "failure";
  /** JSON text. */
  readonly actor: string;
  readonly target: string | null;
  /** JSON text. */
  readonly details: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly previousHash: string;
  readonly hash: string;
}

function recordOf<T extends object>(json: string): T {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return value as T;
}

/** @throws {Error} when a column cannot be read, which only tampering brings about */
function unhashed(organizationId: OrganizationId, row: StoredEvent): Omit<AuditEvent, "hash"> {
  // Date would quietly cut a fraction off, and the hash would still hold.
  if (!Number.isSafeInteger(row.timestamp)) throw new TypeError("not a time");
  return {
    eventId: row.eventId,
    sequence: row.sequence,
    organizationId,
    agentId: row.agentId,
    action: row.action,
    outcome: row.outcome,
    actor: recordOf(row.actor),
    target: row.target,
    details: recordOf(row.details),
    timestamp: isoOf(row.timestamp),
    previousHash: row.previousHash,
  };
}

/** Whether the row is what was hashed when it was written. */
export function isIntact(organizationId: OrganizationId, row: StoredEvent): boolean {
  try {
    return hashOf(unhashed(organizationId, row)) === row.hash;
  } catch {
    return false;
  }
}

/**
 * The event as callers see it. A row that cannot be read is shown with its raw columns under `details.unreadable`, so that
 * one spoilt row does not hide the others.
 */
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

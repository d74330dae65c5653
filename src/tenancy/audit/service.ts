/** The audit log: what an organization may read of it, and whether it is still what was written. */
import { z } from "@hono/zod-openapi";
import type { Caller } from "../../access/caller.ts";
import { type DomainEvent, entryOf, isAudited } from "../../events/catalogue.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { type Page, pageOf } from "../../platform/http/pagination.ts";
import type { EventId, OrganizationId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count, setGauge } from "../../platform/telemetry/recording.ts";
import { isoOrNull } from "../../platform/time.ts";
import { relayAndFlush } from "./evidence.ts";
import type { AuditVerification, EventQuery, VerificationQuery } from "./schema.ts";
import { findEvent, findEvents } from "./store.ts";
import { publicEvent } from "./stored-event.ts";
import { verifyLog } from "./verify-log.ts";

export { makeDueCheckpoints } from "./checkpoints/due.ts";
export { listCheckpoints } from "./checkpoints/list.ts";
export { exportEvents } from "./export.ts";
export { removeExpiredEvents } from "./retention.ts";
export { type Slice, verifySlice } from "./verify-slice.ts";

/** Hands the events of the audit log to the organization's ledger, which appends each to the chain once. */
export const auditSubscriber = {
  name: "audit",
  async handle(context: Context, organizationId: OrganizationId, events: readonly DomainEvent[]): Promise<void> {
    const audited = events.filter(({ action }) => isAudited(entryOf(action)));
    if (audited.length > 0) await ledgerOf(context, organizationId).record(audited);
  },
};

/** A page of the log, newest first. `agentId` asks for what happened to an agent, not for what it did. */
export async function listEvents(
  context: Context,
  caller: Caller,
  query: EventQuery,
): Promise<Result<Page<AuditEvent>>> {
  const { organizationId } = caller;
  const { agentId = null, action = null, outcome = null, from: fromMs = null, to: toMs = null } = query;
  const filter = { agentId, action, outcome, fromMs, toMs };
  return pageOf({ name: "audit", organizationId }, z.number(), query, {
    read: async ({ before, limit }) => {
      await relayAndFlush(context, organizationId);
      return findEvents(context, organizationId, filter, before, limit);
    },
    keyOf: ({ sequence }) => sequence,
    show: (row) => publicEvent(organizationId, row),
  });
}

/** One event, or `AUDIT_EVENT_NOT_FOUND`. */
export async function readEvent(context: Context, caller: Caller, eventId: EventId): Promise<Result<AuditEvent>> {
  const { organizationId } = caller;
  await relayAndFlush(context, organizationId);
  const row = await findEvent(context, organizationId, eventId);
  return row ? ok(publicEvent(organizationId, row)) : problem("AUDIT_EVENT_NOT_FOUND");
}

/**
 * Verifies the chain of the caller's organization, whole or over a time range, see `verify-log.ts`. Answers
 * `RATE_LIMIT_EXCEEDED` when the organization has asked too often.
 */
export async function verifyEvents(
  context: Context,
  caller: Caller,
  query: VerificationQuery,
): Promise<Result<AuditVerification>> {
  const { organizationId } = caller;
  const { admitted, retryAfterSeconds } = await ledgerOf(context, organizationId).admitTurn("verification");
  if (!admitted) {
    count("agentidp_rate_limit_rejections_total", { limit: "auditVerifications" });
    return problem("RATE_LIMIT_EXCEEDED", "An organization may verify its audit log 30 times a minute.", {
      headers: { "Retry-After": String(retryAfterSeconds) },
    });
  }
  const { fromDate: fromMs = null, toDate: toMs = null } = query;
  const { checkedCount, brokenAtEventId } = await verifyLog(context, organizationId, { fromMs, toMs });
  const verified = brokenAtEventId === null;
  // A part that is in order says nothing of the rest.
  const isWhole = fromMs === null && toMs === null;
  if (isWhole || !verified) setGauge("agentidp_audit_chain_integrity", verified ? 1 : 0, organizationId);
  return ok({
    verified,
    checkedCount,
    fromDate: isoOrNull(fromMs),
    toDate: isoOrNull(toMs),
    brokenAtEventId,
  });
}

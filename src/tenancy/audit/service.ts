/** The audit log: what an organization reads of it, and whether it is unchanged. */
import { z } from "@hono/zod-openapi";
import type { Caller } from "../../access/caller.ts";
import { type DomainEvent, entryOf, isAudited } from "../../events/catalogue.ts";
import { keyRecords } from "../../keys/service.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { filtered, type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import type { EventId, OrganizationId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOrNull } from "../../platform/time.ts";
import { publicGap, rangeOf } from "./accept-gap.ts";
import type { CheckpointView } from "./checkpoints/schema.ts";
import { findCheckpoints } from "./checkpoints/store.ts";
import { checkpointView } from "./checkpoints/view.ts";
import { relayAndFlush } from "./evidence.ts";
import { type PageInOrder, pageInOrder } from "./following.ts";
import { refuseManyVerifications } from "./limit.ts";
import { namedAgents } from "./named-agents.ts";

import type { AuditVerification, EventQuery, NamedAgents, VerificationQuery } from "./schema.ts";
import { findEvent, findEvents } from "./store.ts";
import { publicEvent } from "./stored-event.ts";
import { recordVerification } from "./verifications/record.ts";
import { verifyLog } from "./verify-log.ts";

export { acceptGap } from "./accept-gap.ts";
export { makeDueCheckpoints } from "./checkpoints/due.ts";
export { relayAndFlush } from "./evidence.ts";
export { eventsAfter, exportColumns, exportEvents, exportRows } from "./export.ts";
export { agentsNamed } from "./named-agents.ts";
export { removeExpiredEvents } from "./retention.ts";
export { findUnverified, summarizeVerifications, type VerificationSummary } from "./verifications/store.ts";
export { type Slice, verifySlice } from "./verify-log.ts";

/** Passes audited events to the organization's ledger, which appends each to the chain once. */
export const auditSubscriber = {
  name: "audit",
  async handle(context: Context, organizationId: OrganizationId, events: readonly DomainEvent[]): Promise<void> {
    const audited = events.filter(({ action }) => isAudited(entryOf(action)));
    if (audited.length > 0) await ledgerOf(context, organizationId).record(audited);
  },
};

function pageNewestFirst(context: Context, organizationId: OrganizationId, query: EventQuery) {
  const { order: _, ...filter } = query;
  return pageOf(filtered({ name: "audit", organizationId }, filter), z.number(), query, {
    read: async ({ before, limit }) => {
      await relayAndFlush(context, organizationId);
      return findEvents(context, organizationId, filter, before, limit);
    },
    keyOf: ({ sequence }) => sequence,
    show: (row) => publicEvent(organizationId, row),
  });
}

/**
 * A page of the log with the agents that it names, newest first or, for a follower, oldest first (see `following.ts`). `agentId`
 * selects what happened to an agent, not what the agent did.
 */
export async function listEvents(
  context: Context,
  { organizationId }: Caller,
  query: EventQuery,
): Promise<Result<(Page<AuditEvent> | PageInOrder) & { readonly agents: NamedAgents }>> {
  const read = query.order === "asc" ? pageInOrder : pageNewestFirst;
  const page = await read(context, organizationId, query);
  return page.ok ? ok({ ...page.value, agents: await namedAgents(context, organizationId, page.value.data) }) : page;
}

/** One event, or `AUDIT_EVENT_NOT_FOUND`. */
export async function readEvent(
  context: Context,
  { organizationId }: Caller,
  eventId: EventId,
): Promise<Result<AuditEvent>> {
  await relayAndFlush(context, organizationId);
  const row = await findEvent(context, organizationId, eventId);
  return row ? ok(publicEvent(organizationId, row)) : problem("AUDIT_EVENT_NOT_FOUND");
}

/** A page of the checkpoints, newest first. */
export async function listCheckpoints(
  context: Context,
  { organizationId }: Caller,
  request: PageRequest,
): Promise<Result<Page<CheckpointView>>> {
  return pageOf({ name: "audit-checkpoints", organizationId }, z.number(), request, {
    read: async ({ before, limit }) => {
      const [rows, keys] = await Promise.all([
        findCheckpoints(context, organizationId, before, limit),
        keyRecords(context),
      ]);
      return rows.map((row) => ({ ...row, key: keys.get(row.kid) }));
    },
    keyOf: ({ sequence }) => sequence,
    show: ({ key, ...row }) => checkpointView(row, key),
  });
}

/**
 * Verifies the log of the caller's organization, whole or over a time range, see `verify-log.ts`. Returns
 * `RATE_LIMIT_EXCEEDED` after 30 verifications in a minute.
 */
export async function verifyEvents(
  context: Context,
  { organizationId }: Caller,
  query: VerificationQuery,
): Promise<Result<AuditVerification>> {
  const { fromDate: fromMs = null, toDate: toMs = null } = query;
  const limited = await refuseManyVerifications(context, organizationId);
  if (limited) return limited;
  const startedAtMs = context.now();
  const { checkedCount, fault, accepted } = await verifyLog(context, organizationId, { fromMs, toMs });
  const verified = fault === null;
  const isWhole = fromMs === null && toMs === null;
  const finished = { startedAtMs, isWhole, events: checkedCount, isIntact: verified };
  await recordVerification(context, organizationId, finished);
  return ok({
    verified,
    checkedCount,
    fromDate: isoOrNull(fromMs),
    toDate: isoOrNull(toMs),
    brokenAtEventId: fault?.brokenAtEventId ?? null,
    missing: fault?.missing ? rangeOf(fault.missing) : null,
    gaps: accepted.map(publicGap),
  });
}

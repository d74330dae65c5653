/**
 * The log in its order, for a reader that follows it: every event once, none skipped in silence. D1 gets the events in the order of the
 * chain, and a page ends where the ledger has written everything to, so no event appears before an earlier one.
 */
import { z } from "@hono/zod-openapi";
import type { AuditEvent, Gap } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { decodeCursor, encodeCursor, filtered, type Page, page } from "../../platform/http/pagination.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { invalid, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { relayAndFlush } from "./evidence.ts";
import type { EventQuery } from "./schema.ts";
import { findEventsInOrder } from "./store.ts";
import { publicEvent } from "./stored-event.ts";

type Range = Pick<Gap, "fromSequence" | "toSequence">;

/** The sequences that are missing between two positions, when all others between them are `present`, in their order. */
function missingBetween(after: number, present: readonly number[], through: number): Range[] {
  return [...present, through + 1].flatMap((sequence, index) => {
    const previous = present[index - 1] ?? after;
    return sequence > previous + 1 ? [{ fromSequence: previous + 1, toSequence: sequence - 1 }] : [];
  });
}

/** The parts of the gaps with `after` < sequence ≤ `through`. */
function gapsBetween(after: number, gaps: readonly Gap[], through: number): Range[] {
  return gaps
    .map(({ fromSequence, toSequence }) => ({
      fromSequence: Math.max(fromSequence, after + 1),
      toSequence: Math.min(toSequence, through),
    }))
    .filter(({ fromSequence, toSequence }) => fromSequence <= toSequence)
    .sort((one, other) => one.fromSequence - other.fromSequence);
}

/** A page in the order of the chain. */
export interface PageInOrder extends Page<AuditEvent> {
  /** Where the next page starts, also when there is none yet. */
  readonly nextAfterSequence: number;
  /** The events up to there that the log does not have: of a filtered page only those in accepted gaps. */
  readonly missing: Range[];
}

/**
 * A page of the log, oldest first, from a position on.
 *
 * @returns `AUDIT_EVENTS_REMOVED` when retention has removed events after the position; `VALIDATION_ERROR` for a position after the
 *   end of the log, which only a log can have that has lost its end, and for a cursor of another list
 */
export async function pageInOrder(
  context: Context,
  organizationId: OrganizationId,
  query: EventQuery,
): Promise<Result<PageInOrder>> {
  const { afterSequence = 0, limit, cursor, order: _, ...filter } = query;
  const list = filtered({ name: "audit", organizationId }, query);
  const from = decodeCursor(list, z.int().min(0), cursor);
  if (!from.ok) return from;
  const position = from.value ?? afterSequence;
  const { sequence: head, gaps } = await relayAndFlush(context, organizationId);
  if (position > head) {
    const message = `must be at most ${head}, the sequence of the last event`;
    return invalid([{ path: "afterSequence", message, received: position }]);
  }
  const span = { after: position, through: head };
  const { rows, removedThrough } = await findEventsInOrder(context, organizationId, filter, span, limit + 1);
  if (position > 0 && position < removedThrough) {
    return problem("AUDIT_EVENTS_REMOVED", undefined, { details: { firstSequence: removedThrough + 1 } });
  }
  const { data, nextCursor } = page(rows, limit, (last) => encodeCursor(list, last.sequence));
  const start = Math.max(position, removedThrough);
  const nextAfterSequence = (nextCursor === null ? null : data.at(-1)?.sequence) ?? head;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const sequences = data.map(({ sequence }) => sequence);
  return ok({
    data: data.map((row) => publicEvent(organizationId, row)),
    nextCursor,
    nextAfterSequence,
    missing: isFiltered
      ? gapsBetween(start, gaps, nextAfterSequence)
      : missingBetween(start, sequences, nextAfterSequence),
  });
}

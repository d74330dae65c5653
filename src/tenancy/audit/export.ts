/** The log as a whole, for whoever keeps a copy. */

import type { Caller } from "../../access/caller.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { relayAndFlush } from "./evidence.ts";
import type { ExportQuery } from "./schema.ts";
import { eventPages, findSequencesWithin, type TimeRange } from "./store.ts";
import { publicEvent } from "./stored-event.ts";

/** The events of a time range up to this moment, oldest first. Each page is read when it is asked for. */
export async function exportEvents(
  context: Context,
  { organizationId }: Caller,
  query: ExportQuery,
): Promise<Result<AsyncGenerator<readonly AuditEvent[], void, void>>> {
  const range: TimeRange = { fromMs: query.from ?? null, toMs: query.to ?? null };
  const head = await relayAndFlush(context, organizationId);
  const isWhole = range.fromMs === null && range.toMs === null;
  const span = isWhole ? null : await findSequencesWithin(context, organizationId, range, head.sequence);
  const after = span ? span.first - 1 : null;
  const through = isWhole ? head.sequence : (span?.last ?? 0);
  async function* pages() {
    for await (const page of eventPages(context, organizationId, after, through, range)) {
      yield page.map((row) => publicEvent(organizationId, row));
    }
  }
  return ok(pages());
}

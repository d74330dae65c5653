/** Exports of the log: its events, on request with the agents that they name, and with what proves them without the service. */
import type { Caller } from "../../access/caller.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { isoOrNull } from "../../platform/time.ts";
import { makeCheckpointsOf } from "./checkpoints/due.ts";
import { checkpointKeys } from "./checkpoints/signing.ts";
import { findCheckpointsBetween, findLastCheckpoint } from "./checkpoints/store.ts";
import { checkpointView } from "./checkpoints/view.ts";
import { relayAndFlush } from "./evidence.ts";
import { withAgents } from "./named-agents.ts";
import type { ExportQuery } from "./schema.ts";
import { eventPages, findSequencesWithin, type TimeRange } from "./store.ts";
import { publicEvent } from "./stored-event.ts";

type Lines = AsyncGenerator<readonly object[], void, void>;

/** The members of all lines, in the order of the columns of CSV. */
export const exportColumns = [
  "type",
  "sequence",
  "timestamp",
  "action",
  "outcome",
  "agentId",
  "target",
  "actor",
  "details",
  "eventId",
  "organizationId",
  "previousHash",
  "hash",
  "email",
  "jws",
  "publicKeyJwk",
  "keyCompromisedAt",
] as const;

/** The lines as rows of {@link exportColumns}: every row has a type. */
export async function* exportRows(lines: Lines): Lines {
  for await (const page of lines) yield page.map((line) => ({ type: "event", ...line }));
}

/** Checkpoints in one query. */
const checkpointPage = 500;

/** The events after a sequence (null: all) and up to another one, oldest first, within a time range. Each page is read on demand. */
export async function* eventsAfter(
  context: Context,
  organizationId: OrganizationId,
  after: number | null,
  through: number,
  range?: TimeRange,
): AsyncGenerator<readonly AuditEvent[], void, void> {
  for await (const page of eventPages(context, organizationId, after, through, range)) {
    yield page.map((row) => publicEvent(organizationId, row));
  }
}

/** Signs the end of the log, unless it is signed. @returns the signed sequence, which is in D1 */
async function signEnd(context: Context, organizationId: OrganizationId, sequence: number): Promise<number> {
  const { distrustedKids } = await checkpointKeys(context);
  const last = () => findLastCheckpoint(context, { organizationId, distrustedKids });
  if (((await last())?.sequence ?? 0) < sequence) await makeCheckpointsOf(context, organizationId, sequence, true);
  const signed = (await last())?.sequence ?? 0;
  // Events that came meanwhile are signed, too.
  if (signed > sequence) await relayAndFlush(context, organizationId);
  return Math.max(signed, sequence);
}

/** Adds the checkpoints from `first` on, the keys of the service that sign checkpoints, and how many lines of each kind there are. */
async function* withProof(
  context: Context,
  organizationId: OrganizationId,
  pages: Lines,
  first: number,
  through: number,
): Lines {
  const { records, distrustedKids } = await checkpointKeys(context);
  let events = 0;
  for await (const page of pages) {
    events += page.filter((line) => !("type" in line)).length;
    yield page;
  }
  let checkpoints = 0;
  for (let after = first - 1; ; ) {
    const trusted = { organizationId, distrustedKids };
    const found = await findCheckpointsBetween(context, trusted, after, through, checkpointPage);
    yield found.map((row) => ({ type: "checkpoint", ...checkpointView(row, records.get(row.kid)) }));
    checkpoints += found.length;
    const end = found.at(-1);
    if (!end || found.length < checkpointPage) break;
    after = end.sequence;
  }
  const signing = [...records.values()].filter(({ alg }) => alg === "ES256");
  const keys = signing.map(({ publicJwk, compromisedAtMs }) => {
    return { type: "key", publicKeyJwk: publicJwk, keyCompromisedAt: isoOrNull(compromisedAtMs) };
  });
  yield [...keys, { type: "end", details: { events, checkpoints, keys: keys.length } }];
}

/** The events of a time range up to now, oldest first. Each page is read on demand. */
export async function exportEvents(context: Context, { organizationId }: Caller, query: ExportQuery): Promise<Lines> {
  const { from: fromMs = null, to: toMs = null, agents, checkpoints } = query;
  const isProven = checkpoints === "true";
  const { sequence } = await relayAndFlush(context, organizationId);
  const reachesNow = toMs === null || toMs >= context.now();
  const end = isProven && reachesNow && sequence > 0 ? await signEnd(context, organizationId, sequence) : sequence;
  const isWhole = fromMs === null && toMs === null;
  const span = isWhole ? null : await findSequencesWithin(context, organizationId, { fromMs, toMs }, end);
  const after = span ? span.first - 1 : null;
  const through = isWhole ? end : (span?.last ?? 0);
  const events = eventsAfter(context, organizationId, after, through, { fromMs, toMs });
  const lines: Lines = agents === "true" ? withAgents(context, organizationId, events) : events;
  return isProven ? withProof(context, organizationId, lines, after ?? 0, through) : lines;
}

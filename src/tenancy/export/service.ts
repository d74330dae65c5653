/** The export of an organization: all that the service holds of it, but for secrets, their hashes and private keys. */
import { refuseUnlessAdmin } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { newEvents } from "../../events/outbox.ts";
import { keyRecords } from "../../keys/service.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { decodeCursor, encodeCursor, type List } from "../../platform/http/pagination.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { invalid } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOrNull } from "../../platform/time.ts";
import { eventsAfter, relayAndFlush } from "../audit/service.ts";
import { readOrganization } from "../organizations/service.ts";
import { readTierStatus } from "../tiers/service.ts";
import { lineOf } from "./lines.ts";
import { type Key, type PageOfLines, type Position, partOf, type Section } from "./parts.ts";
import { positionSchema } from "./schema.ts";
import { keyOf, rowsAfter, type StoredType, stored } from "./store.ts";

/** Rows in a page. */
const pageSize = 500;
/** Pages in one part: each is one or two queries, and an invocation may query D1 a thousand times. A part has at most 600,000 lines. */
const mostPages = 300;

async function* storedPages(
  context: Context,
  type: StoredType,
  organizationId: OrganizationId,
  from: Key | null,
): AsyncGenerator<PageOfLines, void, void> {
  for (let after = from; ; ) {
    const rows = await rowsAfter(context, type, organizationId, after, pageSize);
    const end = rows.at(-1);
    if (!end) return;
    after = keyOf(type, end);
    yield { lines: rows.map((row) => lineOf(type, row)), last: after };
    if (rows.length < pageSize) return;
  }
}

/** A section of one page. */
const single = (type: string, read: () => Promise<readonly object[]>): Section => ({
  type,
  async *pages() {
    yield { lines: await read(), last: null };
  },
});

/**
 * The sections in their order. Counts and the limits come from the ledger, the events as the audit log shows them.
 *
 * @param through the last event
 */
function sectionsOf(context: Context, organizationId: OrganizationId, through: number): readonly Section[] {
  const types = Object.keys(stored) as StoredType[];
  return [
    ...types.map((type) => ({
      type,
      pages: (after: Key | null) => storedPages(context, type, organizationId, after),
    })),
    single("usage", async () => {
      const status = await readTierStatus(context, { organizationId });
      return status.ok ? [status.value] : [];
    }),
    single("signing_key", async () => {
      const keys = [...(await keyRecords(context)).values()];
      return keys.map(({ publicJwk, compromisedAtMs }) => ({ publicJwk, compromisedAt: isoOrNull(compromisedAtMs) }));
    }),
    {
      type: "audit_event",
      async *pages(after) {
        for await (const lines of eventsAfter(context, organizationId, after && Number(after[0]), through)) {
          yield { lines, last: [lines.at(-1)?.sequence ?? through] };
        }
      },
    },
  ];
}

const listOf = (organizationId: OrganizationId): List => ({ name: "export", organizationId });

/** A request for an export that may be answered. */
interface Granted {
  /** Without its extension. */
  readonly fileName: string;
  /** Where the part begins; null: at the beginning. */
  readonly from: Position | null;
}

/**
 * Checks a request for an export, and exports nothing: the caller's own organization, or any for the operator.
 *
 * @returns `FORBIDDEN` unless the caller is an admin now, `ORGANIZATION_NOT_FOUND`, `VALIDATION_ERROR` for a cursor of another export
 */
export async function checkExport(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  cursor: string | undefined,
): Promise<Result<Granted>> {
  const refusal = refuseUnlessAdmin(caller);
  if (refusal) return refusal;
  const organization = await readOrganization(context, caller, organizationId);
  if (!organization.ok) return organization;
  const position = decodeCursor(listOf(organizationId), positionSchema, cursor);
  if (!position.ok) return position;
  const from = position.value ?? null;
  if (from && !isPosition(from)) return invalid([{ path: "cursor", message: "is not a cursor of this export" }]);
  return ok({ fileName: `organization-${organization.value.slug}`, from });
}

/**
 * Exports an organization. An event of its audit log says so before the first line.
 *
 * @returns the name of a file, and the lines of one part in pages that are read on demand; the errors of {@link checkExport}
 */
export async function exportOrganization(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
  cursor: string | undefined,
): Promise<Result<{ readonly fileName: string; readonly pages: AsyncGenerator<readonly object[], void, void> }>> {
  const granted = await checkExport(context, caller, organizationId, cursor);
  if (!granted.ok) return granted;
  const { fileName, from } = granted.value;
  const events = newEvents(context, caller, {
    organizationId,
    action: "organization.exported",
    agentId: null,
    target: organizationId,
    details: from ? { from: from.section } : {},
  });
  for (const event of events) await ledgerOf(context, event.organizationId).append(event);
  const { sequence } = await relayAndFlush(context, organizationId);
  const sections = sectionsOf(context, organizationId, sequence);
  return ok({
    fileName,
    pages: partOf(sections, from, mostPages, (next) => encodeCursor(listOf(organizationId), next)),
  });
}

/** Whether a position has the form of one that an export names. */
function isPosition({ section, after }: Position): boolean {
  if (Object.hasOwn(stored, section))
    return after === null || after.length === stored[section as StoredType].key.length;
  if (section === "audit_event") return after === null || (after.length === 1 && typeof after[0] === "number");
  return after === null && ["usage", "signing_key"].includes(section);
}

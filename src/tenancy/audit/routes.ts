/** `/audit`: reads and verifies the log of the organization. */
import verifier from "../../../scripts/verify-audit-log.mjs";
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { csv } from "../../platform/http/csv.ts";
import { textLike } from "../../platform/http/fields.ts";
import { jsonLines, jsonLinesType } from "../../platform/http/json-stream.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { checkpointPageSchema } from "./checkpoints/schema.ts";
import {
  acceptedGapSchema,
  acceptGapSchema,
  auditEventSchema,
  auditVerificationSchema,
  eventPageSchema,
  eventParamsSchema,
  eventQuerySchema,
  exportQuerySchema,
  verificationQuerySchema,
} from "./schema.ts";
import {
  acceptGap,
  exportColumns,
  exportEvents,
  exportRows,
  listCheckpoints,
  listEvents,
  readEvent,
  verifyEvents,
} from "./service.ts";

export const auditRoutes = createRouter();

/** At the root: the program that verifies an export without the service, as a download. */
export const toolRoutes = createRouter();

const definition = { method: "get" as const, access: "audit:read" as const, tags: ["Audit log"] };

const list = route({
  ...definition,
  path: "/audit",
  operationId: "listAuditEvents",
  summary: "List events",
  sdk: { call: "audit.list", retry: "read" },
  description:
    "Newest first. Includes the events of the caller's own earlier requests. To follow the log, read it with `order=asc` and pass `nextAfterSequence` of each answer as `afterSequence` of the next request: every event comes once, in the order of the chain. An answer without events means that nothing is new.",
  request: { query: eventQuerySchema },
  responses: { 200: json(eventPageSchema, "A page of events") },
  errors: ["AUDIT_EVENTS_REMOVED"],
});

const verify = route({
  ...definition,
  path: "/audit/verify",
  operationId: "verifyAuditChain",
  summary: "Verify the chain",
  sdk: { call: "audit.verify", retry: "read" },
  description:
    "Recomputes every hash, checks every link, and compares the chain with the signed checkpoints and with its end in the ledger. " +
    "An organization may do this 30 times a minute.",
  request: { query: verificationQuerySchema },
  responses: { 200: json(auditVerificationSchema, "The result of the verification") },
});

const checkpoints = route({
  ...definition,
  path: "/audit/checkpoints",
  operationId: "listAuditCheckpoints",
  summary: "List checkpoints",
  sdk: { call: "audit.checkpoints", retry: "read" },
  description:
    "Newest first. The service signs the position of the chain after every hour with new events, and at every 10,000th event. " +
    "Keep the checkpoints elsewhere: after a change of an earlier event the log does not lead to their hashes.",
  request: { query: pageQuery },
  responses: { 200: json(checkpointPageSchema, "A page of checkpoints") },
});

const exporting = route({
  ...definition,
  path: "/audit/export",
  operationId: "exportAuditEvents",
  summary: "Export events",
  sdk: { call: "audit.export", retry: "read" },
  description:
    "All events up to now, or the events of a time range, oldest first, one event per line or row. A failed export breaks the connection: " +
    "a response that ends normally is complete. Export more than a million events in several time ranges.",
  request: { query: exportQuerySchema },
  responses: {
    200: {
      description: "The events as newline-delimited JSON, or as CSV (RFC 4180) with a row of names",
      content: {
        [jsonLinesType]: {
          schema: textLike('{"eventId":"0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10","sequence":1}\n').openapi({
            description: "One AuditEvent per line, here cut; a line with `type` is no event",
          }),
        },
        "text/csv": {
          schema: textLike(
            "type,sequence,timestamp,action,outcome,…\r\nevent,1,2026-11-22T09:29:58.001Z,organization.created,success,…\r\n",
          ).openapi({
            description:
              "Here cut. `type` is `event` for an event. `actor`, `details` and `publicKeyJwk` are JSON. A cell that begins with `=`, `+`, `-`, `@`, an apostrophe, a tab or a carriage return has an apostrophe before it",
          }),
        },
      },
    },
  },
});

const accept = route({
  method: "post",
  path: "/audit/gaps",
  access: "admin:orgs",
  changesAuthority: true,
  tags: ["Audit log"],
  operationId: "acceptAuditGap",
  summary: "Accept a gap",
  sdk: { call: "audit.acceptGap", retry: "keyed" },
  description:
    "For admins of the operator's organization, after a restore of the database that lost events. Verifies the whole log. The gap must be the first one that is not accepted, with exactly this extent, and every other event must fit. " +
    "An event in the log, a signed checkpoint and every later verification name the gap. A repeated call changes nothing and returns the first acceptance.",
  request: { body: { required: true, ...json(acceptGapSchema, "The gap, and why the events are missing") } },
  responses: { 201: json(acceptedGapSchema, "The accepted gap") },
  errors: ["ORGANIZATION_NOT_FOUND", "AUDIT_GAP_MISMATCH"],
});

const read = route({
  ...definition,
  path: "/audit/{eventId}",
  operationId: "readAuditEvent",
  summary: "Read one event",
  sdk: { call: "audit.get", retry: "read" },
  request: { params: eventParamsSchema },
  responses: { 200: json(auditEventSchema, "The event") },
  errors: ["AUDIT_EVENT_NOT_FOUND"],
});

auditRoutes.openapi(list, async (c) => {
  return answer(c, await listEvents(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

// These routes come before the route of one event, which would match "verify" as an id.
auditRoutes.openapi(verify, async (c) => {
  return answer(c, await verifyEvents(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

auditRoutes.openapi(checkpoints, async (c) => {
  return answer(c, await listCheckpoints(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

auditRoutes.openapi(exporting, async (c) => {
  const query = c.req.valid("query");
  const lines = await exportEvents(c.get("context"), c.get("caller"), query);
  return query.format === "csv" ? csv(c, exportColumns, exportRows(lines), "audit") : jsonLines(c, lines, "audit");
});

auditRoutes.openapi(accept, async (c) => {
  return answer(c, await once(c, (context) => acceptGap(context, c.get("caller"), c.req.valid("json"))), 201);
});

auditRoutes.openapi(read, async (c) => {
  const { eventId } = c.req.valid("param");
  return answer(c, await readEvent(c.get("context"), c.get("caller"), eventId), 200);
});

toolRoutes.get("/tools/verify-audit-log.mjs", (c) =>
  c.body(verifier, 200, {
    "Content-Type": "text/javascript; charset=utf-8",
    "Content-Disposition": 'attachment; filename="verify-audit-log.mjs"',
    "Cache-Control": "public, max-age=300",
  }),
);

/** `/audit`: read and verify the organization's log. */
import { z } from "@hono/zod-openapi";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { jsonLines, jsonLinesType } from "../../platform/http/json-stream.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  auditEventSchema,
  auditVerificationSchema,
  checkpointPageSchema,
  eventPageSchema,
  eventParamsSchema,
  eventQuerySchema,
  exportQuerySchema,
  verificationQuerySchema,
} from "./schema.ts";
import { exportEvents, listCheckpoints, listEvents, readEvent, verifyEvents } from "./service.ts";

export const auditRoutes = createRouter();

const tags = ["Audit log"];

const list = route({
  method: "get",
  path: "/audit",
  access: "audit:read",
  tags,
  operationId: "listAuditEvents",
  summary: "List events",
  description: "Newest first. What the caller has just done is in it.",
  request: { query: eventQuerySchema },
  responses: { 200: json(eventPageSchema, "A page of events") },
});

const verify = route({
  method: "get",
  path: "/audit/verify",
  access: "audit:read",
  tags,
  operationId: "verifyAuditChain",
  summary: "Verify the chain",
  description:
    "Recomputes every hash, follows every link and compares with the signed checkpoints and the end of the chain that the ledger knows. " +
    "At most 30 times a minute for an organization.",
  request: { query: verificationQuerySchema },
  responses: { 200: json(auditVerificationSchema, "What was found") },
});

const checkpoints = route({
  method: "get",
  path: "/audit/checkpoints",
  access: "audit:read",
  tags,
  operationId: "listAuditCheckpoints",
  summary: "List checkpoints",
  description:
    "Newest first. Every hour in which the log has grown, and at every 10,000th event, the service signs where it stands. " +
    "Keep them elsewhere: a log that was changed before a checkpoint does not lead to its hash.",
  request: { query: pageQuery },
  responses: { 200: json(checkpointPageSchema, "A page of checkpoints") },
});

const exporting = route({
  method: "get",
  path: "/audit/export",
  access: "audit:read",
  tags,
  operationId: "exportAuditEvents",
  summary: "Export events",
  description:
    "All events up to now, or those of a time range, oldest first, an event a line. An export that breaks off in the middle " +
    "ends the connection; it never ends in order without being complete. Ask for more than a million events in parts.",
  request: { query: exportQuerySchema },
  responses: {
    200: {
      description: "The events as newline-delimited JSON",
      content: { [jsonLinesType]: { schema: z.string().openapi({ description: "One AuditEvent a line" }) } },
    },
  },
});

const read = route({
  method: "get",
  path: "/audit/{eventId}",
  access: "audit:read",
  tags,
  operationId: "readAuditEvent",
  summary: "Read one event",
  request: { params: eventParamsSchema },
  responses: { 200: json(auditEventSchema, "The event") },
  errors: ["AUDIT_EVENT_NOT_FOUND"],
});

auditRoutes.openapi(list, async (c) => {
  return answer(c, await listEvents(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

// These before the route of one event, which would take "verify" for an id.
auditRoutes.openapi(verify, async (c) => {
  return answer(c, await verifyEvents(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

auditRoutes.openapi(checkpoints, async (c) => {
  return answer(c, await listCheckpoints(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

auditRoutes.openapi(exporting, async (c) => {
  const result = await exportEvents(c.get("context"), c.get("caller"), c.req.valid("query"));
  return result.ok ? jsonLines(c, result.value, "audit") : fail(c, result);
});

auditRoutes.openapi(read, async (c) => {
  const { eventId } = c.req.valid("param");
  return answer(c, await readEvent(c.get("context"), c.get("caller"), eventId), 200);
});

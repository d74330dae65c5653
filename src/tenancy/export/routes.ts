/** `/organizations/{orgId}/export`: all that the service holds of an organization. */
import { z } from "@hono/zod-openapi";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { textLike } from "../../platform/http/fields.ts";
import { jsonLines, jsonLinesType } from "../../platform/http/json-stream.ts";
import { fail } from "../../platform/http/respond.ts";
import { organizationIdSchema } from "../../platform/ids.ts";
import { exportQuerySchema } from "./schema.ts";
import { checkExport, exportOrganization } from "./service.ts";

export const exportRoutes = createRouter();

const exporting = route({
  method: "get",
  path: "/organizations/{orgId}/export",
  operationId: "exportOrganization",
  access: "admin:orgs",
  tags: ["Organizations"],
  summary: "Export an organization",
  sdk: { call: "organizations.export", retry: "read" },
  description:
    "All that the service holds of an organization, one JSON object with a `type` per line: the organization, its domains, resources, agents, public keys, credentials, trust policies, partners, delegations, webhooks with their deliveries, counts, billing account, and audit log with its checkpoints. No secret, no hash of one and no private key. The operator's organization exports any organization, every other one only itself. " +
    'The last line is `{ type: "end", counts, nextCursor }`; a response without it is not complete. A response has at most 600,000 lines; where `nextCursor` is not null, request the next part with it. Each GET is an event `organization.exported`; HEAD exports nothing.',
  request: { params: z.object({ orgId: organizationIdSchema }), query: exportQuerySchema },
  responses: {
    200: {
      description: "A part of the export as newline-delimited JSON",
      content: {
        [jsonLinesType]: {
          schema: textLike('{"type":"end","counts":{"agents":0},"nextCursor":null}\n').openapi({
            description: "One object with a `type` per line",
          }),
        },
      },
    },
  },
  errors: ["FORBIDDEN", "ORGANIZATION_NOT_FOUND"],
});

exportRoutes.openapi(exporting, async (c) => {
  const [context, caller, { orgId }] = [c.get("context"), c.get("caller"), c.req.valid("param")];
  const { cursor } = c.req.valid("query");
  // Hono takes the handler of GET for HEAD, too. It has no pages, so no export may be in the log.
  if (c.req.method === "HEAD") {
    const granted = await checkExport(context, caller, orgId, cursor);
    return granted.ok ? jsonLines(c, null, granted.value.fileName) : fail(c, granted);
  }
  const result = await exportOrganization(context, caller, orgId, cursor);
  return result.ok ? jsonLines(c, result.value.pages, result.value.fileName) : fail(c, result);
});

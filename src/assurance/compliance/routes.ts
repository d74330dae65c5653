/** The compliance report, agent cards in the formats of others, and badges. */
import { z } from "@hono/zod-openapi";
import type { Caller } from "../../access/caller.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { textLike } from "../../platform/http/fields.ts";
import { jsonArray } from "../../platform/http/json-stream.ts";
import { fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { agentIdSchema } from "../../platform/ids.ts";
import { agentCardListSchema, cardQuerySchema, reportHeaders, reportSchema } from "./schema.ts";
import { issueBadge, listAgentCards, readReport } from "./service.ts";

const tags = ["Compliance"];

/** Relative to `/api/v1`. */
export const complianceRoutes = createRouter();

complianceRoutes.openapi(
  route({
    method: "get",
    path: "/compliance/report",
    access: "bearer",
    tags,
    operationId: "readComplianceReport",
    summary: "Read the compliance report",
    sdk: { call: "compliance.report", retry: "read" },
    description:
      "For auditors, measured within the last five minutes: the identity of each active agent, the audit trail, the credentials and the partners. A section with `warn` needs attention; one with `fail` has a fault.",
    responses: { 200: { ...json(reportSchema, "The report"), headers: reportHeaders } },
    errors: ["COMPLIANCE_DISABLED"],
  }),
  async (c) => {
    const result = await readReport(c.get("context"), c.get("caller"));
    if (!result.ok) return fail(c, result);
    c.header("X-Cache", result.value.from_cache ? "HIT" : "MISS");
    return c.json(result.value, 200);
  },
);

complianceRoutes.openapi(
  route({
    method: "get",
    path: "/compliance/agent-cards",
    access: "agents:read",
    tags,
    operationId: "listAgentCards",
    summary: "List the cards of all agents",
    sdk: { call: "compliance.agentCards", retry: "read" },
    description:
      "All active agents of the caller's organization, oldest first, in one streamed answer, for a registry or a directory. `format` selects the format of the cards.",
    request: { query: cardQuerySchema },
    responses: {
      200: json(agentCardListSchema, "The cards"),
    },
    errors: ["COMPLIANCE_DISABLED"],
  }),
  async (c) => {
    const result = await listAgentCards(c.get("context"), c.get("caller"), c.req.valid("query"));
    return result.ok ? jsonArray(c, result.value) : fail(c, result);
  },
);

const badgeType = "application/jwt";

complianceRoutes.openapi(
  route({
    method: "get",
    path: "/agents/{agentId}/badge",
    access: "optional",
    tags,
    operationId: "readAgentBadge",
    summary: "Get an agent's badge",
    sdk: { call: "agents.badge", retry: "read" },
    description:
      "A W3C Verifiable Credential (VC Data Model 1.1, JWT) of type `AgentBadge`: the service asserts the agent's OASF record. The DID document of the issuer, the service, is enough to verify it. It is valid for a day. Without a token: for a public active agent. With a token: also for any active agent of the token's organization.",
    request: { params: z.object({ agentId: agentIdSchema }) },
    responses: {
      200: {
        description: "The credential, a compact JWS",
        content: { [badgeType]: { schema: textLike("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9…") } },
      },
    },
    errors: ["AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const caller: Caller | undefined = c.get("caller");
    const result = await issueBadge(c.get("context"), caller ?? null, c.req.valid("param").agentId);
    if (!result.ok) return fail(c, result);
    if (result.value.isPublic) c.header("Cache-Control", "public, max-age=60");
    return c.body(result.value.jwt, 200, { "Content-Type": badgeType });
  },
);

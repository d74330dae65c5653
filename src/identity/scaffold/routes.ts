/** `/sdk/scaffold/{agentId}`: a project to start from. */
import { z } from "@hono/zod-openapi";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { isKnown, isMatched } from "../../platform/http/entity-tags.ts";
import { fail } from "../../platform/http/respond.ts";
import { problem } from "../../platform/problems/problems.ts";
import { published } from "./published.ts";
import { scaffoldPath, scaffoldQuerySchema } from "./schema.ts";
import { makeScaffold, noteScaffold } from "./service.ts";

export const scaffoldRoutes = createRouter();

const unpublished = Object.entries(published).flatMap(([language, version]) => (version === null ? [language] : []));

const generate = route({
  method: "get",
  path: "/sdk/scaffold/{agentId}",
  access: "agents:read",
  entityTag: true,
  tags: ["Agents"],
  operationId: "generateScaffold",
  summary: "Generate a starter project",
  sdk: { call: "scaffold.generate", retry: "read" },
  description: [
    "A project that signs in as the agent, delegates and verifies webhooks, as a ZIP archive with one folder. It has no secret: the agent's id and the address of this service are in `.env.example`.",
    unpublished.length > 0
      ? ` It calls the API by plain HTTP in a language without a published SDK: ${unpublished.join(", ")}.`
      : "",
    " The same agent, language and version of the service give the same bytes. An organization may generate 10 projects a minute. Each GET with a 200 is an event `agent.scaffolded`.",
  ].join(""),
  request: { params: scaffoldPath, query: scaffoldQuerySchema },
  responses: {
    200: {
      description: "The project",
      content: { "application/zip": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
  errors: ["AGENT_NOT_FOUND", "AGENT_ALREADY_DECOMMISSIONED"],
});

scaffoldRoutes.openapi(generate, async (c) => {
  const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
  const made = await makeScaffold(context, caller, c.req.valid("param").agentId, c.req.valid("query").language);
  if (!made.ok) return fail(c, made);
  const { bytes, fileName, entityTag } = made.value;
  if (!isMatched(preconditions, entityTag)) return fail(c, problem("PRECONDITION_FAILED"));
  if (isKnown(preconditions, entityTag)) return c.body(null, 304, { ETag: entityTag });
  // Hono takes the handler of GET for HEAD, too. That hands out no project.
  const isHead = c.req.method === "HEAD";
  const limited = isHead ? null : await noteScaffold(context, caller, made.value);
  if (limited) return fail(c, limited);
  return c.newResponse(isHead ? null : bytes, 200, {
    "Content-Type": "application/zip",
    "Content-Disposition": `attachment; filename="${fileName}"`,
    ETag: entityTag,
  });
});

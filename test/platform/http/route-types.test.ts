/** What `route()` promises to the compiler. `npm run check` fails when one of the expected errors is none. */
import { z } from "@hono/zod-openapi";
import { expect, it } from "vitest";
import { route } from "../../../src/access/route.ts";
import { createRouter } from "../../../src/access/router.ts";
import { fail } from "../../../src/platform/http/respond.ts";
import { json } from "../../../src/platform/http/route.ts";
import { type AgentId, agentIdSchema } from "../../../src/platform/ids.ts";
import { problem } from "../../../src/platform/problems/problems.ts";

const definition = route({
  method: "put",
  path: "/agents/{agentId}/name",
  access: "agents:write",
  tags: ["Agents"],
  summary: "Name an agent (RFC 0)",
  sdk: false,
  request: {
    params: z.object({ agentId: agentIdSchema }),
    query: z.object({ times: z.coerce.number() }),
    body: { required: true, ...json(z.strictObject({ name: z.string() }), "The name") },
  },
  responses: {
    200: json(z.object({ name: z.string() }), "The name"),
    201: json(z.object({ made: z.literal(true) }), "New"),
  },
  errors: ["AGENT_NOT_FOUND"],
});

it("handlers get typed input, and may answer with what is declared, or with a problem", () => {
  const router = createRouter();
  router.openapi(definition, (c) => {
    const agentId: AgentId = c.req.valid("param").agentId;
    const times: number = c.req.valid("query").times;
    const name: string = c.req.valid("json").name;
    // @ts-expect-error the schema has no such field
    c.req.valid("json").nmae;
    // @ts-expect-error the route declares no form
    c.req.valid("form");
    if (agentId === name) return fail(c, problem("AGENT_NOT_FOUND"));
    return times > 1 ? c.json({ name }, 200) : c.json({ made: true as const }, 201);
  });
  // @ts-expect-error a name is a string
  router.openapi(definition, (c) => c.json({ name: 7 }, 200));
  // @ts-expect-error 202 is not declared
  router.openapi(definition, (c) => c.json({ name: "x" }, 202));
  expect(definition.getRoutingPath()).toBe("/agents/:agentId/name");
  expect(definition).toMatchObject({ operationId: "nameAgent" });
});

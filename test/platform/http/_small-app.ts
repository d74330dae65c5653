/** An app on the real foundation, with a few routes of its own: what a room looks like, without any room. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "@hono/zod-openapi";
import type { Authenticate } from "../../../src/access/app-env.ts";
import { authenticatedBy } from "../../../src/access/console.ts";
import { route } from "../../../src/access/route.ts";
import { createRouter } from "../../../src/access/router.ts";
import { DependencyDown } from "../../../src/platform/dependency.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import { createFoundation } from "../../../src/platform/http/foundation.ts";
import { pageQuery } from "../../../src/platform/http/pagination.ts";
import { fail } from "../../../src/platform/http/respond.ts";
import { json } from "../../../src/platform/http/route.ts";
import { problem } from "../../../src/platform/problems/problems.ts";
import { ok } from "../../../src/platform/problems/result.ts";
import type { Body } from "../../support/api.ts";
import { authenticatorsOf, callerOf } from "../_caller.ts";

const scopesOf: Record<string, readonly string[]> = {
  "Bearer writer": ["agents:write"],
  "Bearer reader": ["agents:read"],
};

const authenticate: Authenticate = async (_context, request) => {
  const authorization = request.headers.get("Authorization");
  const scopes = scopesOf[authorization ?? ""];
  if (!scopes) return problem("UNAUTHORIZED", undefined, authorization ? { oauthError: "invalid_token" } : {});
  return ok({ caller: callerOf("organization", scopes), headers: {} });
};

const room = createRouter();
const thingSchema = z.strictObject({
  name: z.string(),
  ttlSeconds: z.int().max(60).optional(),
  secret: z.string().max(3).optional(),
});

room.openapi(
  route({
    method: "post",
    path: "/things",
    access: "agents:write",
    tags: ["Things"],
    summary: "Make a thing",
    sdk: false,
    request: { body: { required: true, ...json(thingSchema, "The thing") } },
    responses: { 201: json(z.object({ name: z.string(), madeBy: z.string() }), "The thing") },
    errors: ["AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const { name } = c.req.valid("json");
    if (name === "nobody") return fail(c, problem("AGENT_NOT_FOUND"));
    return c.json({ name, madeBy: c.get("caller").agentId }, 201);
  },
);

room.openapi(
  route({
    method: "get",
    path: "/things",
    access: "bearer",
    tags: ["Things"],
    summary: "List things",
    sdk: false,
    request: { query: pageQuery },
    responses: { 200: json(z.object({ limit: z.number(), cursor: z.string().nullable() }), "What was asked") },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    return c.json({ limit, cursor: cursor ?? null }, 200);
  },
);

room.openapi(
  route({
    method: "post",
    path: "/token",
    access: "client",
    tags: ["Tokens"],
    summary: "Get a token",
    sdk: false,
    request: {
      body: {
        required: true,
        content: { "application/x-www-form-urlencoded": { schema: z.object({ grant_type: z.string() }) } },
      },
    },
    responses: { 200: json(z.object({ grant_type: z.string() }), "What was asked") },
  }),
  (c) => c.json({ grant_type: c.req.valid("form").grant_type }, 200),
);

const failures: Record<string, () => unknown> = {
  bug: () => new TypeError("secret-detail of a bug"),
  dependency: () => new DependencyDown("The ledger", new Error("secret-detail")),
  database: () => new Error("D1_ERROR: Network connection lost.", { cause: new Error("secret-detail") }),
};

for (const path of ["/failures/:name", "/oauth2/failures/:name"]) {
  room.get(path, (c) => {
    throw failures[c.req.param("name") ?? ""]?.();
  });
}

room.get("/context", (c) => c.json({ source: c.get("context").source, requestId: c.get("context").requestId }));

const app = createFoundation({
  relay: async () => undefined,
  noteCalls: async () => undefined,
  withoutSettings: () => null,
});
app.use(authenticatedBy(authenticatorsOf(authenticate)));
app.route("/api/v1", room);
app.get("/.well-known/jwks.json", (c) => c.json({ keys: [] }, 200, { "Cache-Control": "public, max-age=300" }));
app.get("/agents/:agentId/did.json", (c) => c.json({}));

/** The settings that `wrangler.toml` and the test configuration give. */
export const settings = env as unknown as Bindings;

export interface SmallAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Sends a request to the app. `overrides` replace settings. */
export async function send(
  path: string,
  init: RequestInit = {},
  overrides: Partial<Bindings> = {},
): Promise<SmallAnswer> {
  const request = new Request(`http://localhost:8787${path}`, init);
  const response = await app.fetch(request, { ...settings, ...overrides }, createExecutionContext());
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

/** Sends a JSON body, well-formed or not, as somebody who may make things. */
export const sendThing = (body: BodyInit, headers: Record<string, string> = {}) =>
  send("/api/v1/things", {
    method: "POST",
    body,
    headers: { Authorization: "Bearer writer", "Content-Type": "application/json", ...headers },
  });

/** `/analytics`: the use of the service by the organization of the token. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { timed } from "../../platform/telemetry/recording.ts";
import {
  agentActivitySchema,
  agentAnalyticsSchema,
  callAnalyticsSchema,
  daysQuerySchema,
  rotationAnalyticsSchema,
  tokenAnalyticsSchema,
} from "./schema.ts";
import { agentActivity, agentAnalytics, callAnalytics, rotationAnalytics, tokenAnalytics } from "./service.ts";

export const analyticsRoutes = createRouter();

const definition = { method: "get" as const, access: "bearer" as const, tags: ["Analytics"] };

const tokens = route({
  ...definition,
  path: "/analytics/tokens",
  summary: "Count tokens by day",
  sdk: { call: "analytics.tokensByDay", retry: "read" },
  description: "Includes all tokens issued before this request. Counts are kept for 90 days.",
  request: { query: daysQuerySchema },
  responses: { 200: json(tokenAnalyticsSchema, "The tokens issued on each day") },
});

const activity = route({
  ...definition,
  path: "/analytics/agents/activity",
  summary: "Count requests by hour of the week",
  sdk: { call: "analytics.activity", retry: "read" },
  description: "Issued tokens and accepted calls together, in the last 30 days, today included.",
  responses: { 200: json(agentActivitySchema, "The requests in each hour of the week") },
});

const agents = route({
  ...definition,
  path: "/analytics/agents",
  summary: "Count tokens by agent",
  sdk: { call: "analytics.tokensByAgent", retry: "read" },
  description: "In the present month. A delegated token counts for the delegatee, not for the delegator.",
  responses: { 200: json(agentAnalyticsSchema, "The tokens of each agent") },
});

const rotations = route({
  ...definition,
  path: "/analytics/credentials/rotations",
  summary: "Count credential rotations by day",
  sdk: { call: "analytics.credentialRotations", retry: "read" },
  description: "Also counts the active credentials by the age of their secret.",
  request: { query: daysQuerySchema },
  responses: { 200: json(rotationAnalyticsSchema, "The rotations on each day, and the credentials by age") },
});

const calls = route({
  ...definition,
  path: "/analytics/calls",
  summary: "Count calls by route",
  sdk: { call: "analytics.calls", retry: "read" },
  description: "Calls are counted after the response, so the calls of the last seconds may be missing.",
  request: { query: daysQuerySchema },
  responses: { 200: json(callAnalyticsSchema, "The calls by route and status class") },
});

const measured = <T>(query: () => Promise<T>) => timed("agentidp_analytics_query_duration_seconds", {}, query);

analyticsRoutes.openapi(tokens, async (c) => {
  return answer(c, await measured(() => tokenAnalytics(c.get("context"), c.get("caller"), c.req.valid("query"))), 200);
});

analyticsRoutes.openapi(activity, async (c) => {
  return answer(c, await measured(() => agentActivity(c.get("context"), c.get("caller"))), 200);
});

analyticsRoutes.openapi(agents, async (c) => {
  return answer(c, await measured(() => agentAnalytics(c.get("context"), c.get("caller"))), 200);
});

analyticsRoutes.openapi(rotations, async (c) => {
  return answer(
    c,
    await measured(() => rotationAnalytics(c.get("context"), c.get("caller"), c.req.valid("query"))),
    200,
  );
});

analyticsRoutes.openapi(calls, async (c) => {
  return answer(c, await measured(() => callAnalytics(c.get("context"), c.get("caller"), c.req.valid("query"))), 200);
});

/** `/marketplace`: public. */
import { z } from "@hono/zod-openapi";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answerPublic, notModified } from "../../platform/http/public-document.ts";
import { fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { agentCardSchema } from "../dids/service.ts";
import { refuseMisspelt } from "./misspelt.ts";
import { listingFields, listingFilterSchema, listingPath } from "./schema.ts";
import { listListings, readListing } from "./service.ts";

const tags = ["Marketplace"];
const access = "public";
const oneMinute = { maxAgeSeconds: 60 };

const listingQuerySchema = pageQuery.extend(listingFilterSchema.shape);
const listingSchema = z.object({ ...agentCardSchema.shape, ...listingFields }).openapi("MarketplaceAgent");

export const marketplaceRoutes = createRouter();

marketplaceRoutes.openapi(
  route({
    method: "get",
    path: "/marketplace/agents",
    access,
    tags,
    operationId: "listMarketplaceAgents",
    summary: "Find public agents",
    sdk: { call: "marketplace.list", retry: "read" },
    description:
      "The listed (`isPublic`) active agents of all organizations, newest first. One page searches 2,000 agents. It can have fewer than `limit` agents, or none, and still have a `nextCursor`. A misspelt parameter, and one that other lists have (`q`, `page`, `sort`), is refused; every other unknown parameter is ignored.",
    request: { query: listingQuerySchema },
    responses: { 200: json(pageSchema("MarketplaceAgentPage", listingSchema), "A page of agents"), ...notModified },
  }),
  async (c) => {
    const refused = refuseMisspelt(c.req.query(), Object.keys(listingQuerySchema.shape));
    return refused
      ? fail(c, refused)
      : answerPublic(c, await listListings(c.get("context"), c.req.valid("query")), oneMinute);
  },
);

marketplaceRoutes.openapi(
  route({
    method: "get",
    path: "/marketplace/agents/{agentId}",
    access,
    tags,
    operationId: "readMarketplaceAgent",
    summary: "Read a public agent",
    sdk: { call: "marketplace.get", retry: "read" },
    request: { params: listingPath },
    responses: { 200: json(listingSchema, "The agent"), ...notModified },
    errors: ["AGENT_NOT_FOUND"],
  }),
  async (c) => answerPublic(c, await readListing(c.get("context"), c.req.valid("param").agentId), oneMinute),
);

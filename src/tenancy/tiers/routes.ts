/** `/tiers`: the tiers, and the limits and use of an organization. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { filledPage } from "../../platform/web/filled.ts";
import { tiersTable } from "./pricing.ts";
import { tierStatusSchema, tiersSchema } from "./schema.ts";
import { listTiers, readTierStatus } from "./service.ts";

const tags = ["Tiers and billing"];

export const tierRoutes = createRouter();

/** At the root: the page of prices, as HTML and as Markdown. */
export const pricingRoutes = createRouter();

for (const [path, file] of [
  ["/pricing", "/pages/pricing.html"],
  ["/pricing.md", "/pages/pricing.md"],
] as const) {
  pricingRoutes.get(path, (c) =>
    filledPage(c, file, {
      settings: c.get("context").settings,
      fills: { tiers: tiersTable(listTiers()) },
      maxAgeSeconds: 60,
    }),
  );
}

tierRoutes.openapi(
  route({
    method: "get",
    path: "/tiers",
    access: "public",
    tags,
    summary: "List the tiers",
    sdk: { call: "tiers.list", retry: "read" },
    responses: { 200: json(tiersSchema, "The limits of each tier, the lowest first") },
  }),
  (c) => c.json({ tiers: listTiers() }, 200, { "Cache-Control": "public, max-age=300" }),
);

tierRoutes.openapi(
  route({
    method: "get",
    path: "/tiers/status",
    access: "bearer",
    exempt: true,
    tags,
    operationId: "readTierStatus",
    summary: "Read the limits of the organization and what it has used",
    sdk: { call: "tiers.status", retry: "read" },
    description: "The numbers are current. The request also works over the limits.",
    responses: { 200: json(tierStatusSchema, "The limits and their present use") },
  }),
  async (c) => {
    return answer(c, await readTierStatus(c.get("context"), c.get("caller")), 200);
  },
);

/** The wing of organizations: their domains, tiers, billing, audit log, webhooks and analytics. */
import type { Wing } from "../wing.ts";
import { analyticsRoutes } from "./analytics/routes.ts";
import { deleteOldActivity } from "./analytics/service.ts";
import { auditRoutes, toolRoutes } from "./audit/routes.ts";
import { auditSubscriber, makeDueCheckpoints, removeExpiredEvents } from "./audit/service.ts";
import { billingRoutes } from "./billing/routes.ts";
import { billingSubscriber } from "./billing/service.ts";
import { domainRoutes } from "./domains/routes.ts";
import { checkDomains, domainSubscriber, forgetStaleDomains } from "./domains/service.ts";
import { exportRoutes } from "./export/routes.ts";
import { organizationRoutes } from "./organizations/routes.ts";
import { pricingRoutes, tierRoutes } from "./tiers/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";
import { describeWebhooks, maintainWebhookDeliveries, webhookMessages, webhookSubscriber } from "./webhooks/service.ts";

export const tenancy: Wing = {
  routes: {
    "/": [toolRoutes, pricingRoutes],
    "/api/v1": [
      organizationRoutes,
      exportRoutes,
      domainRoutes,
      auditRoutes,
      webhookRoutes,
      analyticsRoutes,
      tierRoutes,
      billingRoutes,
    ],
  },
  tags: [
    { position: 20, name: "Organizations", description: "Organizations and their members." },
    { position: 25, name: "Domains", description: "The DNS names that an organization has proved that it controls." },
    {
      position: 120,
      name: "Audit log",
      guide: "query-audit-logs.md",
      description: "The events of an organization in a hash chain, which shows any later change.",
    },
    {
      position: 130,
      name: "Webhooks",
      guide: "configure-webhooks.md",
      description: "Subscriptions to events, and their signed deliveries.",
    },
    {
      position: 150,
      name: "Analytics",
      guide: "use-analytics.md",
      description: "The tokens and calls of an organization over time.",
    },
    {
      position: 160,
      name: "Tiers and billing",
      guide: "manage-api-tiers.md",
      description: "The limits of each tier, their use, and upgrades.",
    },
  ],
  describe: describeWebhooks,
  subscribers: [auditSubscriber, domainSubscriber, billingSubscriber, webhookSubscriber],
  scheduled: [
    maintainWebhookDeliveries,
    makeDueCheckpoints,
    removeExpiredEvents,
    deleteOldActivity,
    checkDomains,
    forgetStaleDomains,
  ],
  messages: [webhookMessages],
};

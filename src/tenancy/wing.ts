/** Organizations: what they are, what they use and pay for, and what they hear and keep of what happens. */
import type { Wing } from "../wing.ts";
import { analyticsRoutes } from "./analytics/routes.ts";
import { deleteOldActivity } from "./analytics/service.ts";
import { auditRoutes } from "./audit/routes.ts";
import { auditSubscriber, makeDueCheckpoints, removeExpiredEvents } from "./audit/service.ts";
import { billingRoutes } from "./billing/routes.ts";
import { billingSubscriber } from "./billing/service.ts";
import { domainRoutes } from "./domains/routes.ts";
import { checkDomains, domainSubscriber, forgetStaleDomains } from "./domains/service.ts";
import { organizationRoutes } from "./organizations/routes.ts";
import { tierRoutes } from "./tiers/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";
import { maintainWebhookDeliveries, webhookMessages, webhookSubscriber } from "./webhooks/service.ts";

export const tenancy: Wing = {
  routes: {
    "/": [],
    "/api/v1": [
      organizationRoutes,
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
    {
      position: 25,
      name: "Domains",
      description: "The DNS names that an organization has proved to be its own.",
    },
    {
      position: 120,
      name: "Audit log",
      description: "What happened, in a chain that shows when somebody changed it.",
    },
    {
      position: 130,
      name: "Webhooks",
      description: "Who is told of what happens, signed, and what became of each delivery.",
    },
    {
      position: 150,
      name: "Analytics",
      description: "How much an organization uses the service, when, and by which agents.",
    },
    {
      position: 160,
      name: "Tiers and billing",
      description: "What an organization may use, what it has used, and how it gets more.",
    },
  ],
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

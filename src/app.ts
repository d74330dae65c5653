/** The table of contents: every room, and the path that it answers at. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Authenticate } from "./access/app-env.ts";
import { authenticatedBy } from "./access/router.ts";
import { platformScopeMeanings } from "./access/scopes.ts";
import { complianceRoutes } from "./assurance/compliance/routes.ts";
import { embedRoutes } from "./assurance/controls/embed/routes.ts";
import { controlRoutes } from "./assurance/controls/routes.ts";
import { agentInfoRoutes } from "./identity/agent-info/routes.ts";
import { agentRoutes } from "./identity/agents/routes.ts";
import { credentialRoutes } from "./identity/credentials/routes.ts";
import { delegationRoutes } from "./identity/delegation/routes.ts";
import { didDocumentRoutes, didRoutes } from "./identity/dids/routes.ts";
import { discoveryRoutes } from "./identity/discovery/routes.ts";
import { federationRoutes } from "./identity/federation/routes.ts";
import { marketplaceRoutes } from "./identity/marketplace/routes.ts";
import { tokenRoutes } from "./identity/tokens/routes.ts";
import { oidcRoutes } from "./identity/workloads/routes.ts";
import { keyRoutes, keySetRoutes } from "./keys/routes.ts";
import type { BaseEnv } from "./platform/http/app-env.ts";
import { serveDocs } from "./platform/http/docs.ts";
import { createFoundation } from "./platform/http/foundation.ts";
import { healthRoutes } from "./platform/http/health.ts";
import { detailedHealthRoutes, type Probe } from "./platform/http/monitoring/health.ts";
import { metricsRoutes } from "./platform/http/monitoring/metrics.ts";
import { serveOpenApi, type Tag } from "./platform/http/openapi.ts";
import type { Wiring } from "./platform/http/request-context.ts";
import { analyticsRoutes } from "./tenancy/analytics/routes.ts";
import { auditRoutes } from "./tenancy/audit/routes.ts";
import { billingRoutes } from "./tenancy/billing/routes.ts";
import { organizationRoutes, setupRoutes } from "./tenancy/organizations/routes.ts";
import { tierRoutes } from "./tenancy/tiers/routes.ts";
import { webhookRoutes } from "./tenancy/webhooks/routes.ts";

/** The headings of the API reference, in its order. */
const tags: readonly Tag[] = [
  { name: "Set-up", description: "Makes the operator's organization and its first admin, once." },
  { name: "Organizations", description: "Organizations and their members." },
  { name: "Agents", description: "The agents of an organization: register, change, suspend, decommission." },
  { name: "Credentials", description: "The client secrets of an agent: create, rotate, revoke." },
  { name: "Tokens", description: "OAuth 2.0: get a token, ask whether it is live, revoke it." },
  {
    name: "Delegation",
    description: "One agent lends another a part of its authority for a limited time, sees it, and takes it back.",
  },
  {
    name: "Workload identity",
    description: "Workloads sign in with the token of their own platform, without any stored secret.",
  },
  { name: "Keys", description: "The keys that the service signs with." },
  {
    name: "Discovery",
    description: "Public documents: what a client needs to know, and what anybody needs to check a token.",
  },
  {
    name: "DIDs",
    description:
      "Agents and the service as W3C decentralized identifiers (`did:web`): public documents with their keys.",
  },
  { name: "Federation", description: "Partners: other identity providers whose agents' tokens can be checked here." },
  { name: "Audit log", description: "What happened, in a chain that shows when somebody changed it." },
  { name: "Webhooks", description: "Who is told of what happens, signed, and what became of each delivery." },
  {
    name: "Compliance",
    description: "What an auditor, a registry and a status page ask for, measured rather than promised.",
  },
  { name: "Analytics", description: "How much an organization uses the service, when, and by which agents." },
  { name: "Tiers and billing", description: "What an organization may use, what it has used, and how it gets more." },
  { name: "Marketplace", description: "The agents that their organizations want to be found. Public." },
  { name: "Service", description: "The service itself." },
];

interface AppWiring extends Wiring {
  readonly authenticate: Authenticate;
  readonly askLedger: Probe;
}

/**
 * Puts the app together. `foundation.ts` has what happens to every request before it comes to a room.
 *
 * @param wiring how a bearer token is accepted, who is told of events and of calls, and how a ledger is pinged
 */
export function createApp(wiring: AppWiring): OpenAPIHono<BaseEnv> {
  const app = createFoundation(wiring);
  app.use(authenticatedBy(wiring.authenticate));

  app.route("/", healthRoutes);
  app.route("/", detailedHealthRoutes(wiring.askLedger));
  app.route("/", metricsRoutes);
  app.route("/", keySetRoutes);
  app.route("/", discoveryRoutes);
  app.route("/", didDocumentRoutes);
  app.route("/", agentInfoRoutes);
  app.route("/", embedRoutes);

  app.route("/api/v1", setupRoutes);
  app.route("/api/v1", organizationRoutes);
  app.route("/api/v1", agentRoutes);
  app.route("/api/v1", didRoutes);
  app.route("/api/v1", credentialRoutes);
  app.route("/api/v1", tokenRoutes);
  app.route("/api/v1", delegationRoutes);
  app.route("/api/v1", oidcRoutes);
  app.route("/api/v1", keyRoutes);
  app.route("/api/v1", federationRoutes);
  app.route("/api/v1", auditRoutes);
  app.route("/api/v1", controlRoutes);
  app.route("/api/v1", webhookRoutes);
  app.route("/api/v1", analyticsRoutes);
  app.route("/api/v1", complianceRoutes);
  app.route("/api/v1", marketplaceRoutes);
  app.route("/api/v1", tierRoutes);
  app.route("/api/v1", billingRoutes);

  serveOpenApi(app, { tags, scopes: platformScopeMeanings });
  serveDocs(app);
  return app;
}

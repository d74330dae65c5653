/** Agents: who they are, how they sign in, what they may do for each other, and how others find and check them. */
import type { Authenticators } from "../access/app-env.ts";
import type { Wing } from "../wing.ts";
import { agentInfoRoutes } from "./agent-info/routes.ts";
import { memberRoutes } from "./agents/members/routes.ts";
import { agentRoutes } from "./agents/routes.ts";
import { consoleLinkRoutes, consoleRoutes } from "./console/routes.ts";
import { authenticateSession, forgetSessions, presentsSession } from "./console/service.ts";
import { credentialRoutes } from "./credentials/routes.ts";
import { measureExpiringCredentials } from "./credentials/service.ts";
import { delegationRoutes } from "./delegation/routes.ts";
import { delegationSubscriber } from "./delegation/service.ts";
import { didDocumentRoutes, didRoutes } from "./dids/routes.ts";
import { discoveryRoutes } from "./discovery/routes.ts";
import { federationRoutes } from "./federation/routes.ts";
import { marketplaceRoutes } from "./marketplace/routes.ts";
import { onboardingRoutes } from "./onboarding/routes.ts";
import { removal } from "./removal/service.ts";
import { resourceRoutes } from "./resources/routes.ts";
import { resourceSubscriber } from "./resources/service.ts";
import { scaffoldRoutes } from "./scaffold/routes.ts";
import { tokenRoutes } from "./tokens/routes.ts";
import { authenticateBearer, authenticateNewestSecret } from "./tokens/service.ts";
import { oidcRoutes } from "./workloads/routes.ts";

/** For the guards of the routes of every wing. */
export const authenticators: Readonly<Record<"api" | "console", Authenticators>> = {
  api: {
    bearer: authenticateBearer,
    isPresented: (request) => request.headers.has("Authorization"),
    newestSecret: authenticateNewestSecret,
  },
  console: { bearer: authenticateSession, isPresented: presentsSession, newestSecret: authenticateNewestSecret },
};

export const identity: Wing = {
  routes: {
    "/": [discoveryRoutes, didDocumentRoutes, agentInfoRoutes, consoleRoutes],
    "/api/v1": [
      onboardingRoutes,
      memberRoutes,
      agentRoutes,
      scaffoldRoutes,
      didRoutes,
      credentialRoutes,
      tokenRoutes,
      delegationRoutes,
      oidcRoutes,
      resourceRoutes,
      federationRoutes,
      marketplaceRoutes,
      consoleLinkRoutes,
    ],
  },
  tags: [
    {
      position: 10,
      name: "Set-up",
      description: "Makes the operator's organization and its first admin, once.",
    },
    {
      position: 30,
      name: "Agents",
      guide: "register-an-agent.md",
      description: "The agents of an organization: register, change, suspend, decommission, erase.",
    },
    {
      position: 40,
      name: "Credentials",
      guide: "manage-credentials.md",
      description: "The client secrets of an agent: create, rotate, revoke.",
    },
    {
      position: 50,
      name: "Tokens",
      guide: "issue-and-revoke-tokens.md",
      description: "OAuth 2.0: get a token, ask whether it is live, revoke it.",
    },
    {
      position: 55,
      name: "Resources",
      guide: "protect-an-api.md",
      description: "The APIs of an organization that take our tokens.",
    },
    {
      position: 60,
      name: "Delegation",
      guide: "a2a-delegation.md",
      description: "One agent lends another a part of its authority for a limited time, sees it, and takes it back.",
    },
    {
      position: 70,
      name: "Workload identity",
      guide: "workload-identity.md",
      description: "Workloads sign in with the token of their own platform, without any stored secret.",
    },
    {
      position: 90,
      name: "Discovery",
      guide: "protect-an-api.md",
      description: "Public documents: what a client needs to know, and what anybody needs to check a token.",
    },
    {
      position: 100,
      name: "Decentralized identifiers",
      guide: "resolve-a-did.md",
      description:
        "Agents and the service as W3C decentralized identifiers (`did:web`): public documents with their keys.",
    },
    {
      position: 110,
      name: "Federation",
      guide: "federation.md",
      description: "Partners: other identity providers whose agents' tokens can be checked here.",
    },
    {
      position: 165,
      name: "Console",
      description: "The sessions of the console. They are for its own pages: a program uses an access token.",
    },
    {
      position: 170,
      name: "Marketplace",
      description: "The agents that their organizations want to be found. Public.",
    },
  ],
  subscribers: [delegationSubscriber, resourceSubscriber],
  scheduled: [measureExpiringCredentials, removal, forgetSessions],
  messages: [],
};

/** All screens, each loaded when it is first opened. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { ComponentType } from "react";
import { SignIn } from "./screens/sign-in/sign-in.tsx";
import { signInSearch } from "./session/return-path.ts";
import { sessionQuery } from "./session/session.ts";
import { Shell } from "./shell/shell.tsx";
import { NotFoundScreen, PendingScreen, ProblemAlone, ProblemScreen } from "./shell/states.tsx";
import { parseSearch, stringifySearch } from "./ui/search-params.ts";
import { Toasts } from "./ui/toast.tsx";

interface RouterContext {
  readonly queryClient: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});

const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", component: SignIn });

/** What is behind the sign-in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const presence = await context.queryClient.ensureQueryData(sessionQuery);
    if (presence.session === null) {
      throw redirect({ to: "/sign-in", search: signInSearch(presence.reason, location.href), replace: true });
    }
  },
});

/** A screen: its file exports a component `Screen`. */
const screen = (path: string, load: () => Promise<{ readonly Screen: ComponentType }>) =>
  createRoute({
    getParentRoute: () => shell,
    path,
    component: lazyRouteComponent(load, "Screen"),
    errorComponent: ProblemScreen,
  });

const screens = [
  screen("/", () => import("./screens/overview/overview.tsx")),
  screen("/first-steps", () => import("./screens/first-steps/first-steps.tsx")),
  screen("/agents", () => import("./screens/agents/agents.tsx")),
  screen("/agents/register", () => import("./screens/agents/register.tsx")),
  screen("/agents/$agentId", () => import("./screens/agent/agent.tsx")),
  screen("/agents/$agentId/edit", () => import("./screens/agents/edit.tsx")),
  screen("/audit", () => import("./screens/audit/audit.tsx")),
  screen("/audit/$eventId", () => import("./screens/audit/event.tsx")),
  screen("/delegations", () => import("./screens/delegations/delegations.tsx")),
  screen("/delegations/new", () => import("./screens/delegations/new.tsx")),
  screen("/delegations/check", () => import("./screens/delegations/check.tsx")),
  screen("/analytics", () => import("./screens/analytics/analytics.tsx")),
  screen("/webhooks", () => import("./screens/webhooks/webhooks.tsx")),
  screen("/webhooks/new", () => import("./screens/webhooks/new.tsx")),
  screen("/webhooks/$webhookId", () => import("./screens/webhooks/webhook.tsx")),
  screen("/webhooks/$webhookId/edit", () => import("./screens/webhooks/edit.tsx")),
  screen("/webhooks/$webhookId/deliveries/$deliveryId", () => import("./screens/webhooks/delivery.tsx")),
  screen("/organization", () => import("./screens/organization/organization.tsx")),
  screen("/organization/resources/new", () => import("./screens/organization/new-resource.tsx")),
  screen("/organization/resources/$resourceId", () => import("./screens/organization/resource.tsx")),
  screen("/organization/trust/new", () => import("./screens/organization/new-trust.tsx")),
  screen("/organization/partners/new", () => import("./screens/organization/new-partner.tsx")),
  screen("/organization/partners/$partnerId", () => import("./screens/organization/partner.tsx")),
  screen("/tier", () => import("./screens/tier/tier.tsx")),
  screen("/compliance", () => import("./screens/compliance/compliance.tsx")),
  screen("/operator", () => import("./screens/operator/operator.tsx")),
  screen("/operator/organizations/new", () => import("./screens/operator/new.tsx")),
  screen("/operator/organizations/$orgId", () => import("./screens/operator/organization.tsx")),
  screen("/account", () => import("./screens/account/account.tsx")),
];

const elsewhere = createRoute({ getParentRoute: () => shell, path: "$", component: NotFoundScreen });

export function newRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, shell.addChildren([...screens, elsewhere])]),
    basepath: "/console",
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPendingMs: 200,
    defaultPendingMinMs: 0,
    defaultPendingComponent: PendingScreen,
    defaultErrorComponent: ProblemAlone,
    defaultNotFoundComponent: NotFoundScreen,
    scrollRestoration: true,
  });
}

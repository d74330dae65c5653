/** The screens of the menu, in its order. A screen that is not built is not here. */
import type { PlatformScope } from "./api/schema.ts";

export interface MenuItem {
  readonly to: string;
  readonly label: string;
  /** The scope without which the screen has nothing to show */
  readonly needs?: PlatformScope;
  /** Only for agents of the operator's organization */
  readonly operatorOnly?: true;
}

export const navigation: readonly MenuItem[] = [
  { to: "/first-steps", label: "First steps" },
  { to: "/", label: "Overview" },
  { to: "/agents", label: "Agents", needs: "agents:read" },
  { to: "/delegations", label: "Delegations", needs: "agents:read" },
  { to: "/audit", label: "Audit", needs: "audit:read" },
  { to: "/analytics", label: "Analytics" },
  { to: "/webhooks", label: "Webhooks", needs: "webhooks:read" },
  { to: "/organization", label: "Organization" },
  { to: "/tier", label: "Tier" },
  { to: "/compliance", label: "Compliance" },
  { to: "/operator", label: "Operator", needs: "admin:orgs", operatorOnly: true },
  { to: "/account", label: "Account" },
];

/** The entry of a path: `/agents/123` belongs to `/agents`. */
export function menuItemOf(path: string): MenuItem | undefined {
  const isWithin = ({ to }: MenuItem) => path === to || (to !== "/" && path.startsWith(`${to}/`));
  return navigation.find(isWithin);
}

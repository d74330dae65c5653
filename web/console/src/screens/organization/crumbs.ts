/** Where the screens of the organization's records are. */
import type { Crumb } from "../../ui/page.tsx";

const organization: Crumb = { to: "/organization", label: "Organization" };

const below = (tab: string, label: string): readonly Crumb[] => [
  organization,
  { to: "/organization", search: { tab }, label },
];

export const resourceCrumbs = below("resources", "Resources");
export const trustCrumbs = below("trust", "Trust policies");
export const partnerCrumbs = below("partners", "Partners");

/** The organization: who is in it, what it has proved and registered, and whom it trusts. */
import type { ComponentType } from "react";
import { hasScope, useSession } from "../../session/session.ts";
import { Page } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Forbidden } from "../../ui/states.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Domains } from "./domains.tsx";
import { Members } from "./members.tsx";
import "./organization.css";
import { Partners } from "./partners.tsx";
import { Resources } from "./resources.tsx";
import { Summary } from "./summary.tsx";
import { Trust } from "./trust.tsx";

const tabs = [
  { id: "summary", label: "Summary" },
  { id: "members", label: "Members" },
  { id: "domains", label: "Domains" },
  { id: "resources", label: "Resources" },
  { id: "trust", label: "Trust policies" },
  { id: "partners", label: "Partners" },
] as const;

type TabId = (typeof tabs)[number]["id"];

interface Part {
  readonly Content: ComponentType;
  /** Without it nothing of the part can be read. */
  readonly needs: "admin:orgs" | "agents:read" | "agents:write";
}

const parts: Readonly<Record<TabId, Part>> = {
  summary: { Content: Summary, needs: "admin:orgs" },
  members: { Content: Members, needs: "admin:orgs" },
  domains: { Content: Domains, needs: "admin:orgs" },
  resources: { Content: Resources, needs: "agents:read" },
  trust: { Content: Trust, needs: "agents:write" },
  partners: { Content: Partners, needs: "admin:orgs" },
};

const rules = { tab: oneOf<TabId>(...tabs.map(({ id }) => id)) };

export function Screen() {
  const session = useSession();
  const { values } = useSearchState(rules);
  const { tab = "summary" } = values;
  const { Content, needs } = parts[tab];
  return (
    <Page title="Organization">
      <Tabs label="Parts of the organization" tabs={tabs} present={tab} />
      {hasScope(session, needs) ? <Content key={tab} /> : <Forbidden scope={needs} />}
    </Page>
  );
}

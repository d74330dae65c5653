/** Who did what, and whether the log of it is unchanged. */
import type { ComponentType } from "react";
import { Page } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Tabs } from "../../ui/tabs.tsx";
import "./audit.css";
import { Checkpoints } from "./checkpoints.tsx";
import { Events } from "./events.tsx";
import { Export } from "./export.tsx";
import { Verify } from "./verify.tsx";

const tabs = [
  { id: "events", label: "Events" },
  { id: "verify", label: "Verify" },
  { id: "checkpoints", label: "Checkpoints" },
  { id: "export", label: "Export" },
] as const;

type TabId = (typeof tabs)[number]["id"];

const parts: Readonly<Record<TabId, ComponentType>> = {
  events: Events,
  verify: Verify,
  checkpoints: Checkpoints,
  export: Export,
};

const rules = { tab: oneOf<TabId>(...tabs.map(({ id }) => id)) };

export function Screen() {
  const { tab = "events" } = useSearchState(rules).values;
  const Part = parts[tab];
  return (
    <Page
      title="Audit"
      lead="Each change, token and refused sign-in of your organization, in a chain of hashes that shows if one was changed."
    >
      <Tabs label="Parts of the audit log" tabs={tabs} present={tab} />
      <Part />
    </Page>
  );
}

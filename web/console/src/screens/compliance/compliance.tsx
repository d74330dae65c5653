/** What the organization can show to others: the report, the controls of the service, the cards of its agents, embeds. */
import { Page } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Tabs } from "../../ui/tabs.tsx";
import { Cards } from "./cards.tsx";
import { Controls } from "./controls.tsx";
import { Embeds } from "./embeds.tsx";
import { Report } from "./report.tsx";

const tabs = [
  { id: "report", label: "Report" },
  { id: "controls", label: "Controls" },
  { id: "cards", label: "Agent cards" },
  { id: "embed", label: "Embed" },
] as const;

export function Screen() {
  const { values } = useSearchState({ tab: oneOf("controls", "cards", "embed") });
  const tab = values.tab ?? "report";
  return (
    <Page title="Compliance" lead="What you can show an auditor, a partner or a visitor.">
      <Tabs label="Compliance" tabs={tabs} present={tab} />
      {tab === "report" && <Report />}
      {tab === "controls" && <Controls />}
      {tab === "cards" && <Cards />}
      {tab === "embed" && <Embeds />}
    </Page>
  );
}

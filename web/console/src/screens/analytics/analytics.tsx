/** How much, when, and by which agents. Every number is the service's, and each chart has it as a table and as a file. */
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Page } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Tabs } from "../../ui/tabs.tsx";
import { Activity } from "./activity.tsx";
import { Agents } from "./agents.tsx";
import "./analytics.css";
import { Calls } from "./calls.tsx";
import { Credentials, Tokens } from "./days.tsx";

const tabs = [
  { id: "tokens", label: "Tokens" },
  { id: "activity", label: "Hours" },
  { id: "agents", label: "Agents" },
  { id: "credentials", label: "Credentials" },
  { id: "calls", label: "Calls" },
] as const;

/** Those that the service counts over a chosen number of days. */
const byDays = { tokens: Tokens, credentials: Credentials, calls: Calls } as const;
const isByDays = (tab: string): tab is keyof typeof byDays => tab in byDays;

export function Screen() {
  const { values, set } = useSearchState({
    tab: oneOf("activity", "agents", "credentials", "calls"),
    days: oneOf("7", "90"),
  });
  const tab = values.tab ?? "tokens";
  const days = Number(values.days ?? 30);
  const Shown = isByDays(tab) ? byDays[tab] : undefined;
  return (
    <Page title="Analytics" lead="How much, when, and by which agents. Days and months are those of UTC.">
      <Tabs label="Analytics" tabs={tabs} present={tab} />
      {Shown && (
        <>
          <Filters label="Time" isSet={false} onClear={() => set({ days: undefined })}>
            <FilterSelect
              name="days"
              label="Days"
              any="Last 30 days"
              value={values.days}
              onChange={(next) => set({ days: next })}
              choices={[
                { value: "7", label: "Last 7 days" },
                { value: "90", label: "Last 90 days" },
              ]}
            />
          </Filters>
          <Shown days={days} />
        </>
      )}
      {tab === "activity" && <Activity />}
      {tab === "agents" && <Agents />}
    </Page>
  );
}

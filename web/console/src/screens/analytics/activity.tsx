/** When the organization works: tokens and calls by hour of the week. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import { CsvButton } from "../../ui/csv-button.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import type { FiguresTable } from "./figures-table.tsx";
import { Heatmap } from "./heatmap.tsx";
import { sentenceOf, weekdays, weekOf } from "./hours.ts";

const tableOf = (week: readonly (readonly number[])[], zone: string): FiguresTable => ({
  caption: "Tokens and calls by hour of the week",
  heads: [`Day (${zone})`, ...Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`)],
  rows: week.map((counts, day) => [weekdays[day] ?? "", ...counts]),
  fileName: `activity-${zone}`,
});

export function Activity() {
  const { values, set } = useSearchState({ zone: oneOf("local") });
  const activity = useQuery(read("GET /analytics/agents/activity"));
  const offsetMinutes = values.zone === "local" ? -new Date().getTimezoneOffset() : 0;
  const zone = values.zone === "local" ? "local" : "UTC";
  return (
    <Loaded query={activity} skeleton={<Skeleton lines={8} />}>
      {({ data }) => {
        const week = weekOf(data, offsetMinutes);
        return (
          <Section
            title="By hour of the week"
            lead="Issued tokens and accepted calls together, in the last 30 days."
            actions={<CsvButton table={tableOf(week, zone)} />}
          >
            <Filters label="Zone of the hours" isSet={false} onClear={() => set({ zone: undefined })}>
              <FilterSelect
                name="zone"
                label="Hours"
                any="UTC"
                value={values.zone}
                onChange={(next) => set({ zone: next })}
                choices={[{ value: "local", label: "Local time" }]}
              />
            </Filters>
            <p>{sentenceOf(week)}</p>
            <Heatmap week={week} caption={`Tokens and calls by hour of the week, ${zone}`} />
          </Section>
        );
      }}
    </Loaded>
  );
}

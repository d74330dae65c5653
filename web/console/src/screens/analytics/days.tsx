/** Counts by day: tokens, and rotations of credentials with the ages of those that are active. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { DailyCount } from "../../api/schema.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { countText, plural } from "../../ui/number.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Chart, DaysChart, SharesChart } from "./chart.tsx";
import type { FiguresTable } from "./figures-table.tsx";

const sum = (data: readonly { readonly count: number }[]) => data.reduce((total, { count }) => total + count, 0);

const dayTable = (data: readonly DailyCount[], what: string, fileName: string): FiguresTable => ({
  caption: `${what} by day`,
  heads: ["Day (UTC)", what],
  rows: data.map(({ date, count }) => [date, count]),
  fileName: `${fileName}-${data.length}-days`,
});

function sentenceOf(data: readonly DailyCount[], one: string): string {
  const total = sum(data);
  const first = `${plural(total, one)} in ${plural(data.length, "day")}`;
  const [start] = data;
  if (total === 0 || start === undefined) return `${first}.`;
  const most = data.reduce((best, day) => (day.count > best.count ? day : best), start);
  const average = Math.round(total / data.length);
  return `${first}, ${average === 0 ? "less than 1" : countText(average)} a day; the most on ${most.date}: ${countText(most.count)}.`;
}

const waiting = <Skeleton lines={8} />;

export function Tokens({ days }: { readonly days: number }) {
  const tokens = useQuery({
    ...read("GET /analytics/tokens", { query: { days } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={tokens} skeleton={waiting}>
      {({ data }) => (
        <Chart title="Issued tokens" sentence={sentenceOf(data, "token")} table={dayTable(data, "Tokens", "tokens")}>
          <DaysChart data={data} what="Tokens" label="Issued tokens by day" />
        </Chart>
      )}
    </Loaded>
  );
}

interface Age {
  readonly minDays: number;
  readonly maxDays: number | null;
  readonly count: number;
}

const ageText = ({ minDays, maxDays }: Age) => (maxDays === null ? `${minDays}+` : `${minDays}–${maxDays}`);

function Ages({ ages }: { readonly ages: readonly Age[] }) {
  const data = ages.map((age) => ({ name: ageText(age), count: age.count }));
  const old = ages.at(-1);
  return (
    <Chart
      title="Age of active credentials, in days"
      sentence={`${plural(sum(ages), "active credential")}, by the days since it was made or rotated${
        old === undefined || old.count === 0
          ? "."
          : `; ${countText(old.count)} not rotated for ${old.minDays} days or longer.`
      }`}
      table={{
        caption: "Active credentials by age",
        heads: ["Age in days", "Credentials"],
        rows: data.map(({ name, count }) => [name, count]),
        fileName: "credential-ages",
      }}
    >
      <SharesChart data={data} what="Credentials" label="Active credentials by age in days" />
    </Chart>
  );
}

export function Credentials({ days }: { readonly days: number }) {
  const rotations = useQuery({
    ...read("GET /analytics/credentials/rotations", { query: { days } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={rotations} skeleton={waiting}>
      {({ data, credentialsByAge }) => (
        <div className="page">
          <Ages ages={credentialsByAge} />
          <Chart
            title="Rotations"
            sentence={sentenceOf(data, "rotation")}
            table={dayTable(data, "Rotations", "rotations")}
          >
            <DaysChart data={data} what="Rotations" label="Rotations of credentials by day" />
          </Chart>
        </div>
      )}
    </Loaded>
  );
}

/** The charts. This file alone loads recharts. */
import { Bar, BarChart, CartesianGrid, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { countText } from "../../ui/number.tsx";

const compact = new Intl.NumberFormat(undefined, { notation: "compact" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const dayText = (date: string) => days.format(new Date(`${date}T00:00:00Z`));

const isNarrow = () => matchMedia("(width < 48rem)").matches;

/** The end of a path says which route it is. */
function routeText(route: string): string {
  const path = route.replace("/api/v1", "");
  const most = isNarrow() ? 17 : 46;
  return path.length > most ? `…${path.slice(-most)}` : path;
}

/** Of all charts: lines and texts in the colors of the page. */
const axis = { stroke: "var(--edge)", tick: { fill: "var(--quiet)", fontSize: 12 }, tickLine: false } as const;
const tip = {
  cursor: { fill: "var(--ground)" },
  contentStyle: { background: "var(--raised)", border: "1px solid var(--line)", borderRadius: 6, color: "var(--ink)" },
  itemStyle: { color: "var(--ink)" },
  formatter: (value: unknown) => countText(Number(value)),
} as const;
const margin = { top: 8, right: 8, bottom: 0, left: 0 };

export interface Day {
  readonly date: string;
  readonly count: number;
}

interface DaysProps {
  readonly data: readonly Day[];
  /** "Tokens" */
  readonly what: string;
  readonly label: string;
}

/** A bar for each day. */
export function DaysChart({ data, what, label }: DaysProps) {
  return (
    <div className="chart">
      <ResponsiveContainer width="100%" height={240}>
        <BarChart data={[...data]} margin={margin} accessibilityLayer title={label}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="date" tickFormatter={dayText} minTickGap={24} {...axis} />
          <YAxis width={44} allowDecimals={false} tickFormatter={(value) => compact.format(value)} {...axis} />
          <Tooltip {...tip} labelFormatter={(date) => dayText(String(date))} />
          <Bar dataKey="count" name={what} fill="var(--accent)" isAnimationActive={false} maxBarSize={28} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

export interface Share {
  readonly name: string;
  readonly count: number;
}

interface SharesProps {
  readonly data: readonly Share[];
  readonly what: string;
  readonly label: string;
}

/** A bar for each name. */
export function SharesChart({ data, what, label }: SharesProps) {
  return (
    <div className="chart">
      <ResponsiveContainer width="100%" height={240}>
        <BarChart data={[...data]} margin={margin} accessibilityLayer title={label}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="name" interval={0} {...axis} />
          <YAxis width={44} allowDecimals={false} tickFormatter={(value) => compact.format(value)} {...axis} />
          <Tooltip {...tip} />
          <Bar dataKey="count" name={what} fill="var(--accent)" isAnimationActive={false} maxBarSize={56} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

export const classes = ["2xx", "3xx", "4xx", "5xx"] as const;
export type ByClass = { readonly route: string } & Readonly<Record<(typeof classes)[number], number>>;

/** A color and a pattern each, so that the color is not needed. */
const looks: Readonly<Record<(typeof classes)[number], { readonly color: string; readonly lines: string }>> = {
  "2xx": { color: "var(--accent)", lines: "" },
  "3xx": { color: "var(--quiet)", lines: "M0 4H8" },
  "4xx": { color: "var(--warn)", lines: "M-2 2L2 -2M0 8L8 0M6 10L10 6" },
  "5xx": { color: "var(--bad)", lines: "M0 0L8 8M8 0L0 8" },
};

function Patterns() {
  return (
    <defs>
      {classes.map((name) => (
        <pattern key={name} id={`calls-${name}`} width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" fill={looks[name].color} />
          <path d={looks[name].lines} stroke="var(--paper)" strokeWidth="1.5" />
        </pattern>
      ))}
    </defs>
  );
}

interface CallsProps {
  readonly data: readonly ByClass[];
  readonly label: string;
}

/** A bar for each route, by the class of its answers. */
export function CallsChart({ data, label }: CallsProps) {
  return (
    <div className="chart">
      <ResponsiveContainer width="100%" height={48 + 30 * data.length}>
        <BarChart data={[...data]} layout="vertical" margin={margin} accessibilityLayer title={label}>
          <Patterns />
          <CartesianGrid horizontal={false} stroke="var(--line)" />
          <XAxis type="number" allowDecimals={false} tickFormatter={(value) => compact.format(value)} {...axis} />
          <YAxis
            type="category"
            dataKey="route"
            interval={0}
            width={isNarrow() ? 120 : 300}
            tickFormatter={routeText}
            {...axis}
          />
          <Tooltip {...tip} />
          <Legend wrapperStyle={{ color: "var(--ink)", fontSize: 12 }} />
          {classes.map((name) => (
            <Bar
              key={name}
              dataKey={name}
              name={name}
              stackId="calls"
              fill={`url(#calls-${name})`}
              isAnimationActive={false}
              maxBarSize={22}
            />
          ))}
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

/** Points in time: in the reader's zone, with UTC in the title. */

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "in 3 days", "5 minutes ago" */
export function relativeTime(value: string, nowMs = Date.now()): string {
  const seconds = Math.round((Date.parse(value) - nowMs) / 1000);
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** "2026-11-30 21:40:05 UTC" */
export const utcText = (value: string): string => `${new Date(value).toISOString().slice(0, 19).replace("T", " ")} UTC`;

interface TimeProps {
  readonly value: string | null;
  readonly look?: "full" | "day" | "relative" | "both";
  /** For no time: "never" */
  readonly none?: string;
}

export function Time({ value, look = "full", none = "never" }: TimeProps) {
  if (value === null) return <span className="quiet-text">{none}</span>;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return <span>{value}</span>;
  const texts = {
    full: full.format(date),
    day: day.format(date),
    relative: relativeTime(value),
    both: `${relativeTime(value)} (${full.format(date)})`,
  };
  return (
    <time dateTime={value} title={utcText(value)} className="number">
      {texts[look]}
    </time>
  );
}

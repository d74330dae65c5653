/** The hours of a week: 168 of them, from Monday on. The service counts in UTC, from Sunday on. */

export interface Hour {
  readonly dow: number;
  readonly hour: number;
  readonly count: number;
}

export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

const hoursOfWeek = 7 * 24;

/**
 * @param offsetMinutes of the wanted zone to UTC, east of it positive. In a zone with half hours a cell has the hour that begins in it.
 * @returns seven days of 24 counts, zeros included
 */
export function weekOf(hours: readonly Hour[], offsetMinutes: number): number[][] {
  const flat = Array.from({ length: hoursOfWeek }, () => 0);
  for (const { dow, hour, count } of hours) {
    const monday = ((dow + 6) % 7) * 24 + hour + Math.floor(offsetMinutes / 60);
    const index = ((monday % hoursOfWeek) + hoursOfWeek) % hoursOfWeek;
    flat[index] = (flat[index] ?? 0) + count;
  }
  return weekdays.map((_, day) => flat.slice(day * 24, day * 24 + 24));
}

/** 0 for nothing, then five steps of equal width up to the most. */
export const stepOf = (count: number, most: number): number => (count === 0 ? 0 : Math.ceil((5 * count) / most));

const hourText = (hour: number) => `${String(hour).padStart(2, "0")}:00`;

/** "Busiest: Tuesday 14:00 (812). Quietest: Sunday 03:00 (0)." */
export function sentenceOf(week: readonly (readonly number[])[]): string {
  const all = week.flatMap((counts, day) =>
    counts.map((count, hour) => ({ count, name: `${weekdays[day]} ${hourText(hour)}` })),
  );
  const [first] = all;
  if (first === undefined || all.every(({ count }) => count === 0))
    return "No tokens and no calls in the last 30 days.";
  const busiest = all.reduce((best, one) => (one.count > best.count ? one : best), first);
  const least = Math.min(...all.map(({ count }) => count));
  const quiet = all.filter(({ count }) => count === least);
  const said = (count: number) => count.toLocaleString();
  const quietest =
    quiet.length === 1
      ? `Quietest: ${quiet[0]?.name} (${said(least)}).`
      : `Quietest: ${quiet.length} hours of the week with ${said(least)} each.`;
  return `Busiest: ${busiest.name} (${said(busiest.count)}). ${quietest}`;
}

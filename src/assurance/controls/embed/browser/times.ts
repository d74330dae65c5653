/** Times for visitors. */
const units = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
] as const;

/** `just now`, `1 minute ago`, `3 hours ago`. A time in the future, by a slow clock, is `just now`. */
export function timeAgo(ms: number, nowMs: number): string {
  const age = nowMs - ms;
  for (const [unit, name] of units) {
    const count = Math.floor(age / unit);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** `2026-11-22 09:30:00 UTC`. */
export function timeInFull(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

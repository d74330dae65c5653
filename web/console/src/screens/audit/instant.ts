/** Points in time in a URL, as the API has them, and in a field of a form, which has the reader's time and no zone. */

/** Which end of a minute or of a day a text means. */
export type End = "first" | "last";

const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
const date = /^\d{4}-\d{2}-\d{2}$/;
const minuteMs = 60_000;
const dayMs = 86_400_000;

const isoOrUndefined = (ms: number) => (Number.isNaN(ms) ? undefined : new Date(ms).toISOString());

/** A rule for the URL: an ISO 8601 date-time with its offset, or a UTC day; its output is a date-time in UTC. */
export const instant =
  (end: End) =>
  (text: string): string | undefined => {
    if (dateTime.test(text)) return isoOrUndefined(Date.parse(text));
    if (!date.test(text)) return undefined;
    return isoOrUndefined(Date.parse(`${text}T00:00:00Z`) + (end === "last" ? dayMs - 1 : 0));
  };

/** What a field of type `datetime-local` shows for a time: to the minute, and more only when there is more. */
export function localOf(iso: string, end: End): string {
  const at = new Date(iso);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * minuteMs).toISOString().slice(0, 23);
  const wholeMinute = end === "first" ? ":00.000" : ":59.999";
  return local.endsWith(wholeMinute) ? local.slice(0, 16) : local.replace(/\.000$/, "");
}

/** The time that such a field means; a minute without seconds is included to its end. */
export function isoOf(local: string, end: End): string | undefined {
  const isWholeMinute = local.length === "2026-11-30T21:40".length;
  return isoOrUndefined(Date.parse(local) + (isWholeMinute && end === "last" ? minuteMs - 1 : 0));
}

/** So many seconds before now, to the minute: the query of a look a moment later is the same. */
export const secondsAgo = (seconds: number, nowMs = Date.now()): string =>
  new Date(Math.floor(nowMs / minuteMs) * minuteMs - seconds * 1000).toISOString();

/** Why a range has no moment; undefined: it has. */
export const rangeIssue = ({ from, to }: { readonly from: string | undefined; readonly to: string | undefined }) =>
  from !== undefined && to !== undefined && from > to ? "is before From" : undefined;

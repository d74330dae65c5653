/** The bound of what an event holds. A caller chooses many of these texts, and its event must not be too big for D1. */
import type { DomainEvent, JsonValue } from "./catalogue.ts";

/** The most characters of one field of `details`, as JSON. Every value that the API accepts for one field is shorter, but a rare list. */
export const longestDetail = 16_384;
/** The end of a value that was cut. */
const cut = "…";

/** The text of `undefined` is not JSON; a mistake in one field must not lose the event. */
const lengthOf = (value: JsonValue): number => String(JSON.stringify(value)).length;

function cutText(text: string, most: number): string {
  let kept = text.slice(0, most);
  for (let excess = 1; excess > 0; ) {
    excess = lengthOf(kept + cut) - most;
    // In JSON a character has up to six.
    kept = kept.slice(0, kept.length - Math.max(0, Math.ceil(excess / 6)));
  }
  return kept.replace(/[\ud800-\udbff]$/, "") + cut;
}

function cutList(list: readonly JsonValue[], most: number): readonly JsonValue[] {
  let left = most - lengthOf([cut]);
  const end = list.findIndex((item) => {
    left -= lengthOf(item) + 1;
    return left < 0;
  });
  return [...list.slice(0, end), cut];
}

function bounded(value: JsonValue, most: number): JsonValue {
  if (lengthOf(value) <= most) return value;
  if (typeof value === "string") return cutText(value, most);
  if (Array.isArray(value)) return cutList(value, most);
  const members = Object.entries(value ?? {});
  const room = Math.floor(most / members.length);
  return Object.fromEntries(members.map(([name, member]) => [name, bounded(member, room - lengthOf(name) - 2)]));
}

/** The details with each field cut to {@link longestDetail}. The end of a cut text or list is `…`. */
export const boundedDetails = (details: DomainEvent["details"]): DomainEvent["details"] =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [name, bounded(value, longestDetail)]));

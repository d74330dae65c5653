/** What of a person an event must not hold: the log is never changed, so an e-mail address in it could not be erased. */

/** Instead of an e-mail address. */
const removed = "[e-mail]";

/** A word between the characters that cannot be in an address, or that separate an address from other text. One class, so that the search is linear. */
const word = /[^\s<>()[\]{},;:"'\\/]+/g;

/** `@` and `.` in percent-encoding (RFC 3986 2.1), also encoded more than once. */
const encodedAt = /%(?:25)*40/g;
const encodedDot = /%(?:25)*2e/gi;

function isAddress(text: string): boolean {
  const decoded = text.replace(encodedAt, "@").replace(encodedDot, ".");
  const at = decoded.indexOf("@", 1);
  return at > 0 && decoded.indexOf(".", at + 2) > 0;
}

const masked = (text: string): string =>
  text.includes("@") || text.includes("%") ? text.replace(word, (one) => (isAddress(one) ? removed : one)) : text;

/** Makes names different: the second `a` is `a 2`. The numbers of a name only rise, so that the cost is linear. */
function distinct(): (name: string) => string {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return (name) => {
    let [one, count] = [name, counts.get(name) ?? 1];
    while (taken.has(one)) one = `${name} ${++count}`;
    counts.set(name, count);
    taken.add(one);
    return one;
  };
}

/**
 * The value with every e-mail address in its texts and in the names of its members replaced by `[e-mail]`. An address is here
 * `…@….…`, whatever the domain, also in percent-encoding. Names that become the same are numbered: `[e-mail]`, `[e-mail] 2`.
 *
 * @param value plain JSON
 */
export function withoutAddresses<Value>(value: Value): Value {
  if (typeof value === "string") return masked(value) as Value & string;
  if (Array.isArray(value)) return value.map(withoutAddresses) as Value & unknown[];
  if (typeof value !== "object" || value === null) return value;
  const nameOf = distinct();
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [nameOf(masked(name)), withoutAddresses(member)]),
  ) as Value;
}

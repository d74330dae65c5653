/** What of a person an event must not hold: the log is never changed, so an e-mail address in it could not be erased. */

/** Instead of an e-mail address. */
const removed = "[e-mail]";

/** A word between the characters that cannot be in an address, or that separate an address from other text. One class, so that the search is linear. */
const word = /[^\s<>()[\]{},;:"'\\/]+/g;

function isAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  return at > 0 && text.indexOf(".", at + 2) > 0;
}

/**
 * The value with every e-mail address in its texts replaced by `[e-mail]`. An address is here `…@….…`, whatever the domain.
 *
 * @param value plain JSON
 */
export function withoutAddresses<Value>(value: Value): Value {
  if (typeof value === "string") {
    if (!value.includes("@")) return value;
    return value.replace(word, (text) => (isAddress(text) ? removed : text)) as Value & string;
  }
  if (Array.isArray(value)) return value.map(withoutAddresses) as Value & unknown[];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutAddresses(member)])) as Value;
}

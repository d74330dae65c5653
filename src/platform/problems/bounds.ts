/** The bounds of what an error answer repeats of a wrong request, so that the answer is short whatever the caller sent. */

/** The most bytes of `details.issues`, as JSON. */
export const longestDetails = 2_600;
/** The most characters of a message or a hint. */
const longestText = 1_000;
/** The most characters of a received value, of a path, and of a name in them. */
export const longestValue = 200;

/** How many bytes a value has as JSON. */
export const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).byteLength;

/** A text cut to `most` characters; the end of a cut text is `…`. */
export const cutText = (text: string, most = longestText): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;

/** The first ten names of a list that a caller chose, each cut to `characters`. */
export const fewNames = (names: readonly string[], characters = 64): readonly string[] =>
  names.slice(0, 10).map((name) => name.slice(0, characters).toWellFormed());

/** The same as one text, with the number of those that are left out. */
export function listed(names: readonly string[], separator = " "): string {
  const few = fewNames(names);
  const more = names.length - few.length;
  return `${few.join(separator)}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The most characters of a capability. */
const longestName = 128;

/** The first ten names of a list for `details`, whole. */
export const wholeNames = (names: readonly string[]): readonly string[] => fewNames(names, longestName);

/** Entity tags (RFC 9110 8.8.3) and the preconditions `If-Match` and `If-None-Match` (RFC 9110 13). */
import { sha256Hex } from "../crypto/canonical-json.ts";
import { type Problem, problem } from "../problems/problems.ts";

/**
 * The strong entity tag of a representation: it changes with every difference of the JSON text. The members must be in the same
 * order each time.
 */
export const entityTagOf = (representation: object): string => `"${sha256Hex(JSON.stringify(representation))}"`;

/** The tags of a header, weak ones with their `W/`; `*` for every representation. */
type EntityTags = "*" | readonly string[];

/** One tag, and the separators after it (RFC 9110 5.6.1, 8.8.3). A comma may be inside a tag. */
const tagForm = /((?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*")[\t ]*(?:,[\t ,]*|$)/y;

/** The value of a header with entity tags; null for another form, such as a tag without quotes, and for no header. */
export function entityTagsIn(value: string | undefined): EntityTags | null {
  if (value === undefined) return null;
  if (value.trim() === "*") return "*";
  const list = value.replace(/^[\t ,]+/, "");
  const form = new RegExp(tagForm);
  const tags: string[] = [];
  while (form.lastIndex < list.length) {
    const tag = form.exec(list)?.[1];
    if (tag === undefined) return null;
    tags.push(tag);
  }
  return tags.length > 0 ? tags : null;
}

/** The preconditions of a request; null where its header is missing. */
export interface Preconditions {
  readonly ifMatch: EntityTags | null;
  readonly ifNoneMatch: EntityTags | null;
}

/** Whether `If-Match` is true (RFC 9110 13.1.1). The comparison is strong (8.8.3.2): a weak tag matches nothing. */
export const isMatched = ({ ifMatch }: Pick<Preconditions, "ifMatch">, tag: string): boolean =>
  ifMatch === null || ifMatch === "*" || ifMatch.includes(tag);

/**
 * Whether `If-None-Match` names the representation (RFC 9110 13.1.2). The comparison is weak (8.8.3.2), because a proxy can have
 * weakened our tag.
 */
export const isKnown = ({ ifNoneMatch }: Pick<Preconditions, "ifNoneMatch">, tag: string): boolean =>
  ifNoneMatch === "*" || (ifNoneMatch?.some((one) => one.replace(/^W\//, "") === tag) ?? false);

/**
 * Refuses a write whose precondition is false (RFC 9110 13.2.2). Call it with the record that the write is conditional on: after
 * the checks of the caller's authority (13.2.1), and before the first step that takes effect.
 *
 * @param representation what a read answers to this caller at this moment
 * @returns `PRECONDITION_FAILED`, or null when the write may go on
 *
 * @example
 * ```ts
 * const unmet = refuseUnmet(preconditions, publicAgent(context, before));
 * if (unmet) return unmet;
 * const written = await commitChange(context, [updateAgent(context, before, change)], [event]);
 * if (!written) return null; // Another write came first: read again, compare again.
 * ```
 */
export function refuseUnmet(preconditions: Preconditions, representation: object): Problem | null {
  const { ifMatch, ifNoneMatch } = preconditions;
  if (ifMatch === null && ifNoneMatch === null) return null;
  const tag = entityTagOf(representation);
  return isMatched(preconditions, tag) && !isKnown(preconditions, tag) ? null : problem("PRECONDITION_FAILED");
}

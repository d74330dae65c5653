/** Fields that many bodies have, with the same rules and the same messages. */
import { z } from "@hono/zod-openapi";

/** A time in an answer. */
export const timeSchema = z.iso.datetime().openapi({ example: "2026-10-01T12:00:00.000Z" });

/** One of a closed set of values. */
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

/**
 * What free text may hold. Control characters can forge lines of a log. Lone surrogates have no UTF-8 and no canonical JSON
 * (RFC 8785 3.2.2.2), so the audit chain cannot hash them.
 */
export const printable = /^[^\p{Cc}\p{Cs}]*$/u;

/** Free text of so many characters. */
export const text = (least: number, most: number, tooShort = `must have at least ${least} characters`) =>
  z
    .string({ error: "must be a text" })
    .min(least, { error: tooShort })
    .max(most, { abort: true, error: `must have at most ${most} characters` })
    .regex(printable, { error: "must not hold control characters" });

/** `.refine(isUnique, unique)`: a list whose values differ. */
export const isUnique = (values: readonly string[]): boolean => new Set(values).size === values.length;
export const unique = { error: "must not name the same thing twice" };

/** `.refine(...somethingNamed)`: a change with at least one field. It is checked when there is no other issue. */
export const somethingNamed = [
  (changes: object): boolean => Object.keys(changes).length > 0,
  {
    error: "must name at least one field",
    when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0,
  },
] as const;

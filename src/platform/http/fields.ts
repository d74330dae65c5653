/** Fields that many bodies have, with the same rules and the same messages. */
import { z } from "@hono/zod-openapi";

/** A time in an answer. */
export const timeSchema = z.iso.datetime().openapi({ example: "2026-10-01T12:00:00.000Z" });

/** One of a closed set of values. */
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

/**
 * What free text may hold. Control characters could forge lines in somebody's log; lone surrogates have no UTF-8 and no
 * canonical JSON (RFC 8785 3.2.2.2), so the audit chain could not hash them.
 */
export const printable = /^[^\p{Cc}\p{Cs}]*$/u;

/** Free text of so many characters. */
export const text = (least: number, most: number, tooShort = `must have at least ${least} characters`) =>
  z
    .string({ error: "must be a text" })
    .min(least, { error: tooShort })
    .max(most, { abort: true, error: `must have at most ${most} characters` })
    .regex(printable, { error: "must not hold control characters" });

/** `.refine(isUnique, unique)`: a list that says nothing twice. */
export const isUnique = (values: readonly string[]): boolean => new Set(values).size === values.length;
export const unique = { error: "must not name the same thing twice" };

/** `.refine(...somethingNamed)`: a change that changes something. It is judged when everything else is in order. */
export const somethingNamed = [
  (changes: object): boolean => Object.keys(changes).length > 0,
  {
    error: "must name at least one field",
    when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0,
  },
] as const;

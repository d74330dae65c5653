/** The fields that many bodies have, with their rules and messages. */
import { z } from "@hono/zod-openapi";

/** A text in an answer, with an example of it. */
export const textLike = (example: string) => z.string().openapi({ example });

/** A time in an answer. */
export const timeSchema = z.iso.datetime().openapi({ example: "2026-10-01T12:00:00.000Z" });

/** One of a closed set of values. */
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

/**
 * Excludes control characters, which can forge log lines, and lone surrogates, which have no canonical JSON (RFC 8785 3.2.2.2),
 * so that the audit chain cannot hash them.
 */
export const printable = /^[^\p{Cc}\p{Cs}]*$/u;

/**
 * What the document has in its place: the escapes and classes that every dialect reads. It lacks lone surrogates, which no correct
 * client can send.
 */
export const publishedPrintable = "^[^\\x00-\\x1f\\x7f-\\x9f]*$";

/** The same, with line breaks and tabs. */
const printableLines = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u;

/** Free text of some lines. */
export const lines = (most: number) =>
  z
    .string({ error: "must be a text" })
    .max(most, { abort: true, error: `must have at most ${most} characters` })
    .regex(printableLines, { error: "must not hold control characters other than line breaks and tabs" })
    .openapi({ pattern: "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$" });

/** Free text with `least` to `most` characters. */
export const text = (
  least: number,
  most: number,
  tooShort = `must have at least ${least} character${least === 1 ? "" : "s"}`,
) =>
  z
    .string({ error: "must be a text" })
    .min(least, { error: tooShort })
    .max(most, { abort: true, error: `must have at most ${most} characters` })
    .regex(printable, { error: "must not hold control characters" })
    .openapi({ pattern: publishedPrintable });

/** The most characters of the identifier of a resource (RFC 8707 2). */
export const longestIdentifier = 512;

/** `.refine(isUnique, unique)`: a list whose values differ. */
export const isUnique = (values: readonly string[]): boolean => new Set(values).size === values.length;
export const unique = { error: "must not name the same thing twice" };

/** `.refine(...somethingNamed)`: a change with at least one field. Checked only without other issues. */
export const somethingNamed = [
  (changes: object): boolean => Object.keys(changes).length > 0,
  {
    error: "must name at least one field",
    when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0,
  },
] as const;

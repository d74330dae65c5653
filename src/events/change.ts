/** A change as a body requests it: which fields get another value, and what its event says of them. */
import type { JsonValue } from "./catalogue.ts";

/** The fields of a body whose value is another one than before. What the body leaves out stays as it is. */
export function differences<Before extends object, Field extends keyof Before>(
  before: Before,
  input: { readonly [F in Field]?: Before[F] | undefined },
): Partial<Pick<Before, Field>> {
  const isOther = ([field, value]: [string, unknown]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(before[field as Field]);
  return Object.fromEntries(Object.entries(input).filter(isOther)) as Partial<Pick<Before, Field>>;
}

/** What the fields of a change were and are, in the form in which they are shown. */
export function fromTo<Shown extends object>(
  before: Shown,
  after: Shown,
  change: object,
): { readonly [field: string]: JsonValue } {
  const fields = Object.keys(change).filter((field) => Object.hasOwn(before, field)) as (keyof Shown & string)[];
  const of = (shown: Shown, field: keyof Shown) => shown[field] as JsonValue;
  return Object.fromEntries(fields.map((field) => [field, { from: of(before, field), to: of(after, field) }]));
}

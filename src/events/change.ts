/** A change that a body requests: the fields with another value, and their form in the event. */
import type { JsonValue } from "./catalogue.ts";

/** The fields of a body whose value differs from the present one. An absent field does not change. */
export function differences<Before extends object, Field extends keyof Before>(
  before: Before,
  input: { readonly [F in Field]?: Before[F] | undefined },
): Partial<Pick<Before, Field>> {
  const isOther = ([field, value]: [string, unknown]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(before[field as Field]);
  return Object.fromEntries(Object.entries(input).filter(isOther)) as Partial<Pick<Before, Field>>;
}

/** The changed fields as `{ from, to }`, from the wire forms before and after. */
export function fromTo<Wire extends object>(before: Wire, after: Wire, change: object): Record<string, JsonValue> {
  const fields = Object.keys(change).filter((field) => Object.hasOwn(before, field)) as (keyof Wire & string)[];
  const of = (wire: Wire, field: keyof Wire) => wire[field] as JsonValue;
  return Object.fromEntries(fields.map((field) => [field, { from: of(before, field), to: of(after, field) }]));
}

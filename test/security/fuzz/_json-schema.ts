/** Bodies made from the JSON schemas of the OpenAPI document: in order, and in order but for one place. */
import fc from "fast-check";
import { hostileKey, hostileValue, withKey } from "./_hostile.ts";

/** As much of JSON Schema 2020-12 as the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Values for properties whose rule no schema tells, such as the id of an agent that is there. By name of the property. */
export type Known = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Plain text in every script, beyond the first plane too, and such as a page or a query would stumble over. */
const lively = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom("<b>&amp;</b>", "O'Brien; --", "𝒳💀", "\u202e\ufeffx", "  two  spaces ", "%41+%20", "é vs é"),
);

const formats: Readonly<Record<string, fc.Arbitrary<string>>> = {
  uuid: fc.uuid(),
  email: fc
    .tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_+-]{0,20}$/), fc.uuid())
    .map(([name, id]) => `${name}@${id}.Example`),
  "date-time": fc
    .tuple(
      fc.date({ min: new Date("2030-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
      fc.constantFrom("Z", "+00:00", "-11:30", "+14:00"),
    )
    .map(([date, offset]) => date.toISOString().replace("Z", offset)),
  uri: fc.webUrl({ validSchemes: ["https"] }),
};

function textOf({ format, pattern, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> {
  const byFormat = format === undefined ? undefined : formats[format];
  if (byFormat) return byFormat;
  const fits = (text: string) =>
    text.length >= minLength && text.length <= maxLength && (!pattern || new RegExp(pattern, "u").test(text));
  // The patterns of free text leave so little out that a filter will do.
  const made = pattern && !pattern.startsWith("^[^\\x00-") ? fc.stringMatching(new RegExp(pattern)) : lively;
  return made.filter(fits);
}

/** Makes arbitraries from the schemas of a document. */
export function bodiesOf(document: { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } }) {
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split("/").at(-1)!]!;

  function objectOf({ properties = {}, required = [], additionalProperties, minProperties = 0 }: Schema, known: Known) {
    if (Object.keys(properties).length === 0 && typeof additionalProperties === "object") {
      return fc.dictionary(fc.stringMatching(/^[a-z]{3,10}$/), valid(additionalProperties, known), {
        minKeys: minProperties,
        maxKeys: 5,
      });
    }
    const model = Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name, known[name] ?? valid(schema, known)]),
    );
    return fc.record(model, { requiredKeys: [...required], noNullPrototype: true });
  }

  function ofType(type: string | undefined, schema: Schema, known: Known): fc.Arbitrary<unknown> {
    const { minimum, maximum, items = {}, minItems = 0, maxItems = 5, uniqueItems } = schema;
    switch (type) {
      case "string":
        return textOf(schema);
      case "integer":
        return fc.integer({ min: minimum ?? -1000, max: maximum ?? 2 ** 31 });
      case "number":
        return fc.double({ min: minimum ?? -1e6, max: maximum ?? 1e6, noNaN: true });
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      case "array": {
        const lengths = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 5) };
        const item = valid(items, known);
        return uniqueItems ? fc.uniqueArray(item, lengths) : fc.array(item, lengths);
      }
      case "object":
        return objectOf(schema, known);
      default:
        return fc.jsonValue({ maxDepth: 1 });
    }
  }

  /** A value that the schema describes. */
  function valid(given: Schema, known: Known = {}): fc.Arbitrary<unknown> {
    const schema = resolve(given);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.const !== undefined) return fc.constant(schema.const);
    const either = schema.oneOf ?? schema.anyOf;
    if (either) return fc.oneof(...either.map((one) => valid(one, known)));
    return fc.oneof(...[schema.type].flat().map((type) => ofType(type as string | undefined, schema, known)));
  }

  return {
    valid,
    nearlyValid: (schema: Schema, known: Known = {}) => mutated(valid(schema, known)),
    /** The names of the properties that an object has. */
    namesIn: (schema: Schema) => new Set(Object.keys(resolve(schema).properties ?? {})),
  };
}

type Place = readonly (string | number)[];

/** Every place in a value, the whole included. */
function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [place, ...entries.flatMap(([key, inner]) => placesIn(inner, [...place, key]))];
}

function changedAt(value: unknown, place: Place, change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = place;
  if (key === undefined) return change(value);
  const inner = changedAt(Reflect.get(value as object, key), rest, change);
  if (Array.isArray(value)) return value.with(Number(key), inner);
  const others = { ...(value as Record<string, unknown>) };
  if (inner === undefined) delete others[key];
  else others[key] = inner;
  return others;
}

/** One place of a value is made something else: another value, gone, in a list, with a member too many. */
function mutated(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const kind = fc.constantFrom("replace", "replace", "replace", "remove", "wrap", "add");
  return fc
    .tuple(arbitrary, fc.nat(), kind, hostileValue, hostileKey)
    .map(([value, nth, how, other, name]) => {
      const places = placesIn(value);
      return changedAt(value, places[nth % places.length]!, (old) => {
        if (how === "remove") return undefined;
        if (how === "wrap") return [old];
        if (how === "add" && typeof old === "object" && old !== null && !Array.isArray(old))
          return withKey(old, name, other);
        return other;
      });
    })
    .filter((value) => value !== undefined);
}

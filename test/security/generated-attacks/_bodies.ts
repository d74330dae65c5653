/** Bodies made from the schemas of the OpenAPI document: each way in which a field can ask for more. */
import type { Body } from "../../support/api.ts";
import { resolved } from "../_operations.ts";

/**
 * Values by the name of the field: ids that the caller knows, and authority that it may ask for. The first value is the most
 * plausible one. Called for each body, because some values must be new.
 */
export type Known = Readonly<Record<string, () => readonly unknown[]>>;

/** Texts for fields without a known value. The first one that fits the schema is used. */
const samples = ["walker", "1.0.0", "payroll:write", "thief/app", "42"];

/** The most bodies of one schema in which each value meets each other one. */
const maxCombined = 130;

/** With more values than this, a list has the first one or all of them. */
const maxSingle = 12;

/** The names that give a body a way to sign in. */
const always = ["publicKeyJwk"];

function fits(schema: Body, value: unknown): boolean {
  if (schema.type === "array") return Array.isArray(value);
  if (typeof value !== "string") return true;
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, enum: choices } = schema;
  if (choices && !choices.includes(value)) return false;
  return value.length >= minLength && value.length <= maxLength && (!pattern || new RegExp(pattern, "u").test(value));
}

function textsOf(schema: Body, where: string): readonly unknown[] {
  if (schema.format === "date-time") return [new Date(Date.now() + 86_400_000).toISOString()];
  const sample = schema.format ? undefined : samples.find((text) => fits(schema, text));
  if (sample !== undefined) return [sample];
  throw new Error(
    `${where}: no value for ${JSON.stringify(schema)}. Name values for this field in _known.ts, or add a sample to _bodies.ts.`,
  );
}

function itemsOf(schema: Body, known: Known, where: string): readonly unknown[] {
  const items = resolved(schema.items ?? {});
  const values = valuesOf(items, "", known, `${where}[]`);
  const single = values.slice(0, values.length > maxSingle ? 1 : values.length).map((value) => [value]);
  const all = values.length > 1 ? [values.slice(0, schema.maxItems ?? values.length)] : [];
  return [...single, ...all, ...((schema.minItems ?? 0) === 0 ? [[]] : [])];
}

/** Values of a schema. `where` names the place in the document for the message of a failure. */
function valuesOf(unresolved: Body, name: string, known: Known, where: string): readonly unknown[] {
  const schema = resolved(unresolved);
  const alternatives = schema.anyOf ?? schema.oneOf;
  const isObjects = resolved(schema.items ?? {}).type === "object";
  if (name in known && !isObjects) {
    const values = (known[name]?.() ?? []).filter((value) => fits(schema, value));
    if (values.length > 0) return values;
  }
  if (alternatives) return alternatives.flatMap((one: Body) => valuesOf(one, name, known, where));
  if (schema.const !== undefined) return [schema.const];
  if (schema.enum) return schema.enum;
  // Any value.
  if (Object.keys(schema).length === 0) return samples.slice(0, 1);
  const types: string[] = [schema.type].flat();
  const type = types.find((one) => one !== "null");
  const none = types.includes("null") ? [null] : [];
  if (schema.type === "null") return none;
  if (type === "boolean") return [true, false, ...none];
  if (type === "integer" || type === "number") {
    const { minimum = 0, maximum } = schema;
    return [maximum ?? minimum, minimum, ...none];
  }
  if (type === "string") return textsOf(schema, where);
  if (type === "array") return [...itemsOf(schema, known, where), ...none];
  if (type === "object" && schema.properties) return [...bodiesOf(schema, known, where).slice(0, 40), ...none];
  if (type === "object" && schema.additionalProperties?.constructor === Object) {
    return valuesOf(schema.additionalProperties, "", known, where).map((value) => ({ sub: value }));
  }
  throw new Error(`${where}: no rule for the schema ${JSON.stringify(schema)}. Add one to _bodies.ts.`);
}

/** Choices that say nothing about authority are made once. */
const choicesOf = (values: readonly unknown[], schema: Body): readonly unknown[] =>
  resolved(schema).enum?.length > 2 ? values.slice(0, 1) : values;

type Fields = Readonly<Record<string, unknown>>;

const product = (heads: readonly Fields[], name: string, values: readonly unknown[]): Fields[] =>
  heads.flatMap((head) => values.map((value) => ({ ...head, [name]: value })));

/**
 * The bodies of a schema: all required fields, with each of their values; and with each value of each other field beside them.
 *
 * @throws Error that names the field for which there is no value
 */
export function bodiesOf(unresolved: Body, known: Known, where: string): readonly unknown[] {
  const schema = resolved(unresolved);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.flatMap((one: Body) => bodiesOf(one, known, where));
  const required: string[] = schema.required ?? [];
  const properties = Object.entries<Body>(schema.properties ?? {});
  const values = new Map(
    properties.map(([name, property]) => [
      name,
      choicesOf(valuesOf(property, name, known, `${where}.${name}`), property),
    ]),
  );
  const isNumber = (name: string) => typeof values.get(name)?.[0] === "number";
  const valuesIn = (name: string) => (isNumber(name) ? [values.get(name)?.[0]] : (values.get(name) ?? []));
  const heads = required.reduce<Fields[]>((made, name) => product(made, name, valuesIn(name)), [{}]);
  const optional = [...values].filter(([name]) => !required.includes(name));
  // What has one value only is a description, most often: all of them make one body.
  const described = Object.fromEntries(
    optional.filter(([, some]) => some.length === 1).map(([name, [value]]) => [name, value]),
  );
  const ways: Fields[] = [
    ...(Object.keys(described).length > 0 ? [described] : []),
    ...optional.flatMap(([name, some]) => (some.length === 1 ? [] : some.map((value) => ({ [name]: value })))),
  ];
  const ways0: Fields = Object.fromEntries(
    required.length > 0
      ? optional.filter(([name]) => always.includes(name)).map(([name, [value]]) => [name, value])
      : [],
  );
  const combined = heads.length * ways.length <= maxCombined ? heads : heads.slice(0, 1);
  return fresh([...heads, ...combined.flatMap((head) => ways.map((way) => ({ ...head, ...ways0, ...way })))], known);
}

/** What must be new in each body: an e-mail address, a slug. */
function fresh(bodies: readonly Fields[], known: Known): readonly Fields[] {
  const renewed = (name: string, value: unknown) => {
    const now = known[name]?.();
    return typeof value === "string" && now?.length === 1 && typeof now[0] === "string" ? now[0] : value;
  };
  return bodies.map((body) =>
    Object.fromEntries(Object.entries(body).map(([name, value]) => [name, renewed(name, value)])),
  );
}

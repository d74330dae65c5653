/** Examples of whole bodies for the OpenAPI document, made of the examples of their members. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly format?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export type Schemas = Readonly<Record<string, Schema>>;

const id = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

const byFormat: Readonly<Record<string, string>> = {
  uuid: id,
  "date-time": "2026-10-01T12:00:00.000Z",
  email: "screener-01@acme.example",
  uri: "https://acme.example",
};

/** Whether it has no other value than this one. */
const isNull = ({ type }: Schema) => type === "null";

/** The first member where none is required, for a body that must have one. */
function membersOf({ properties = {}, required = [], minProperties = 0 }: Schema, isRequest: boolean) {
  const members = Object.entries(properties);
  if (!isRequest) return members;
  const needed = members.filter(([name]) => required.includes(name));
  return needed.length < minProperties ? members.slice(0, minProperties) : needed;
}

function plainExample({ type, format = "", minimum = 1 }: Schema): unknown {
  switch (type) {
    case "integer":
    case "number":
      return minimum;
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return byFormat[format] ?? "text";
  }
}

/**
 * A value that fits a schema: its example or default, or one made of its members. A request has the members that it must have, an answer
 * has all.
 */
export function exampleOf(schema: Schema, schemas: Schemas, isRequest: boolean): unknown {
  const { $ref, example, const: only, enum: values, items, properties } = schema;
  const given = [example, schema.default, only, values?.[0]].find((value) => value !== undefined);
  if (given !== undefined) return given;
  if ($ref !== undefined) return exampleOf(schemas[$ref.split("/").at(-1) ?? ""] ?? {}, schemas, isRequest);
  const options = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (options) return exampleOf(options.find((option) => !isNull(option)) ?? {}, schemas, isRequest);
  if (items) return [exampleOf(items, schemas, isRequest)];
  if (properties) {
    const members = membersOf(schema, isRequest).map(([name, member]) => [name, exampleOf(member, schemas, isRequest)]);
    return Object.fromEntries(members);
  }
  if (schema.nullable || (Array.isArray(schema.type) && schema.type.includes("null"))) return null;
  return schema.type === "object" ? {} : plainExample(schema);
}

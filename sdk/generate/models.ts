/** Reads schemas into the models of the intermediate form. */
import { isSecret, nestedNames } from "./calls.ts";
import { nameOf, type Schema } from "./document.ts";
import type { Field, Model, Operation, Type } from "./form.ts";

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** The models of a document, those of nested objects included, which get names of their own. */
export class Models {
  readonly #models = new Map<string, Model>();

  constructor(schemas: Readonly<Record<string, Schema>>) {
    const named = Object.entries(schemas).filter(([, { type, enum: values }]) => type === "object" || values);
    // References may go forward.
    this.#schemas = schemas;
    for (const [name, schema] of named) this.#add(name, schema);
  }

  readonly #schemas: Readonly<Record<string, Schema>>;

  #add(name: string, schema: Schema): void {
    const description = schema.description ?? "";
    if (schema.enum) {
      this.#models.set(name, { kind: "enum", name, description, values: schema.enum });
    } else {
      // An object without members is a map, and has no model.
      if (!schema.properties) return;
      this.#models.set(name, { kind: "object", name, description, fields: this.#fieldsOf(name, schema) });
    }
  }

  #fieldsOf(model: string, { properties = {}, required = [] }: Schema): Field[] {
    return Object.entries(properties).map(([name, schema]) => ({
      name,
      type: isSecret(model, name) ? { kind: "secret" } : this.typeOf(schema, model, name),
      required: required.includes(name),
      description: schema.description ?? "",
    }));
  }

  /** The type of a schema that is a member of `owner`. */
  typeOf(schema: Schema, owner: string, member: string): Type {
    if (schema.$ref) return this.#referred(nameOf(schema.$ref));
    if (schema.anyOf) {
      const [first, second, ...others] = schema.anyOf;
      if (!first || second?.type !== "null" || others.length > 0) throw new Error(`${owner}.${member} is a union.`);
      return { kind: "nullable", of: this.typeOf(first, owner, member) };
    }
    if (Array.isArray(schema.type)) {
      const [type, ...others] = schema.type.filter((one) => one !== "null");
      if (!type || others.length > 0) throw new Error(`${owner}.${member} has several types.`);
      return { kind: "nullable", of: this.typeOf({ ...schema, type }, owner, member) };
    }
    switch (schema.type) {
      case "string":
        return { kind: schema.format === "date-time" ? "instant" : "text" };
      case "integer":
      case "number":
      case "boolean":
        return { kind: schema.type };
      case "array":
        return { kind: "list", of: this.typeOf(schema.items ?? {}, owner, member) };
      case "object":
        return this.#objectOf(schema, owner, member);
      case undefined:
        return { kind: "any" };
      default:
        throw new Error(`${owner}.${member} is of the unknown type ${String(schema.type)}.`);
    }
  }

  #objectOf(schema: Schema, owner: string, member: string): Type {
    if (!schema.properties) {
      const { additionalProperties: values } = schema;
      return { kind: "map", of: typeof values === "object" ? this.typeOf(values, owner, member) : { kind: "any" } };
    }
    const name = nestedNames[`${owner}.${member}`] ?? `${owner}${capitalised(member)}`;
    if (name in this.#schemas)
      throw new Error(`${owner}.${member} cannot be named ${name}: a component has this name.`);
    this.#add(name, schema);
    return { kind: "model", name };
  }

  /** A component that is no object and no enum has no name in the libraries: its type stands in its place. */
  #referred(name: string): Type {
    const schema = this.#schemas[name];
    if (!schema) throw new Error(`There is no component ${name}.`);
    const isNamed = schema.enum !== undefined || schema.properties !== undefined;
    return isNamed ? { kind: "model", name } : this.typeOf(schema, name, "");
  }

  /** The item of a list whose items are of the model that `x-items-by-format` has for this format. */
  itemBy(schema: Schema, format: string | undefined): Type | null {
    const list = schema.$ref ? this.#schemas[nameOf(schema.$ref)] : schema;
    const item = list?.["x-items-by-format"]?.[format ?? ""];
    return item ? this.typeOf(item, format ?? "", "item") : null;
  }

  /** What a list answers, when it comes in pages. */
  pageOf(type: Type): Extract<Operation["answer"], { kind: "page" }> | null {
    const model = type.kind === "model" ? this.#models.get(type.name) : undefined;
    if (model?.kind !== "object") return null;
    const has = (name: string) => model.fields.some((field) => field.name === name);
    const paging = has("nextCursor") ? "cursor" : has("offset") && has("total") ? "offset" : null;
    const items = model.fields.find((field) => field.type.kind === "list");
    if (!paging || items?.type.kind !== "list") return null;
    return { kind: "page", paging, page: model.name, items: items.name, item: items.type.of };
  }

  /** The model of `data` in the payload of a webhook. */
  dataOf(event: string, payload: Schema | undefined): string {
    const ref = this.#schemas[nameOf(payload?.$ref ?? "")]?.properties?.data?.$ref;
    if (!ref) throw new Error(`The payload of ${event} has no data.`);
    return nameOf(ref);
  }

  /** The names of these types' models, and of those that they refer to. */
  reachable(types: readonly Type[]): Set<string> {
    const found = new Set<string>();
    const visit = (type: Type): void => {
      if ("of" in type) visit(type.of);
      if (type.kind !== "model" || found.has(type.name)) return;
      found.add(type.name);
      const model = this.#models.get(type.name);
      if (model?.kind === "object") for (const field of model.fields) visit(field.type);
    };
    for (const type of types) visit(type);
    return found;
  }

  /** In the order of their names, so that the document's order does not show. */
  all(): Model[] {
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/**
 * The schemas that the OpenAPI document has once, by name. Generators of clients make a type of each, so a name is public.
 *
 * The generator of the document makes a component of the first use of its schema, and that use can be nullable, have a default or
 * another description. So each component is registered as it is, before the routes.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { BaseEnv } from "./app-env.ts";

const shownAs = new Map<string, z.ZodType>();

/**
 * A schema with a name in the document.
 *
 * @param shown what the document has in its place, where a check says more than JSON Schema, or than generators can read
 */
export function component<S extends z.ZodType>(name: string, schema: S, shown: z.ZodType = schema): S {
  shownAs.set(name, shown);
  return schema.openapi(name);
}

/** One of a closed set of values, as a component. `values` are in the order of the document. */
export const enumeration = <const Values extends readonly string[]>(
  name: string,
  values: Values,
  error = `must be one of ${values.join(", ")}`,
) => component(name, z.enum(values, { error }));

/** A component of any room, by its name. */
export function componentOf(name: string): z.ZodType {
  const shown = shownAs.get(name);
  if (!shown) throw new Error(`There is no component ${name}.`);
  return shown.openapi(name);
}

/** Registers the components. It must come before the document is made. */
export function registerComponents(app: OpenAPIHono<BaseEnv>): void {
  for (const [name, schema] of shownAs) app.openAPIRegistry.register(name, schema);
}

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);

const annotations = ["title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"];

/** A reference and what is said beside it; null for every other use of `allOf`. */
function referenceIn({ allOf }: Node) {
  if (!Array.isArray(allOf) || allOf.length !== 2) return null;
  const [reference, { type, nullable, ...said }] = allOf as [Node, Node];
  const isNullable = nullable === true || (Array.isArray(type) && type.includes("null"));
  const isPlain = "$ref" in reference && Object.keys(said).every((key) => annotations.includes(key));
  return isPlain ? { reference, isNullable, said } : null;
}

/** Before 3.1, nothing can stand beside a reference, and there is no type `null`. */
function plainReference(node: Node, is30: boolean): Node {
  const found = referenceIn(node);
  if (!found) return node;
  const { reference, isNullable, said } = found;
  if (is30) return { ...said, ...(isNullable ? { nullable: true } : {}), allOf: [reference] };
  return isNullable ? { ...said, anyOf: [reference, { type: "null" }] } : { ...said, ...reference };
}

function plain(value: unknown, is30: boolean): unknown {
  if (Array.isArray(value)) return value.map((member) => plain(member, is30));
  if (!isNode(value)) return value;
  const members = Object.entries(value).map(([key, member]) =>
    key === "enum" && Array.isArray(member) && member.length === 1 && !is30
      ? ["const", member[0]]
      : [key, plain(member, is30)],
  );
  return plainReference(Object.fromEntries(members), is30);
}

/**
 * The document with the description, the default and the `null` of a use beside its reference. The generator of the document merges
 * them by `allOf`, which generators of clients take for an inheritance. A single value is a `const`, which 3.0 does not have.
 */
export const withPlainReferences = <D extends { readonly openapi: string }>(document: D): D =>
  plain(document, document.openapi.startsWith("3.0")) as D;

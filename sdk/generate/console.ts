/**
 * The types of the console: the models as they are on the wire, and each call with its parameters, body and answer. The console
 * uses them as types only, so that they add no byte to it. The values of a few enumerations are a file of their own.
 */
import { type Document, type DocumentedOperation, nameOf, type Parameter, type Schema } from "./document.ts";

const path = "web/console/src/api/schema.ts";

/** Those whose values a screen lists: a choice in a filter or a form. */
const listed = { auditActions: "AuditAction", webhookEventTypes: "WebhookEventType" } as const;
const valuesPath = "web/console/src/api/values.ts";

const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const union = (types: readonly string[]) => [...new Set(types)].join(" | ");
const listOf = (type: string) => (/[ |]/.test(type) ? `readonly (${type})[]` : `readonly ${type}[]`);

function ofType(type: string, schema: Schema): string {
  if (type === "integer" || type === "number") return "number";
  if (type === "array") return listOf(schema.items === undefined ? "unknown" : typeOf(schema.items));
  if (type === "object") return objectType(schema);
  return type === "string" || type === "boolean" || type === "null" ? type : "unknown";
}

function objectType({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined) {
    const values = typeof additionalProperties === "object" ? typeOf(additionalProperties) : "unknown";
    return `Readonly<Record<string, ${values}>>`;
  }
  const fields = Object.entries(properties).map(([name, schema]) => {
    const note = schema.description === undefined ? "" : `/** ${schema.description.replaceAll("*/", "*\\/")} */\n`;
    return `${note}readonly ${key(name)}${required.includes(name) ? "" : "?"}: ${typeOf(schema)};`;
  });
  return `{\n${fields.join("\n")}\n}`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.anyOf !== undefined) return union(schema.anyOf.map(typeOf));
  if (schema.type === undefined) return "unknown";
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  return union(types.map((type) => ofType(type, schema)));
}

function parameters(of: Parameter["in"], all: readonly Parameter[]): string[] {
  const fields = all
    .filter((parameter) => parameter.in === of)
    .map(({ name, required, schema }) => `readonly ${key(name)}${required ? "" : "?"}: ${typeOf(schema)} | undefined;`);
  const type = `{ ${fields.join(" ").replaceAll(of === "path" ? " | undefined" : "\0", "")} }`;
  return fields.length === 0 ? [] : [`readonly ${of}: ${type};`];
}

function answerOf({ responses }: DocumentedOperation): string {
  const content = Object.entries(responses).find(([status, { content }]) => status.startsWith("2") && content)?.[1]
    .content;
  const json = content?.["application/json"];
  return json === undefined ? "undefined" : typeOf(json.schema);
}

/** The call `GET /agents/{agentId}`, below the base path of the API. */
function call(method: string, route: string, operation: DocumentedOperation): string {
  const body = operation.requestBody?.content["application/json"];
  const parts = [
    ...parameters("path", operation.parameters ?? []),
    ...parameters("query", operation.parameters ?? []),
    ...(body === undefined ? [] : [`readonly body: ${typeOf(body.schema)};`]),
    `readonly answer: ${answerOf(operation)};`,
    `readonly keyed: ${operation["x-sdk-retry"] === "keyed"};`,
  ];
  return `${JSON.stringify(`${method.toUpperCase()} ${route}`)}: {\n${parts.join("\n")}\n};`;
}

function valuesFile(schemas: Readonly<Record<string, Schema>>, head: string): string {
  const lists = Object.entries(listed).map(([list, name]) => {
    const values = schemas[name]?.enum;
    if (values === undefined) throw new Error(`${name} is no enumeration of the document`);
    return `export const ${list} = ${JSON.stringify(values)} as const satisfies readonly ${name}[];`;
  });
  const types = Object.values(listed).join(", ");
  return `${head}\n/** The values of enumerations, in the order of the document. */\nimport type { ${types} } from "./schema.ts";\n\n${lists.join("\n\n")}\n`;
}

/** The files, by their paths in the checkout. */
export function consoleFiles({ paths, components }: Document): Readonly<Record<string, string>> {
  const models = Object.entries(components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`);
  const calls = Object.entries(paths)
    .filter(([route]) => route.startsWith("/api/v1/"))
    .flatMap(([route, operations]) =>
      Object.entries(operations)
        .filter(([, operation]) => operation["x-sdk-call"] !== false)
        .map(([method, operation]) => call(method, route.slice("/api/v1".length), operation)),
    );
  const head = "// Generated by `npm run sdk:generate` from sdk/openapi.json. Never edit this file.";
  const about = "/** The models and the calls of the API, as they are on the wire. */";
  const text = `${head}\n${about}\n\n${models.join("\n\n")}\n\n/** Each call, by its method and its path below \`/api/v1\`. */\nexport interface Calls {\n${calls.join("\n")}\n}\n`;
  return { [path]: text, [valuesPath]: valuesFile(components.schemas, head) };
}

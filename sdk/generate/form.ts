/**
 * The intermediate form: what a template of a language needs, and nothing of OpenAPI. A construct that the document does not use
 * has no place here; it stops the generator, so that no library gets a wrong type in silence.
 */
import { answeringStatuses, callClasses, derivedCalls, fixedQueries, handWritten, type RetryClass } from "./calls.ts";
import type { Answer, Document, DocumentedOperation, Parameter, Schema } from "./document.ts";
import { Models } from "./models.ts";

export type Type =
  | { readonly kind: "text" | "secret" | "instant" | "integer" | "number" | "boolean" | "any" }
  | { readonly kind: "list" | "map" | "nullable"; readonly of: Type }
  | { readonly kind: "model"; readonly name: string };

export interface Field {
  /** As it is on the wire. */
  readonly name: string;
  readonly type: Type;
  readonly required: boolean;
  readonly description: string;
}

export type Model = { readonly name: string; readonly description: string } & (
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "object"; readonly fields: readonly Field[] }
);

export interface Operation {
  /** Part and method, such as `organizations.members.set`. */
  readonly call: string;
  readonly summary: string;
  readonly description: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With parameters in braces. */
  readonly path: string;
  readonly retry: RetryClass;
  /** `optional`: the call is public, and answers more with a token. */
  readonly authentication: "none" | "optional" | "required";
  readonly pathParameters: readonly Field[];
  readonly query: readonly Field[];
  /** Sent with every request of the call; not a parameter of the method. */
  readonly fixedQuery: Readonly<Record<string, string>>;
  readonly body: { readonly type: Type; readonly required: boolean; readonly form: boolean } | null;
  readonly fixedBody: Readonly<Record<string, string>> | null;
  /** The answer has an `ETag`, or the request takes `If-Match`. */
  readonly conditional: boolean;
  readonly answer:
    | { readonly kind: "none" | "text" | "bytes" }
    | { readonly kind: "value"; readonly type: Type }
    | {
        readonly kind: "page";
        readonly paging: "cursor" | "offset";
        readonly page: string;
        readonly items: string;
        readonly item: Type;
      };
  /** Error statuses whose body is the answer. */
  readonly answeringStatuses: readonly number[];
}

export interface Form {
  readonly models: readonly Model[];
  readonly operations: readonly Operation[];
  readonly errorCodes: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
  /** The name of each webhook event, with the model of its `data`. */
  readonly events: readonly { readonly name: string; readonly data: string }[];
  /** The names of the models that answers and webhooks have; the others are only sent. */
  readonly received: ReadonlySet<string>;
}

const paging = ["limit", "cursor", "offset"];

function authenticationOf(operation: DocumentedOperation): Operation["authentication"] {
  const ways = operation.security ?? [];
  if (ways.length === 0) return "none";
  return ways.some((way) => Object.keys(way).length === 0) ? "optional" : "required";
}

/** Times are either `date-time`, or a text whose example is a day or a time. */
const isMoment = ({ example }: Schema) => typeof example === "string" && /^\d{4}-\d\d-\d\d/.test(example);

function fieldOf(models: Models, operation: string, { name, schema, required, description }: Parameter): Field {
  const type: Type = isMoment(schema) ? { kind: "instant" } : models.typeOf(schema, operation, name);
  return { name, type, required: required === true, description: description ?? schema.description ?? "" };
}

function answerOf(models: Models, call: string, answers: Readonly<Record<string, Answer>>): Operation["answer"] {
  const [, answer] = Object.entries(answers).find(([status]) => Number(status) < 300) ?? [];
  const [media, content] = Object.entries(answer?.content ?? {})[0] ?? [];
  if (!media || !content) return { kind: "none" };
  if (/ndjson|zip|octet-stream/.test(media)) return { kind: "bytes" };
  if (!media.endsWith("json")) return { kind: "text" };
  const item = models.itemBy(content.schema, derivedCalls[call]?.query?.format ?? fixedQueries[call]?.format);
  if (item) return { kind: "value", type: { kind: "list", of: item } };
  const type = models.typeOf(content.schema, call, "answer");
  return models.pageOf(type) ?? { kind: "value", type };
}

function operationOf(
  models: Models,
  path: string,
  method: string,
  operation: DocumentedOperation,
  call: string,
): Operation {
  const derived = derivedCalls[call];
  const retry = callClasses.get(call);
  if (!retry) throw new Error(`${operation.operationId}: the table of calls has no ${call}.`);
  if (!derived && operation["x-sdk-retry"] !== retry)
    throw new Error(`${call}: the document says ${operation["x-sdk-retry"]}.`);
  const parameters = operation.parameters ?? [];
  const answer = answerOf(models, call, operation.responses);
  const fixedQuery = derived?.query ?? fixedQueries[call] ?? {};
  const isParameter = ({ name }: Parameter) => !(name in fixedQuery) && !(name === "cursor" && answer.kind === "page");
  const [media, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    parameters.find((one) => one.in === "path" && one.name === name),
  );
  return {
    call,
    summary: derived?.summary ?? operation.summary ?? "",
    description: derived ? "" : (operation.description ?? ""),
    method: method.toUpperCase() as Operation["method"],
    path,
    retry,
    authentication: authenticationOf(operation),
    pathParameters: inPath.map((one) => {
      if (!one) throw new Error(`${call}: a parameter of ${path} is not described.`);
      return fieldOf(models, call, one);
    }),
    query: parameters
      .filter((one) => one.in === "query" && isParameter(one))
      .map((one) => fieldOf(models, call, one))
      .filter(({ name }) => !(answer.kind === "page" && name === "offset")),
    fixedQuery,
    body:
      media && content && !derived?.body
        ? {
            type: models.typeOf(content.schema, call, "body"),
            required: operation.requestBody?.required === true,
            form: media.endsWith("urlencoded"),
          }
        : null,
    fixedBody: derived?.body ?? null,
    conditional: parameters.some(({ name }) => name === "If-Match"),
    answer,
    answeringStatuses: answeringStatuses[call] ?? [],
  };
}

function errorCodesOf({ components }: Document, codes: readonly string[]): Form["errorCodes"] {
  const examples = Object.values(components.responses).flatMap(({ content }) =>
    Object.values(content ?? {}).flatMap((media) => Object.values(media.examples ?? {})),
  );
  return codes.map((code) => {
    const value = examples.find((example) => example.value.code === code)?.value;
    return { code, message: value?.message ?? "", remedy: value?.hint ?? "" };
  });
}

/** The intermediate form of a document. */
export function formOf(document: Document): Form {
  const models = new Models(document.components.schemas);
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      const call = operation["x-sdk-call"];
      if (call === false) return [];
      const derived = Object.keys(derivedCalls).filter((name) => derivedCalls[name]?.of === call);
      return [call, ...derived].map((name) => operationOf(models, path, method, operation, name));
    }),
  );
  const order = [...callClasses.keys()];
  operations.sort((a, b) => order.indexOf(a.call) - order.indexOf(b.call));
  const events = Object.entries(document.webhooks).map(([name, { post }]) => {
    const [content] = Object.values(post.requestBody.content);
    return { name, data: models.dataOf(name, content?.schema) };
  });
  const received = models.reachable([
    ...operations.flatMap(({ answer }): Type[] =>
      answer.kind === "value" ? [answer.type] : answer.kind === "page" ? [{ kind: "model", name: answer.page }] : [],
    ),
    ...events.map(({ data }): Type => ({ kind: "model", name: data })),
  ]);
  const sent = models.reachable([
    ...operations.flatMap(({ body, query }) => [...(body ? [body.type] : []), ...query.map(({ type }) => type)]),
    { kind: "model", name: "WebhookEventType" },
  ]);
  return {
    models: models.all().filter(({ name }) => received.has(name) || sent.has(name)),
    operations,
    errorCodes: errorCodesOf(document, document.components.schemas.ProblemCode?.enum ?? []),
    events,
    received,
  };
}

/** The operations that a template writes methods for. */
export const generatedOperations = ({ operations }: Form): Operation[] =>
  operations.filter(({ call }) => !handWritten.has(call));

/** Whether a query parameter only says which page. */
export const isPaging = ({ name }: Field): boolean => paging.includes(name);

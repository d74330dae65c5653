/** Every operation of the OpenAPI document, for attacks on any route: a new route is attacked the day it is added. */
import { type Answer, type Body, call } from "../support/api.ts";
import { ofEachProvider } from "./_trust-policies.ts";

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** With `{names}` of its parameters. */
  readonly path: string;
  /** Whether it takes an access token: always, only from who has one, or never. */
  readonly bearer: "needed" | "optional" | "none";
  /** The scope that the access token must carry. */
  readonly scope: string | null;
  readonly query: readonly Body[];
  /** The media type and the schema of its body, references resolved; null when it takes none. */
  readonly body: { readonly type: string; readonly schema: Body } | null;
}

/** The document is the same in every file; it has to be read before the tests are made from it. */
export const document = (await call("/openapi.json")).body;

/** A schema in the place of a reference to it. */
export function resolved(schema: Body): Body {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(schema?.$ref ?? "")?.[1];
  return name === undefined ? schema : document.components.schemas[name];
}

function bodyOf(operation: Body): Operation["body"] {
  const [content] = Object.entries<Body>(operation.requestBody?.content ?? {});
  return content ? { type: content[0], schema: ofEachProvider(resolved(content[1].schema)) } : null;
}

function bearerOf(security: Body[]): Operation["bearer"] {
  // The handlers of RFC 7009 and RFC 7662 decide, and they refuse in the words of OAuth.
  if (security.some((way) => "clientSecretBasic" in way) && security.some((way) => Object.keys(way).length === 0)) {
    return "none";
  }
  if (!security.some((way) => "bearer" in way)) return "none";
  return security.some((way) => Object.keys(way).length === 0) ? "optional" : "needed";
}

export const operations: readonly Operation[] = Object.entries<Body>(document.paths).flatMap(([path, item]) =>
  Object.entries<Body>(item).map(([method, operation]) => ({
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path,
    bearer: bearerOf(operation.security),
    scope: operation.security.find((way: Body) => way.bearer?.length > 0)?.bearer[0] ?? null,
    query: (operation.parameters ?? []).filter((parameter: Body) => parameter.in === "query"),
    body: bodyOf(operation),
  })),
);

/** Those that look at an access token. */
export const guarded = operations.filter(({ bearer }) => bearer !== "none");

/** The names of a path's parameters, in order. */
export const parametersOf = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);

/** The path with ids in the place of its parameters; ids that never were, where none is given. */
export const filled = (path: string, ids: Readonly<Record<string, string>> = {}) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? (name === "slug" ? "nobody" : crypto.randomUUID()));

/** Asks an operation with an access token and nothing else: who may not call it learns nothing more. */
export const askWithToken = ({ method, path }: Operation, token: string): Promise<Answer> =>
  call(filled(path), { method, token });

/** Routes of records with an `ETag`: their preconditions (RFC 9110 13), their answers, and their form in the OpenAPI document. */
import type { RouteConfig } from "@hono/zod-openapi";
import type { Context as HonoContext, TypedResponse } from "hono";
import { createMiddleware } from "hono/factory";
import type { JSONParsed } from "hono/utils/types";
import { invalid, type ProblemCode, problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import type { BaseEnv } from "./app-env.ts";
import { entityTagOf, entityTagsIn, isKnown, isMatched } from "./entity-tags.ts";
import { fail, type ProblemResponse } from "./respond.ts";

const isRead = (method: string) => method === "GET" || method === "HEAD";

/**
 * Reads the preconditions of the request. A malformed `If-Match` is refused, and so is such an `If-None-Match` of a write: without
 * its condition the write could overwrite a change that the caller has not seen. To a read, a malformed `If-None-Match` names no
 * representation, so the answer is complete. An empty header is like a missing one: workerd removes it before the Worker runs.
 */
export const readPreconditions = createMiddleware<BaseEnv>(async (c, next) => {
  const read = (name: string) => {
    const value = c.req.header(name);
    const tags = entityTagsIn(value);
    return { name, tags, isMalformed: value !== undefined && tags === null };
  };
  const [match, noneMatch] = [read("If-Match"), read("If-None-Match")];
  const malformed = (isRead(c.req.method) ? [match] : [match, noneMatch]).filter(({ isMalformed }) => isMalformed);
  if (malformed.length > 0) {
    const message = 'must be *, or entity tags as an ETag has them, in double quotes, such as "3f2a"';
    return fail(c, invalid(malformed.map(({ name }) => ({ path: name, message }))));
  }
  c.set("preconditions", { ifMatch: match.tags, ifNoneMatch: noneMatch.tags });
  return next();
});

interface Options<Value> {
  readonly headers?: Readonly<Record<string, string>>;
  /** What a read of the record answers, where the value has more, such as a new secret. */
  readonly representationOf?: (value: Value) => object;
}

/**
 * Answers with a record and its `ETag`, or with its problem. A read is 304 or 412 when one of its preconditions says so, in their
 * order (RFC 9110 13.2.2). For a route with `entityTag`.
 */
export function answerRecord<E extends BaseEnv, Value extends object, Status extends 200 | 201>(
  c: HonoContext<E>,
  result: Result<Value>,
  status: Status,
  { headers = {}, representationOf = (value) => value }: Options<Value> = {},
): (Response & TypedResponse<JSONParsed<Value>, Status, "json">) | ProblemResponse {
  if (!result.ok) return fail(c, result);
  const tag = entityTagOf(representationOf(result.value));
  if (isRead(c.req.method)) {
    const preconditions = c.get("preconditions");
    if (!isMatched(preconditions, tag)) return fail(c, problem("PRECONDITION_FAILED"));
    if (isKnown(preconditions, tag)) return c.body(null, 304, { ETag: tag }) as unknown as ProblemResponse;
  }
  const answered = c.json(result.value as object, status, { ...headers, ETag: tag });
  return answered as unknown as Response & TypedResponse<JSONParsed<Value>, Status, "json">;
}

const example = '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"';

const parameter = (name: string, description: string) => ({
  name,
  in: "header" as const,
  required: false,
  description,
  schema: { type: "string" as const, example },
});

const parameters = [
  parameter(
    "If-Match",
    "Entity tags, or `*` (RFC 9110 13.1.1). Without the tag of the record as it is now: 412. Malformed: 400; empty: as if it were missing.",
  ),
  parameter(
    "If-None-Match",
    "Entity tags, or `*` (RFC 9110 13.1.2). With the tag of the record as it is now: 304 to a read, else 412. Malformed: 400 to a change, ignored by a read.",
  ),
];

const taggedHeaders = {
  ETag: {
    description: "The entity tag of the record as it is now, for `If-Match` and `If-None-Match`",
    schema: { type: "string" as const, example },
  },
};

/** Completes the definition of a route of a record: header parameters, `ETag`, 304 and the errors, as the route has them. */
export function conditionalForm({ method, responses }: Pick<RouteConfig, "method" | "responses">) {
  // A creation has no record yet that a precondition could be about.
  const creates = Object.hasOwn(responses, 201);
  const errors: readonly ProblemCode[] = creates ? [] : ["PRECONDITION_FAILED"];
  const tagged = Object.entries(responses).map(([status, response]) => [
    status,
    "content" in response ? { ...response, headers: taggedHeaders } : response,
  ]);
  return {
    errors,
    parameters: creates ? [] : parameters,
    responses: {
      ...(Object.fromEntries(tagged) as RouteConfig["responses"]),
      ...(method === "get" ? { 304: { description: "The record has not changed (`If-None-Match`)" } } : {}),
    },
  };
}

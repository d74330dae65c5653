/** Public documents with a lifetime in caches: the answer has a strong `ETag`, or is 304 (RFC 9110 15.4.5). */
import type { Context as HonoContext } from "hono";
import type { Result } from "../problems/result.ts";
import type { BaseEnv } from "./app-env.ts";
import { entityTagOf, entityTagsIn, isKnown } from "./entity-tags.ts";
import { fail } from "./respond.ts";

/** The answer to a conditional request, for the definition of a route with {@link publicDocument}. */
export const notModified = { 304: { description: "The document has not changed (`If-None-Match`)" } } as const;

interface Options {
  readonly maxAgeSeconds: number;
  /** By default `application/json`. */
  readonly contentType?: string;
}

/** Answers with a document that every cache may store for `maxAgeSeconds`. */
export function publicDocument<E extends BaseEnv, Document extends object>(
  c: HonoContext<E>,
  document: Document,
  { maxAgeSeconds, contentType = "application/json" }: Options,
) {
  const tag = entityTagOf(document);
  c.header("Cache-Control", `public, max-age=${maxAgeSeconds}`);
  c.header("ETag", tag);
  return isKnown({ ifNoneMatch: entityTagsIn(c.req.header("If-None-Match")) }, tag)
    ? c.body(null, 304)
    : c.json(document, 200, { "Content-Type": contentType });
}

/** The same with a result: its document, or its problem. */
export const answerPublic = <E extends BaseEnv, Document extends object>(
  c: HonoContext<E>,
  result: Result<Document>,
  options: Options,
) => (result.ok ? publicDocument(c, result.value, options) : fail(c, result));

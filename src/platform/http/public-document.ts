/** Documents that anybody may read and keep for a while: answered with a strong `ETag`, and with 304 to who has them already. */

import type { Context as HonoContext } from "hono";
import { sha256Hex } from "../crypto/canonical-json.ts";
import type { Result } from "../problems/result.ts";
import type { BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

/** The answer to a conditional request, for the definition of every route that ends in {@link publicDocument}. */
export const notModified = { 304: { description: "The document is still what `If-None-Match` names" } } as const;

/** RFC 9110 13.1.2: the client has it already. Tags are compared weakly, as a proxy may have weakened ours. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
  return tags.includes("*") || tags.includes(tag);
}

/**
 * Answers with a document that anybody may keep.
 *
 * @param options for how many seconds, and the JSON media type of the document
 *
 * @example
 * ```ts
 * async (c) => publicDocument(c, await keySet(c.get("context")), { maxAgeSeconds: 300 })
 * ```
 */
export function publicDocument<E extends BaseEnv, Document extends object>(
  c: HonoContext<E>,
  document: Document,
  {
    maxAgeSeconds,
    contentType = "application/json",
  }: { readonly maxAgeSeconds: number; readonly contentType?: string },
) {
  const tag = `"${sha256Hex(JSON.stringify(document))}"`;
  c.header("Cache-Control", `public, max-age=${maxAgeSeconds}`);
  c.header("ETag", tag);
  return isKnown(c.req.header("If-None-Match"), tag)
    ? c.body(null, 304)
    : c.json(document, 200, { "Content-Type": contentType });
}

/** The same with the outcome of a rule: its document, or its problem. */
export const answerPublic = <E extends BaseEnv, Document extends object>(
  c: HonoContext<E>,
  result: Result<Document>,
  options: Parameters<typeof publicDocument>[2],
) => (result.ok ? publicDocument(c, result.value, options) : fail(c, result));

/** Request bodies: bounded before anybody looks at them, then checked for type and encoding once the caller is let in. */
import { createMiddleware } from "hono/factory";
import { invalid, problem } from "../problems/problems.ts";
import type { BaseContext, BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

const maxBodyBytes = 256 * 1024;

/** Everything that a stream holds, or null when that is more than `maxBytes`. Stops reading at once when it is. */
async function readUpTo(maxBytes: number, stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer | null> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes.buffer;
}

/** Where the length is said no more than that arrives (RFC 9112 6.2), so that one native read is enough; else it is counted. */
async function readBounded(request: Request, stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer | null> {
  if (!/^\d+$/.test(request.headers.get("Content-Length") ?? "")) return readUpTo(maxBodyBytes, stream);
  const bytes = await request.arrayBuffer();
  return bytes.byteLength > maxBodyBytes ? null : bytes;
}

/** Reads the body of every request, at most 256 KiB of it, whether it says its length or not. */
export const boundedBody = createMiddleware<BaseEnv>(async (c, next) => {
  const { body, method } = c.req.raw;
  if (body === null || method === "GET" || method === "HEAD") return next();
  if (Number(c.req.header("Content-Length")) > maxBodyBytes) return fail(c, problem("PAYLOAD_TOO_LARGE"));
  let bytes: ArrayBuffer | null;
  try {
    bytes = await readBounded(c.req.raw, body);
  } catch {
    return fail(c, invalid([{ path: "", message: "the body broke off" }]));
  }
  if (bytes === null) return fail(c, problem("PAYLOAD_TOO_LARGE"));
  // Hono makes every other form of the body from this one. A new Request around the bytes would cost more than reading them.
  const kept: object = { arrayBuffer: Promise.resolve(bytes) };
  Object.assign(c.req.bodyCache, kept);
  return next();
});

/** RFC 9110 5.6.6. What stands in quotes belongs to the value, a semicolon too. */
const parameterForm = /;\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

const unquoted = (value: string) => (value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value);

/** `text/plain; charset="UTF-8"` → `["text/plain", "utf-8"]`; the charset is null where none is named. */
export function mediaTypeOf(contentType: string): readonly [type: string, charset: string | null] {
  const text = contentType.toLowerCase();
  const [type = ""] = text.split(";", 1);
  const charset = [...text.matchAll(parameterForm)].find(([, name]) => name === "charset");
  return [type.trim(), charset ? unquoted(charset[2]?.trim() ?? "") : null];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text behind bytes; null when they are not UTF-8. */
function textOf(bytes: ArrayBuffer): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const formType = "application/x-www-form-urlencoded";

/**
 * The fields of a form, decoded as `Request.formData()` would (URL Standard 5.1), without its way through a Response. The
 * validator of forms asks for nothing but `forEach`. The `?` is the one that the constructor takes off the front.
 */
const formOf = (text: string) => new URLSearchParams(`?${text}`) as unknown as FormData;

/** No body where one may be left out is an empty object, so that the defaults of its schema hold. */
function absentIsEmpty(c: BaseContext): void {
  const headers = new Headers(c.req.raw.headers);
  headers.set("Content-Type", "application/json");
  c.req.raw = new Request(c.req.raw, { headers, body: "{}" });
  c.req.bodyCache = {};
}

/**
 * Refuses a body of a type that the route does not take, or that is not UTF-8 (RFC 8259 8.1). Decoders would put U+FFFD in
 * the place of what they cannot read, so that the record would hold what nobody sent.
 *
 * @param mediaTypes what the route declares, such as `application/json`
 */
export const typedBody = (mediaTypes: readonly string[]) =>
  createMiddleware<BaseEnv>(async (c, next) => {
    const bytes = await c.req.arrayBuffer();
    const contentType = c.req.header("Content-Type");
    if (contentType === undefined && bytes.byteLength === 0) {
      if (mediaTypes.includes("application/json")) absentIsEmpty(c);
      return next();
    }
    const [type, charset] = mediaTypeOf(contentType ?? "");
    if (!mediaTypes.includes(type) || (charset !== null && charset !== "utf-8" && charset !== "utf8")) {
      return fail(c, problem("UNSUPPORTED_MEDIA_TYPE", `The body must be ${mediaTypes.join(" or ")} in UTF-8.`));
    }
    const text = textOf(bytes);
    if (text === null) return fail(c, invalid([{ path: "", message: "the body is not UTF-8" }]));
    if (type === formType) c.req.bodyCache.formData = formOf(text);
    return next();
  });

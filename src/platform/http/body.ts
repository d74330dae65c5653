/** Request bodies: limited in size first, and checked for type and encoding after the guard of the route. */
import { createMiddleware } from "hono/factory";
import { readBounded } from "../bounded-body.ts";
import { invalid, problem } from "../problems/problems.ts";
import { decodeUtf8 } from "../utf8.ts";
import type { BaseContext, BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

const maxBodyBytes = 256 * 1024;

/**
 * The body; null when it is too large. No more bytes arrive than `Content-Length` declares (RFC 9112 6.2), so one native read
 * is enough for a body with that header.
 */
async function bytesOf(request: Request, stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer | null> {
  if (!/^\d+$/.test(request.headers.get("Content-Length") ?? "")) {
    const { bytes, truncated } = await readBounded(stream, maxBodyBytes);
    return truncated ? null : bytes.buffer;
  }
  const bytes = await request.arrayBuffer();
  return bytes.byteLength > maxBodyBytes ? null : bytes;
}

/** Reads the body of every request: at most 256 KiB, with or without `Content-Length`. */
export const boundedBody = createMiddleware<BaseEnv>(async (c, next) => {
  const { body, method } = c.req.raw;
  if (body === null || method === "GET" || method === "HEAD") return next();
  if (Number(c.req.header("Content-Length")) > maxBodyBytes) return fail(c, problem("PAYLOAD_TOO_LARGE"));
  let bytes: ArrayBuffer | null;
  try {
    bytes = await bytesOf(c.req.raw, body);
  } catch {
    return fail(c, invalid([{ path: "", message: "the body broke off" }]));
  }
  if (bytes === null) return fail(c, problem("PAYLOAD_TOO_LARGE"));
  // Hono makes every other form of the body from this one. A new Request would cost more than the read.
  const kept: object = { arrayBuffer: Promise.resolve(bytes) };
  Object.assign(c.req.bodyCache, kept);
  return next();
});

/** RFC 9110 5.6.6. A quoted value may contain a semicolon. */
const parameterForm = /;\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

const unquoted = (value: string) => (value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value);

/** `text/plain; charset="UTF-8"` → `["text/plain", "utf-8"]`; the charset is null when it is missing. */
export function mediaTypeOf(contentType: string): readonly [type: string, charset: string | null] {
  const text = contentType.toLowerCase();
  const [type = ""] = text.split(";", 1);
  const charset = [...text.matchAll(parameterForm)].find(([, name]) => name === "charset");
  return [type.trim(), charset ? unquoted(charset[2]?.trim() ?? "") : null];
}

const formType = "application/x-www-form-urlencoded";

/**
 * The fields of a form, decoded as `Request.formData()` does (URL Standard 5.1), without a Response. Hono's form validator
 * calls `forEach` only. The constructor removes a leading `?`, so one is added.
 */
const formOf = (text: string) => new URLSearchParams(`?${text}`) as unknown as FormData;

/** Replaces the body and its type for the validators. */
function replaceBody(c: BaseContext, type: string, body: BodyInit): void {
  const headers = new Headers(c.req.raw.headers);
  headers.set("Content-Type", type);
  c.req.raw = new Request(c.req.raw, { headers, body });
}

/** A missing body becomes an empty object, so that the defaults of its schema apply. */
function absentIsEmpty(c: BaseContext): void {
  replaceBody(c, "application/json", "{}");
  c.req.bodyCache = {};
}

/** What the validators read of a media type: no empty parameter, no blank before a semicolon, nothing quoted. */
const plainForm = /^[^;\s]+(; ?[a-z-]+=[^;\s"]+)*$/i;

/**
 * Whether a charset other than UTF-8 is read as UTF-8. In a form the label has no effect (URL Standard 5.1). Some clients write
 * their platform's, and ASCII is the same text in all of them. JSON is UTF-8 whatever it says (RFC 8259 8.1).
 */
const isAsciiForm = (type: string, charset: string, bytes: ArrayBuffer): boolean =>
  type === formType &&
  ["us-ascii", "iso-8859-1"].includes(charset) &&
  new Uint8Array(bytes).every((byte) => byte < 0x80);

/**
 * Refuses a body with a media type that is not one of the route's, such as `application/json`, and one that is not UTF-8
 * (RFC 8259 8.1).
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
    const isReadable = charset === null || /^utf-?8$/.test(charset) || isAsciiForm(type, charset, bytes);
    if (!mediaTypes.includes(type) || !isReadable) {
      return fail(c, problem("UNSUPPORTED_MEDIA_TYPE", `The body must be ${mediaTypes.join(" or ")} in UTF-8.`));
    }
    const text = decodeUtf8(bytes);
    if (text === null) return fail(c, invalid([{ path: "", message: "the body is not UTF-8" }]));
    if (!plainForm.test(contentType ?? "")) replaceBody(c, type, bytes);
    if (type === formType) c.req.bodyCache.formData = formOf(text);
    return next();
  });

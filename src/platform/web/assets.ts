/** The files of `web/dist`, through the binding ASSETS. Only a route decides that a file is served, and with which headers. */
import type { BaseContext } from "../http/app-env.ts";

/** RFC 9110 8.3. `nosniff` goes with every answer, so a type that is missing here would be refused by browsers. */
const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  md: "text/markdown; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  woff2: "font/woff2",
  xml: "application/xml; charset=utf-8",
};

/** The binding reads the path alone. */
const anyHost = "https://assets.invalid";

/**
 * A file as an answer: 200 with its type and ETag, or 304 for `If-None-Match` (RFC 9110 13.1.2); null when there is no such file.
 *
 * @param path in `web/dist`, as `/pages/quick-start.html`
 * @param headers of the answer, beside the type and the ETag
 */
export async function fileOf(
  c: BaseContext,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response | null> {
  const known = c.req.header("If-None-Match");
  const request = new Request(`${anyHost}${path}`, known === undefined ? {} : { headers: { "If-None-Match": known } });
  const { status, body, headers: found } = await c.env.ASSETS.fetch(request);
  if (status !== 200 && status !== 304) {
    await body?.cancel();
    return null;
  }
  const type = types[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  const answer = new Response(body, { status, headers });
  if (status === 200) answer.headers.set("Content-Type", type);
  const etag = found.get("ETag");
  if (etag !== null) answer.headers.set("ETag", etag);
  return answer;
}

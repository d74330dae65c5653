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

/** The media type of a file by its ending. */
export const typeOf = (path: string): string =>
  types[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";

/**
 * A file: 200, or 304 for `ifNoneMatch`; null when there is no such file.
 *
 * @param assets the binding ASSETS
 * @param path in `web/dist`, as `/pages/quick-start.html`
 */
export async function openFile(assets: Fetcher, path: string, ifNoneMatch?: string): Promise<Response | null> {
  const headers = ifNoneMatch === undefined ? {} : { "If-None-Match": ifNoneMatch };
  const found = await assets.fetch(new Request(`${anyHost}${path}`, { headers }));
  if (found.status === 200 || found.status === 304) return found;
  await found.body?.cancel();
  return null;
}

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
  const found = await openFile(c.env.ASSETS, path, c.req.header("If-None-Match"));
  if (found === null) return null;
  const { status, body } = found;
  const etag = found.headers.get("ETag");
  const all = {
    ...headers,
    ...(etag === null ? {} : { ETag: etag }),
    ...(status === 200 ? { "Content-Type": typeOf(path) } : {}),
  };
  return status === 200 && body !== null ? c.body(body, 200, all) : c.body(null, 304, all);
}

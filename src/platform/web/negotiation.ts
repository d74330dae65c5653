/** Which of the two forms of an error a request gets: the JSON object of the conventions, or a page (RFC 9110 12.5.1). */
import { parseAccept } from "hono/utils/accept";

/** The quality of a type; the most specific range decides (RFC 9110 12.5.1). 0 for a type that is not acceptable. */
function qualityOf(type: string, ranges: ReturnType<typeof parseAccept>): number {
  const [group] = type.split("/");
  for (const range of [type, `${group}/*`, "*/*"]) {
    const match = ranges.find((one) => one.type.toLowerCase() === range);
    if (match) return match.q;
  }
  return 0;
}

/** Whether the answer to a request can be a page. Such an answer varies by `Accept`. */
export const canBePage = ({ method }: Request): boolean => method === "GET" || method === "HEAD";

/**
 * Whether the answer is a page: `Accept` prefers `text/html` to `application/json`. A request with `Authorization` always gets JSON:
 * a browser does not send it when a person opens an address, and Java's HttpURLConnection prefers `text/html` for every program
 * that sets no `Accept`.
 */
export function prefersPage(request: Request): boolean {
  if (!canBePage(request) || request.headers.has("Authorization")) return false;
  const ranges = parseAccept(request.headers.get("Accept") ?? "");
  return qualityOf("text/html", ranges) > qualityOf("application/json", ranges);
}

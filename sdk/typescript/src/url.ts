/** URLs of the service. */
import { configError } from "./errors.ts";

const isLoopback = (host: string) => /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

/**
 * The base of all paths, from what the caller gave: it may end in `/` or `/api/v1`.
 *
 * @throws {AgentIdPError} `Config` for no URL, and for plain HTTP to another machine
 */
export function baseUrl(text: string | undefined): string {
  if (!text) throw configError("There is no URL of the service: give one, or set AGENTIDP_API_URL.");
  if (!URL.canParse(text)) throw configError("The URL of the service is no URL.");
  const { protocol, hostname, origin, pathname, username, password } = new URL(text);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(hostname)))
    throw configError("The URL of the service must begin with https, as tokens and secrets are sent to it.");
  if (username || password) throw configError("The URL of the service must not hold a password.");
  return origin + pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
}

/** A path with its parameters. An empty one, or a dot segment, would be another path. */
export function filledPath(template: string, values: readonly string[]): string {
  let index = 0;
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[index++];
    if (typeof value !== "string" || value === "" || value === "." || value === "..")
      throw configError(`\`${name}\` must be the id of a record.`);
    return encodeURIComponent(value);
  });
}

/** `?` and the parameters that have a value; nothing without one. */
export function queryString(query: Readonly<Record<string, unknown>> = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (entries.length === 0) return "";
  const text = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value));
  return `?${new URLSearchParams(entries.map(([name, value]) => [name, text(value)]))}`;
}

/** The identifiers of resources (RFC 8707 2): what can be one, and when two are the same. No I/O. */
import { longestIdentifier } from "../../platform/http/fields.ts";
import { normalEscapes } from "../../platform/percent-encoding.ts";
import { isLoopbackHost, readDomainName } from "../../tenancy/domains/service.ts";

/** RFC 3986 2: unreserved, reserved and percent-encoded characters; no query, no fragment. */
const urlForm =
  /^(?<scheme>https?):\/\/(?<host>\[::1\]|[a-z0-9._-]+)(?::(?<port>[0-9]{1,5}))?(?<path>(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*)$/;
const urnForm = /^urn:agentidp:(?<slug>[a-z0-9]+(?:-[a-z0-9]+)*):(?<name>[a-z0-9][a-z0-9._-]{0,63})$/;

const defaultPorts: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/**
 * An identifier in the form in which two are compared: without a default port, a needless escape, a difference in the case of
 * escapes, and one trailing slash. The case of a path counts, and a prefix is no match.
 */
export function comparisonKey(text: string): string {
  const { scheme, rest = "" } = /^(?<scheme>https?):\/\/(?<rest>.*)$/s.exec(text)?.groups ?? {};
  if (scheme === undefined) return text;
  const at = rest.search(/[/?#]/);
  const authority = at < 0 ? rest : rest.slice(0, at);
  const path = normalEscapes(at < 0 ? "" : rest.slice(at));
  const port = defaultPorts[scheme] ?? "";
  const host = authority.endsWith(port) ? authority.slice(0, -port.length) : authority;
  return `${scheme}://${host}${path.replace(/\/$/, "")}`;
}

/** What an identifier is: under a slug of the service, or at a host. */
export type Identifier =
  | { readonly kind: "urn"; readonly slug: string }
  | { readonly kind: "url"; readonly host: string }
  | { readonly kind: "none"; readonly rule: string };

const refused = (rule: string): Identifier => ({ kind: "none", rule });

const hasDotSegment = (path: string): boolean =>
  normalEscapes(path)
    .split("/")
    .some((segment) => segment === "." || segment === "..");

function readUrl(groups: Readonly<Record<string, string | undefined>>, allowLoopback: boolean): Identifier {
  const { scheme, host = "", port, path = "" } = groups;
  const isLoopback = allowLoopback && (isLoopbackHost(host) || host.endsWith(".localhost"));
  if (scheme === "http" && !isLoopback) return refused("must be https");
  if (host.endsWith(".")) return refused("must name a host without a trailing dot");
  const name = readDomainName(host, allowLoopback);
  if (!name.ok) return refused(`must name a host: it ${name.rule}`);
  if (name.name !== host) return refused("must have its host in lower case, as A-labels");
  // A leading zero would be another text for the same port.
  if (port !== undefined && (/^0/.test(port) || Number(port) > 65_535))
    return refused("must have a port from 1 to 65535, without leading zeros");
  if (path.includes("//") || hasDotSegment(path)) return refused("must have a path without // and dot segments");
  return { kind: "url", host };
}

/**
 * Reads an identifier that is about to be registered. Nothing is mended: what breaks a rule is refused.
 *
 * @param issuer the origin of this service, which is never a resource of an organization
 * @param allowLoopback development: `http` and `https` at a loopback host are allowed too
 */
export function readIdentifier(text: string, issuer: string, allowLoopback: boolean): Identifier {
  if (text.length > longestIdentifier) return refused(`must have at most ${longestIdentifier} characters`);
  const urn = urnForm.exec(text)?.groups;
  if (urn) return { kind: "urn", slug: urn.slug ?? "" };
  if (text.startsWith("urn:")) return refused("must be urn:agentidp:<slug of your organization>:<name>");
  const groups = urlForm.exec(text)?.groups;
  if (!groups) return refused("must be an https URL without user, query and fragment, in lower case up to its path");
  const key = comparisonKey(text);
  if (key === issuer || key.startsWith(`${issuer}/`)) return refused("must not be at the origin of this service");
  return readUrl(groups, allowLoopback);
}

/** Which URLs the service is willing to call when somebody else chose them: the first line against SSRF. No I/O. */
import type { Settings } from "../env.ts";
import { type Problem, problem } from "../problems/problems.ts";
import { ok, type Result } from "../problems/result.ts";

/** What a call needs of a context. */
export interface OutboundContext {
  readonly settings: Pick<Settings, "environment" | "dnsResolver">;
}

const maxUrlLength = 2048;

/** The URL parser drops tabs and line breaks, trims spaces, and turns `\` into `/`: what was checked must be what was written. */
const plainForm = /^https?:\/\/[^\s\\\p{Cc}]+$/iu;

/**
 * Names that lead inward, wherever they are resolved: special-use domains (RFC 6761, 6762, 7686, 8375, 9476), what private
 * networks call themselves (RFC 6762 appendix G), and what container platforms do.
 */
const inwardSuffixes = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "home.arpa",
  "lan",
  "test",
  "invalid",
  "onion",
  "alt",
  "svc",
];

/** Metadata services of clouds, which hand out credentials to whoever can call them; most fall under the suffixes. */
const metadataHosts = ["metadata.goog", "instance-data.ec2.internal", "metadata.google.internal"];

/** The parser has brought every spelling (decimal, octal, hexadecimal, short, full-width) to four decimal numbers. */
const isIpv4 = (host: string) => /^\d+\.\d+\.\d+\.\d+$/.test(host);

const isLoopback = (host: string) =>
  host === "localhost" || host === "[::1]" || (isIpv4(host) && host.startsWith("127."));

function ruleBrokenByHost(host: string): string | null {
  if (host.startsWith("[") || isIpv4(host)) return "must name a host, not an IP address";
  if (host.endsWith(".")) return "must name a host without a trailing dot";
  const labels = host.split(".");
  if (labels.length < 2 && host !== "localhost") return "must name a host with a domain, such as idp.example.com";
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return "must name a host that is no number";
  const inward = inwardSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
  return inward || metadataHosts.includes(host) ? "must not name a host of an internal network" : null;
}

function ruleBroken(settings: Pick<Settings, "environment">, text: string, url: URL): string | null {
  if (url.username !== "" || url.password !== "") return "must not hold credentials";
  if (text.includes("#")) return "must not have a fragment";
  // Tests and developers stand in for others on their own machine.
  if (settings.environment === "development" && isLoopback(url.hostname)) return null;
  if (url.protocol !== "https:") return "must be https";
  const broken = ruleBrokenByHost(url.hostname);
  if (broken) return broken;
  return url.port === "" || url.port === "8443" ? null : "must use port 443 or 8443";
}

/**
 * Whether the service may call a URL that somebody else chose: https, a public host by name, port 443 or 8443, no
 * credentials, no fragment, at most 2048 characters. In development loopback hosts are allowed too, over http or https and
 * at any port. Where the name leads is asked by `resolve.ts`.
 *
 * @returns the parsed URL, or a `VALIDATION_ERROR` whose message is the rule; the caller adds the path of the field
 *
 * @example
 * ```ts
 * const url = checkOutboundUrl(context.settings, input.url);
 * if (!url.ok) return invalid([{ path: "url", message: url.message }]);
 * ```
 */
export function checkOutboundUrl(settings: Pick<Settings, "environment">, text: string): Result<URL> {
  const refused = (rule: string): Problem => problem("VALIDATION_ERROR", rule);
  if (text.length > maxUrlLength) return refused(`must have at most ${maxUrlLength} characters`);
  if (!plainForm.test(text) || !URL.canParse(text)) return refused("must be an absolute https URL");
  const url = new URL(text);
  const rule = ruleBroken(settings, text, url);
  return rule === null ? ok(url) : refused(rule);
}

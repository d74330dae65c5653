/** The check of a URL that a customer chose: the first defence against SSRF. No I/O. */
import type { Settings } from "../env.ts";
import { type Problem, problem } from "../problems/problems.ts";
import { ok, type Result } from "../problems/result.ts";

export interface OutboundContext {
  readonly settings: Pick<Settings, "environment" | "dnsResolver">;
}

const maxUrlLength = 2048;

/** The URL parser removes tabs and line breaks, trims spaces, and turns `\` into `/`. Refused, so that the check sees the text itself. */
const plainForm = /^https?:\/\/[^\s\\\p{Cc}]+$/iu;

/** Special-use domains (RFC 6761, 6762, 7686, 8375, 9476). */
const specialUse = ["localhost", "local", "test", "invalid", "onion", "home.arpa", "alt"];
/** Names of private networks (RFC 6762 appendix G), and of container platforms. */
const privateUse = ["localdomain", "internal", "intranet", "private", "corp", "home", "lan", "svc"];
const internalSuffixes = [...specialUse, ...privateUse];

/** Metadata services of clouds, which give credentials to every caller. The suffixes cover most of them. */
const metadataHosts = ["metadata.goog", "instance-data.ec2.internal", "metadata.google.internal"];

/** The parser turns every spelling (decimal, octal, hexadecimal, short, full-width) into four decimal numbers. */
const isIpv4 = (host: string) => /^\d+\.\d+\.\d+\.\d+$/.test(host);

const isLoopback = (host: string) =>
  host === "localhost" || host === "[::1]" || (isIpv4(host) && host.startsWith("127."));

function ruleBrokenByHost(host: string): string | null {
  if (host.startsWith("[") || isIpv4(host)) return "must name a host, not an IP address";
  if (host.endsWith(".")) return "must name a host without a trailing dot";
  const labels = host.split(".");
  if (labels.length < 2 && host !== "localhost") return "must name a host with a domain, such as idp.example.com";
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return "must name a host that is no number";
  const isInternal = internalSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
  return isInternal || metadataHosts.includes(host) ? "must not name a host of an internal network" : null;
}

function ruleBroken(settings: Pick<Settings, "environment">, text: string, url: URL): string | null {
  if (url.username !== "" || url.password !== "") return "must not hold credentials";
  if (text.includes("#")) return "must not have a fragment";
  // Tests and developers run the called services on their own machine.
  if (settings.environment === "development" && isLoopback(url.hostname)) return null;
  if (url.protocol !== "https:") return "must be https";
  const broken = ruleBrokenByHost(url.hostname);
  if (broken) return broken;
  return url.port === "" || url.port === "8443" ? null : "must use port 443 or 8443";
}

/**
 * Checks a URL that a customer chose: https, a public host by name, port 443 or 8443, no credentials, no fragment, at most 2048
 * characters. Development also allows loopback hosts, with http or https and any port. `resolve.ts` checks the addresses.
 *
 * @returns the parsed URL, or a `VALIDATION_ERROR` whose message is the rule; the caller adds the path of the field
 */
export function checkOutboundUrl(settings: Pick<Settings, "environment">, text: string): Result<URL> {
  const refused = (rule: string): Problem => problem("VALIDATION_ERROR", rule);
  if (text.length > maxUrlLength) return refused(`must have at most ${maxUrlLength} characters`);
  if (!plainForm.test(text) || !URL.canParse(text)) return refused("must be an absolute https URL");
  const url = new URL(text);
  // The normal form is stored and checked again, and may be longer.
  if (url.href.length > maxUrlLength) return refused(`must have at most ${maxUrlLength} characters, percent-encoded`);
  const rule = ruleBroken(settings, text, url);
  return rule === null ? ok(url) : refused(rule);
}

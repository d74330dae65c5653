/** Which names can be a domain of an organization, and how one lies below another. No I/O. */
import { parse } from "tldts";

const longestName = 253;

/** A label of letters, digits and inner hyphens (RFC 5890 2.3.1, RFC 1035 2.3.1), at most 63 octets. */
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The suffixes that are proved without a resolver on a developer's machine (RFC 2606 2, RFC 6761 6). */
const developmentSuffixes = ["localhost", "test", "example"];

/** Whether a host is this machine itself: `localhost`, `127.0.0.0/8`, `[::1]`. */
export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** Whether a name is one of those that a developer's machine proves by itself. */
export const isDevelopmentName = (name: string): boolean =>
  isLoopbackHost(name) || developmentSuffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));

/** The name and each name above it: `a.b.c`, `b.c`, `c`. */
export function suffixesOf(name: string): string[] {
  const labels = name.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}

/** Whether a name is itself a public suffix, such as `co.uk` or `github.io`: nobody can prove it for everybody below. */
export function isPublicSuffix(name: string): boolean {
  return [true, false].some((allowPrivateDomains) => parse(name, { allowPrivateDomains }).publicSuffix === name);
}

/** What a text is as a domain: the name as it is stored, or the rule that it breaks. */
export type DomainName = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly rule: string };

const refused = (rule: string): DomainName => ({ ok: false, rule });

/**
 * Reads a domain: lower case, A-labels (an IDN is converted by UTS 46, as the URL standard does), at most 253 characters, two
 * labels or more, no IP address, no public suffix.
 *
 * @param allowLoopback development: `localhost` and loopback addresses are domains too
 */
export function readDomainName(text: string, allowLoopback: boolean): DomainName {
  if (/[\s/\\?#@:%]/.test(text.replace(/^\[::1\]$/, "")))
    return refused("must be a DNS name alone, such as acme.example");
  if (!URL.canParse(`https://${text}`)) return refused("must be a DNS name, such as acme.example");
  const name = new URL(`https://${text}`).hostname;
  const isIpv4 = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  // The URL standard reads `0x7f.1` as an address; here only an address that is written as one is loopback.
  if (isIpv4 && text !== name) return refused("must be a name, not an IP address");
  if (isLoopbackHost(name)) return allowLoopback ? { ok: true, name } : refused("must not be a loopback name");
  if (name.startsWith("[") || isIpv4) return refused("must be a name, not an IP address");
  if (name.length > longestName) return refused(`must have at most ${longestName} characters`);
  const labels = name.split(".");
  if (labels.length < 2) return refused("must have at least two labels, such as acme.example");
  if (!labels.every((one) => label.test(one))) return refused("must have labels of letters, digits and inner hyphens");
  if (isPublicSuffix(name)) return refused("must not be a public suffix");
  return { ok: true, name };
}

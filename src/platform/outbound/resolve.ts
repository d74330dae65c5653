/**
 * The check of a host's addresses: the second defence against SSRF, for public names of private addresses
 * (`127.0.0.1.nip.io`). A Worker can reach the public Internet only; the check gives a clear reason, and protects other
 * installations. It cannot prevent DNS rebinding: a name can change between the look-up and the call.
 */
import ipaddr from "ipaddr.js";
import { queryDns, recordTypes } from "../dns/query.ts";
import type { Settings } from "../env.ts";
import { problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import { checkOutboundUrl, type OutboundContext } from "./guard.ts";

const timeoutMs = 3000;
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");
/** Azure's platform services: a public address with an internal meaning. */
const azurePlatform = "168.63.129.16";

/**
 * Whether an address belongs to the public Internet. False for private, loopback, link-local, carrier-grade NAT, multicast,
 * reserved and unique local addresses, for IPv6 with an embedded IPv4 address (mapped, NAT64, 6to4, Teredo), and for other text.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || text === azurePlatform) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
}

/** The addresses of one type; null without an answer of the resolver. */
async function lookUp(resolver: string, host: string, type: "A" | "AAAA"): Promise<string[] | null> {
  const answer = await queryDns(resolver, host, type, timeoutMs);
  return answer?.filter((record) => record.type === recordTypes[type]).map(({ data }) => data) ?? null;
}

/**
 * Whether an address of a host belongs to an internal network. False for a name without addresses: a call of it fails.
 *
 * @returns null without an answer of the resolver for both kinds of address; false when `DNS_RESOLVER` is off
 */
export async function resolvesInternally(
  { dnsResolver }: Pick<Settings, "dnsResolver">,
  host: string,
): Promise<boolean | null> {
  if (dnsResolver === null) return false;
  const answers = await Promise.all([lookUp(dnsResolver, host, "A"), lookUp(dnsResolver, host, "AAAA")]);
  if (answers.some((addresses) => addresses?.some((address) => !isPublicAddress(address)))) return true;
  return answers.includes(null) ? null : false;
}

/**
 * Whether the resolver has an address for a host. null when it is not known: without an answer for both kinds of address, and when
 * `DNS_RESOLVER` is off.
 */
export async function hasAddress(
  { dnsResolver }: Pick<Settings, "dnsResolver">,
  host: string,
): Promise<boolean | null> {
  if (dnsResolver === null) return null;
  const answers = await Promise.all([lookUp(dnsResolver, host, "A"), lookUp(dnsResolver, host, "AAAA")]);
  if (answers.some((addresses) => addresses && addresses.length > 0)) return true;
  return answers.includes(null) ? null : false;
}

/**
 * Checks a URL before it is stored: its form, and the present addresses of its host. Accepts it without an answer of the
 * resolver, because every call checks again.
 *
 * @returns the parsed URL, or a `VALIDATION_ERROR` whose message is the rule; the caller adds the path of the field
 */
export async function checkOutboundTarget(context: OutboundContext, text: string): Promise<Result<URL>> {
  const url = checkOutboundUrl(context.settings, text);
  if (!url.ok || (await resolvesInternally(context.settings, url.value.hostname)) !== true) return url;
  return problem("VALIDATION_ERROR", "must not name a host that resolves to an internal network");
}

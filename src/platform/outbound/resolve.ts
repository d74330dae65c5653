/**
 * Where a host name leads: the second line against SSRF, for public names of private addresses (`127.0.0.1.nip.io`).
 *
 * Workers reach nothing but the public Internet by themselves; this refuses such a name with a clear reason, and holds
 * where the service runs behind anything else. A name can change between the look-up and the call (DNS rebinding), which
 * no look-up beforehand can prevent: therefore it is the second line and not the first.
 */
import ipaddr from "ipaddr.js";
import { queryDns, recordTypes } from "../dns/query.ts";
import type { Settings } from "../env.ts";
import { problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import { checkOutboundUrl, type OutboundContext } from "./guard.ts";

const timeoutMs = 3000;
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");
/** Azure's platform services: a public address that means something else inside. */
const azurePlatform = "168.63.129.16";

/**
 * Whether an address is one of the public Internet. Everything with a purpose of its own is not: private, loopback,
 * link-local, carrier-grade NAT, multicast, reserved, unique local, and IPv6 that carries an IPv4 address (mapped, NAT64,
 * 6to4, Teredo). What cannot be read is not either.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || text === azurePlatform) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
}

/** The addresses of one type; null when the resolver did not say. */
async function lookUp(resolver: string, host: string, type: "A" | "AAAA"): Promise<string[] | null> {
  const answer = await queryDns(resolver, host, type, timeoutMs);
  return answer?.filter((record) => record.type === recordTypes[type]).map(({ data }) => data) ?? null;
}

/**
 * Whether any address of a host lies inside some network. A name without addresses does not lead inward; calling it fails
 * by itself.
 *
 * @returns null when the resolver did not answer for both kinds of address, so that nothing is known; false without asking
 *   where `DNS_RESOLVER` is off
 */
export async function resolvesInward(settings: Pick<Settings, "dnsResolver">, host: string): Promise<boolean | null> {
  const { dnsResolver } = settings;
  if (dnsResolver === null) return false;
  const answers = await Promise.all([lookUp(dnsResolver, host, "A"), lookUp(dnsResolver, host, "AAAA")]);
  if (answers.some((addresses) => addresses?.some((address) => !isPublicAddress(address)))) return true;
  return answers.includes(null) ? null : false;
}

/**
 * The check of a URL that is about to be saved: its form, and where its host leads now. When the resolver does not answer,
 * the URL may be saved, since nothing is called yet: every call checks again, and does not go out without an answer.
 *
 * @returns the parsed URL, or a `VALIDATION_ERROR` whose message is the rule; the caller adds the path of the field
 */
export async function checkOutboundTarget(context: OutboundContext, text: string): Promise<Result<URL>> {
  const url = checkOutboundUrl(context.settings, text);
  if (!url.ok || (await resolvesInward(context.settings, url.value.hostname)) !== true) return url;
  return problem("VALIDATION_ERROR", "must not name a host that resolves to an internal network");
}

/**
 * Where a host name leads: the second line against SSRF, for public names of private addresses (`127.0.0.1.nip.io`).
 *
 * Workers reach nothing but the public Internet by themselves; this refuses such a name with a clear reason, and holds
 * where the service runs behind anything else. A name can change between the look-up and the call (DNS rebinding), which
 * no look-up beforehand can prevent: therefore it is the second line and not the first.
 */
import { z } from "@hono/zod-openapi";
import ipaddr from "ipaddr.js";
import type { Settings } from "../env.ts";
import { problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import { readBounded } from "./bounded-body.ts";
import { checkOutboundUrl, type OutboundContext } from "./guard.ts";

const timeoutMs = 3000;
const maxAnswerBytes = 64 * 1024;

/** Types of resource records (RFC 1035 3.2.2, RFC 3596 2.1). */
const recordTypes = { A: 1, AAAA: 28 } as const;

/** Response codes (RFC 1035 4.1.1): the name is there, or it is not. Every other says that nothing is known. */
const noError = 0;
const nameError = 3;

const answerSchema = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).default([]),
});

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
async function lookUp(resolver: string, host: string, type: keyof typeof recordTypes): Promise<string[] | null> {
  const url = new URL(resolver);
  url.searchParams.set("name", host);
  url.searchParams.set("type", type);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { headers: { Accept: "application/dns-json" }, redirect: "manual", signal });
    const { bytes, truncated } = await readBounded(response.body, maxAnswerBytes, signal);
    if (!response.ok || truncated) return null;
    const { Status, Answer } = answerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    if (Status !== noError && Status !== nameError) return null;
    return Answer.filter((record) => record.type === recordTypes[type]).map(({ data }) => data);
  } catch {
    return null;
  }
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

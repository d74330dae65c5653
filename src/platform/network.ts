/** The network of a request, for limits and for what only the same network may do. */
import ipaddr from "ipaddr.js";
import type { Source } from "./context.ts";

/** The network that a request comes from. For IPv6 it is the /64, because a client owns its whole /64. */
export function networkOf({ ip }: Source): string {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip) || !ipaddr.IPv6.isValid(ip)) return ip;
  const address = ipaddr.IPv6.parse(ip);
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  return address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":");
}

/**
 * Why a call of another server failed, in words for the customer who chose its URL. The runtime has two texts for all failures of a
 * connection, and one of them is a reference into its own log. So these words name the possible causes, and no more.
 */
import { log, noRequest } from "../log.ts";
import type { OutboundContext } from "./guard.ts";
import { hasAddress } from "./resolve.ts";

/** The runtime: the connection was refused or broken, or the answer was not HTTP. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Network connection lost");

const noName = "could not connect: the host name has no address";

/**
 * Why there was no answer. The log gets the runtime's own text, because its reference leads to the exact cause.
 *
 * @param error what `fetch` threw
 */
export async function whyNoAnswer({ settings }: OutboundContext, url: URL, error: unknown): Promise<string> {
  if (isConnectionLost(error)) {
    return "could not connect, or no HTTP response: the connection was refused or closed";
  }
  log.warn(noRequest, "outbound call failed", { host: url.host, error });
  const isThere = await hasAddress(settings, url.hostname);
  if (isThere === false) return noName;
  // Without TLS only the name is left, if it was not looked up.
  if (url.protocol === "http:") return isThere ? "could not connect" : noName;
  return isThere
    ? "could not connect: probably the certificate was not accepted, or the TLS handshake failed"
    : "could not connect: probably the host name has no address, its certificate was not accepted, or the TLS handshake failed";
}

/** Why the body of an answer could not be read. */
export function whyNoBody(error: unknown): string {
  if (isConnectionLost(error)) return "the connection was closed before the end of the body";
  // The runtime throws a TypeError only when it decodes; a broken connection is an Error.
  return error instanceof TypeError ? "the body does not have the form of its Content-Encoding" : "the body broke off";
}

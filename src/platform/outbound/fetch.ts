/** The only way to call a URL that a customer chose: checked at each call, no redirects, limited in time and bytes. */

import { type BoundedBody, readBounded } from "../bounded-body.ts";
import { version } from "../version.ts";
import { checkOutboundUrl, type OutboundContext } from "./guard.ts";
import { whyNoAnswer, whyNoBody } from "./reasons.ts";
import { resolvesInternally } from "./resolve.ts";

export interface OutboundRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** For the whole exchange: DNS, connection, headers and body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** For a body over `maxBytes`: fail (the default), or return its beginning. */
  readonly whenTooLarge?: "fail" | "truncate";
  /** For a body that cannot be read: fail (the default), or return the answer without it, and why in `unread`. */
  readonly whenUnreadable?: "fail" | "note";
  /** `Accept`. */
  readonly accept?: string;
}

/** The outcome of a call. `detail` is for logs and delivery records; it has nothing from the body. */
export type OutboundAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Headers;
      readonly body: Uint8Array<ArrayBuffer>;
      readonly truncated: boolean;
      /** Why the body could not be read, or not within the time; null when it was. */
      readonly unread: string | null;
    }
  | { readonly ok: false; readonly reason: "redirect"; readonly status: number; readonly detail: string }
  | {
      readonly ok: false;
      readonly reason: "refused_url" | "timeout" | "network" | "too_large";
      readonly detail: string;
    };

type Failure = Extract<OutboundAnswer, { ok: false }>;

/** The checked URL, or the reason against it. Without an answer of the resolver, the call fails and can be repeated later. */
async function permitted({ settings }: OutboundContext, text: string): Promise<URL | Failure> {
  const url = checkOutboundUrl(settings, text);
  if (!url.ok) return { ok: false, reason: "refused_url", detail: url.message };
  const isInternal = await resolvesInternally(settings, url.value.hostname);
  if (isInternal === null) return { ok: false, reason: "network", detail: "the host could not be looked up" };
  if (isInternal) return { ok: false, reason: "refused_url", detail: "the host resolves to an internal network" };
  return url.value;
}

/** Settles with the work, or rejects when the signal is aborted: DNS queries have their own, longer limit. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return Promise.race([work, promise]);
}

const late = ({ timeoutMs }: OutboundRequest): Failure => {
  return { ok: false, reason: "timeout", detail: `no complete answer within ${timeoutMs} ms` };
};

async function readBody(
  response: Response,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<BoundedBody | Failure> {
  try {
    return await readBounded(response.body, request.maxBytes, signal);
  } catch (error) {
    return signal.aborted ? late(request) : { ok: false, reason: "network", detail: whyNoBody(error) };
  }
}

/** @throws what `fetch` throws when there is no answer */
async function exchange(url: URL, request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
  const { method = "GET", body, accept, maxBytes, whenTooLarge = "fail", whenUnreadable = "fail" } = request;
  const headers = new Headers(request.headers);
  headers.set("User-Agent", `SentryAgent-AgentIdP/${version}`);
  if (accept !== undefined) headers.set("Accept", accept);
  const response = await fetch(url, {
    method,
    headers,
    signal,
    // A redirect would bypass the checks.
    redirect: "manual",
    // Our own caches decide what is stored, and for how long.
    cache: "no-store",
    ...(body === undefined ? {} : { body }),
  });
  const { status, headers: answered } = response;
  if (status >= 300 && status < 400 && status !== 304) {
    response.body?.cancel().catch(() => undefined);
    return { ok: false, reason: "redirect", status, detail: `answered ${status}; redirects are not followed` };
  }
  const read = await readBody(response, request, signal);
  if ("ok" in read) {
    if (whenUnreadable === "fail") return read;
    const unread = read.reason === "timeout" ? "the body did not end in time" : read.detail;
    return { ok: true, status, headers: answered, body: new Uint8Array(), truncated: true, unread };
  }
  const { bytes, truncated } = read;
  if (truncated && whenTooLarge === "fail") {
    return { ok: false, reason: "too_large", detail: `the body has more than ${maxBytes} bytes` };
  }
  return { ok: true, status, headers: answered, body: bytes, truncated, unread: null };
}

/**
 * Calls a URL that a customer chose. Sends only the given headers, follows no redirect, and reads at most `maxBytes`. Every
 * status except a redirect is an answer. Returns the failures of the other server; does not throw them.
 */
export async function outboundFetch(
  context: OutboundContext,
  url: string,
  request: OutboundRequest,
): Promise<OutboundAnswer> {
  const signal = AbortSignal.timeout(request.timeoutMs);
  try {
    const permission = await within(signal, permitted(context, url));
    if (!(permission instanceof URL)) return permission;
    return await exchange(permission, request, signal).catch(async (error: unknown): Promise<Failure> => {
      if (signal.aborted) return late(request);
      return { ok: false, reason: "network", detail: await within(signal, whyNoAnswer(context, permission, error)) };
    });
  } catch (error) {
    // Only the end of the time rejects here: DNS does not.
    if (!signal.aborted) throw error;
    return late(request);
  }
}

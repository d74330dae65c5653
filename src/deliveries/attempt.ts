/** One attempt: a signed POST to an endpoint, and its outcome. */
import type { Context } from "../platform/context.ts";
import { type OutboundAnswer, outboundFetch } from "../platform/outbound/fetch.ts";
import type { OutboundContext } from "../platform/outbound/guard.ts";

export interface Message {
  /** The same at each attempt, so that a receiver recognizes a message that it has received already. */
  readonly id: string;
  /** The kind of the message, such as the name of an event. */
  readonly type: string;
  /** The exact bytes that are signed and sent. */
  readonly body: string;
}

/** A message as one attempt signs it. */
export interface SignedMessage extends Message {
  /** The time of this attempt, in milliseconds since the epoch. Receivers refuse messages that are minutes old. */
  readonly sentAtMs: number;
}

export interface Endpoint {
  readonly id: string;
  /** A customer chose it: the outbound guard checks it at each attempt. */
  readonly url: string;
  /** Until when the endpoint counts as slow, in milliseconds since the epoch; 0 when it is not slow. */
  readonly slowUntil: number;
  /**
   * All headers of an attempt, with the signature and the content type.
   *
   * @throws {Error} when it cannot sign; then nothing is sent, and the attempt does not count
   */
  sign(message: SignedMessage): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** The stored outcome of an attempt. */
export interface AttemptRecord {
  /** The time of its signature, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Until its outcome was known, in whole milliseconds. */
  readonly durationMs: number;
  /** null when there was no answer. */
  readonly httpStatusCode: number | null;
  /** The beginning of the answer's body. */
  readonly responseBody: string | null;
  /** Why the attempt failed; null when it succeeded. */
  readonly error: string | null;
  /** What was wrong with the answer and did not decide: why its body could not be read. */
  readonly note: string | null;
}

export interface AttemptOutcome extends AttemptRecord {
  /** The endpoint answered 2xx. */
  readonly ok: boolean;
  /** The header `Retry-After` of an answer that is not 2xx. */
  readonly retryAfter: string | null;
}

/** The time limit of the whole exchange, and how much of the answer's body is stored. */
const usualBounds = { timeoutMs: 10_000, keptBytes: 1024 };

/** The body as text that SQLite can store. A character that the limit cuts in two is left out. */
const textOf = (body: Uint8Array) => new TextDecoder().decode(body, { stream: true }).replaceAll("\0", "\ufffd");

/** The statuses by which Cloudflare says that it could not reach the server itself, for this service or in front of that server. */
const unreachable: Readonly<Record<number, string>> = {
  521: "the connection was refused",
  522: "the connection timed out",
  523: "the server cannot be reached",
  525: "the TLS handshake failed",
  526: "the certificate is not valid",
};

function failureOf(status: number, headers: Headers, body: string): string {
  const isCloudflare = headers.get("Server")?.toLowerCase() === "cloudflare";
  const isNameless = status === 530 && body.includes("1016");
  const reason = isNameless ? "the host name has no address" : unreachable[status];
  return isCloudflare && reason ? `answered ${status} (by Cloudflare: ${reason})` : `answered ${status}`;
}

/** The status line decides. A body that cannot be read is a note, because the endpoint has the message. */
function outcomeOf(answer: OutboundAnswer): Omit<AttemptOutcome, "startedAtMs" | "durationMs"> {
  if (!answer.ok) {
    const httpStatusCode = answer.reason === "redirect" ? answer.status : null;
    return { ok: false, httpStatusCode, responseBody: null, error: answer.detail, note: null, retryAfter: null };
  }
  const { status, headers, body, unread } = answer;
  const ok = status >= 200 && status < 300;
  const responseBody = unread === null ? textOf(body) : null;
  return {
    ok,
    httpStatusCode: status,
    responseBody,
    error: ok ? null : failureOf(status, headers, responseBody ?? ""),
    note: unread,
    retryAfter: ok ? null : headers.get("Retry-After"),
  };
}

/**
 * Signs a message and sends it, in at most 10 seconds. A failure of the endpoint is an outcome, not an exception.
 *
 * @throws {Error} when the endpoint's `sign` throws
 */
export async function attempt(
  context: OutboundContext & Pick<Context, "now">,
  endpoint: Endpoint,
  message: Message,
  { timeoutMs, keptBytes } = usualBounds,
): Promise<AttemptOutcome> {
  const startedAtMs = context.now();
  const headers = await endpoint.sign({ ...message, sentAtMs: startedAtMs });
  const answer = await outboundFetch(context, endpoint.url, {
    method: "POST",
    headers,
    body: message.body,
    timeoutMs,
    maxBytes: keptBytes,
    whenTooLarge: "truncate",
    whenUnreadable: "note",
  });
  // The clock of a machine can be set back.
  return { ...outcomeOf(answer), startedAtMs, durationMs: Math.max(0, context.now() - startedAtMs) };
}

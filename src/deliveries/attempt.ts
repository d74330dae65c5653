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
  /** null when there was no answer. */
  readonly httpStatusCode: number | null;
  /** The beginning of the answer's body. */
  readonly responseBody: string | null;
  /** Why the attempt failed; null when it succeeded. */
  readonly error: string | null;
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

function outcomeOf(answer: OutboundAnswer): AttemptOutcome {
  if (!answer.ok) {
    const httpStatusCode = answer.reason === "redirect" ? answer.status : null;
    return { ok: false, httpStatusCode, responseBody: null, error: answer.detail, retryAfter: null };
  }
  const { status, headers, body } = answer;
  const ok = status >= 200 && status < 300;
  return {
    ok,
    httpStatusCode: status,
    responseBody: textOf(body),
    error: ok ? null : `answered ${status}`,
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
  const headers = await endpoint.sign({ ...message, sentAtMs: context.now() });
  const answer = await outboundFetch(context, endpoint.url, {
    method: "POST",
    headers,
    body: message.body,
    timeoutMs,
    maxBytes: keptBytes,
    whenTooLarge: "truncate",
  });
  return outcomeOf(answer);
}

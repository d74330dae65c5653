/** One attempt: a signed POST to an endpoint, and its outcome. This needs no table and no queue. */
import type { Context } from "../platform/context.ts";
import { type OutboundAnswer, outboundFetch } from "../platform/outbound/fetch.ts";
import type { OutboundContext } from "../platform/outbound/guard.ts";

/** What is delivered. */
export interface Message {
  /** The same at each attempt, so that a receiver can recognise what it has received already. */
  readonly id: string;
  /** What the message is about, such as the name of an event. */
  readonly type: string;
  /** To the byte, as it is signed and sent. */
  readonly body: string;
}

/** A message as one attempt signs it. */
export interface SignedMessage extends Message {
  /** When this attempt is made; receivers refuse what is older than some minutes. */
  readonly sentAtMs: number;
}

/** Where messages are delivered. */
export interface Endpoint {
  readonly id: string;
  /** Chosen by others: the outbound guard checks it at each attempt. */
  readonly url: string;
  /** Until then the endpoint counts as slow, in milliseconds since the epoch; 0 for one that is not. */
  readonly slowUntil: number;
  /**
   * All headers of an attempt, the signature and the content type among them.
   *
   * @throws {Error} when it cannot sign; nothing is sent then, and it counts as no attempt
   */
  sign(message: SignedMessage): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** What came of an attempt, as it is kept. */
export interface AttemptRecord {
  /** null when there was no answer. */
  readonly httpStatusCode: number | null;
  /** The beginning of the answer's body. */
  readonly responseBody: string | null;
  /** Why the attempt failed; null when it did not. */
  readonly error: string | null;
}

/** What came of an attempt. */
export interface AttemptOutcome extends AttemptRecord {
  /** The endpoint answered 2xx. */
  readonly ok: boolean;
  /** The header `Retry-After` of an answer that is not 2xx. */
  readonly retryAfter: string | null;
}

/** The bounds of an attempt. */
export interface AttemptBounds {
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** How much of the answer's body is kept. */
  readonly keptBytes: number;
}

const usualBounds: AttemptBounds = { timeoutMs: 10_000, keptBytes: 1024 };

/** Text that can be stored and shown, whatever was sent. A character that the limit cuts in two is left out. */
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
 * Signs a message and sends it. Whatever the endpoint does is an outcome.
 *
 * @throws {Error} when the endpoint's `sign` throws
 *
 * @example
 * ```ts
 * const outcome = await attempt(context, endpoint, message);
 * const next = nextAfter(schedule, outcome, attemptCount + 1, context.now(), Math.random());
 * ```
 */
export async function attempt(
  context: OutboundContext & Pick<Context, "now">,
  endpoint: Endpoint,
  message: Message,
  { timeoutMs, keptBytes }: AttemptBounds = usualBounds,
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

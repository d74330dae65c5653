/** One request and its answer: time-out, no redirect, bounded body. */
import { orAborted } from "./clock.ts";
import { AgentIdPError } from "./errors.ts";
import type { Failure } from "./retry.ts";
import { sentSecrets } from "./secret.ts";

/** Answers over this are refused, exports excepted. */
export const longestAnswerBytes = 16 * 1024 * 1024;

export interface Attempt {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  /** The longest wait for the next bytes of a body that is not read here. */
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the body of a success is not read here. */
  readonly streams: boolean;
  readonly fetch: typeof globalThis.fetch;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Empty for a streamed answer. */
  readonly text: string;
  readonly stream: ReadableStream<Uint8Array> | null;
  /** The secrets of the request, which no error may repeat. */
  readonly secrets?: () => readonly string[];
}

/** There is no answer. */
export class NoReply extends Error {
  readonly failure: Exclude<Failure, number>;

  constructor(failure: Exclude<Failure, number>, cause: unknown) {
    super(failure, { cause });
    this.failure = failure;
  }
}

/** The answer is longer than is accepted. */
export class TooLong extends Error {}

const connectCodes =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket|CERT_.*|ERR_TLS_.*|ERR_SSL_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

/** Whether the connection was never there. Where the runtime does not say, the request may have been received. */
function isConnectFailure(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && connectCodes.test(String(cause.code))) return true;
    if (/client error \(Connect\)|dns error/.test(cause.message)) return true;
  }
  return false;
}

async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (!body) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > longestAnswerBytes) {
      await reader.cancel();
      throw new TooLong();
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** A body that fails when its next bytes do not come in time. The time in which its reader does nothing does not count. */
function withIdleLimit(body: ReadableStream<Uint8Array>, idleMs: number, ender: AbortController) {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const late = new AgentIdPError("Http", "The download has stalled.", { code: "TIMEOUT" });
        const timer = setTimeout(() => ender.abort(late), idleMs);
        try {
          const { done, value } = await orAborted(reader.read(), ender.signal);
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          throw ender.signal.reason === late ? late : error;
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * Sends a request once.
 *
 * @throws {NoReply} without an answer
 * @throws {TooLong} for an answer over 16 MiB
 * @throws the reason of the caller's signal
 */
export async function attempt({ fetch, streams, signal, timeoutMs, idleMs, ...request }: Attempt): Promise<Reply> {
  signal?.throwIfAborted();
  const ender = new AbortController();
  const cancel = () => ender.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ender.abort();
  }, timeoutMs);
  signal?.addEventListener("abort", cancel, { once: true });
  let isStreaming = false;
  try {
    const { url, method, headers, body } = request;
    const response = await fetch(url, {
      method,
      headers,
      // A redirect could carry the token to another host.
      redirect: "manual",
      signal: ender.signal,
      ...(body === undefined ? {} : { body }),
    });
    isStreaming = streams && response.ok;
    const text = isStreaming ? "" : await boundedText(response.body);
    const stream = isStreaming && response.body ? withIdleLimit(response.body, idleMs, ender) : null;
    const secrets = () => sentSecrets(headers, body);
    return { status: response.status, headers: response.headers, text, stream, secrets };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TooLong) throw error;
    throw new NoReply(isLate ? "timeout" : isConnectFailure(error) ? "connect" : "broken", error);
  } finally {
    clearTimeout(timer);
    // A stream goes on after this, and the caller can still cancel it.
    if (!isStreaming) signal?.removeEventListener("abort", cancel);
  }
}

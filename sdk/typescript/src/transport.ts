/** Sends a call: attempts, waits, deadline, hooks, and what becomes an error. It knows nothing of tokens. */
import { attempt, NoReply, type Reply, TooLong } from "./attempt.ts";
import { type Clock, longestTimerMs, ServiceTime, systemClock } from "./clock.ts";
import { AgentIdPError, callbackError, checkedNumber, configError } from "./errors.ts";
import { type Asked, canComeFromClock, challengeError, refusal, unreadable } from "./refusal.ts";
import {
  backoffMs,
  type Failure,
  isUncertain,
  longestWaitSeconds,
  mayRepeat,
  type RetryClass,
  retryAfterSeconds,
} from "./retry.ts";
import type { CallOptions, ClientOptions } from "./types.ts";
import { userAgent } from "./version.ts";

/** What an attempt carries. It is made anew for each attempt, because a proof or an assertion is good for one request only. */
export interface Outgoing {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface Sending {
  readonly call: string;
  readonly method: string;
  /** The path with the names of its parameters. */
  readonly route: string;
  readonly url: string;
  readonly retry: RetryClass;
  readonly asked: Asked;
  readonly streams?: boolean | undefined;
  readonly accepts?: string | undefined;
  /** Error statuses that are answers. */
  readonly answeringStatuses?: readonly number[] | undefined;
  readonly outgoing: (signal: AbortSignal) => Promise<Outgoing>;
  /** Whether the request has something that is signed with a time in it: an assertion or a proof. */
  readonly isTimed?: boolean;
  /** Whether an answer is to be sent again at once, with other headers: a new token, a nonce. */
  readonly isRenewed?: (reply: Reply) => boolean;
}

export interface Sent {
  readonly reply: Reply;
  readonly attempts: number;
  /** Whether an attempt before the last may have been done, although there was no answer. */
  readonly isUncertain: boolean;
}

const cancelled = (attempts: number, cause: unknown) =>
  new AgentIdPError("Http", "The call was cancelled.", { code: "CANCELLED", attempts, cause });

const noAnswers: Readonly<Record<NoReply["failure"], readonly [code: string, message: string]>> = {
  connect: ["CONNECTION_FAILED", "No connection to the service could be made."],
  broken: ["CONNECTION_BROKEN", "The connection broke before the whole answer was there."],
  timeout: ["TIMEOUT", "The service did not answer in time."],
};

/** The answer to a repetition with the same `Idempotency-Key`, while the first request is not done. */
const isInProgress = ({ status, text }: Reply) => status === 409 && text.includes('"IDEMPOTENCY_IN_PROGRESS"');

/** The headers that the library sets itself. A caller's `Authorization` could send a secret of another service here. */
const reserved = /^(authorization|dpop|host|content-length|idempotency-key)$/i;

/** The caller's headers, in any form. */
function givenHeaders(given: CallOptions["headers"] = {}): readonly (readonly [string, string])[] {
  if (typeof given !== "object") throw configError("`headers` must be an object.");
  const entries: Iterable<readonly [string, string | undefined]> =
    Symbol.iterator in given ? (given as Headers) : Object.entries(given);
  return [...entries].flatMap(([name, value]) =>
    value === undefined || reserved.test(name) ? [] : [[name.toLowerCase(), value] as const],
  );
}

/** A hook can only look: neither its time nor its errors are the call's. */
function notify<Event>(hook: ((event: Event) => void) | undefined, event: Event): void {
  (async () => hook?.(event))().catch(() => undefined);
}

/** @throws {AgentIdPError} `Config`; the runtime's own error would show the value, which can be a token */
function headersOf(values: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(values)) {
    try {
      headers.set(name, value);
    } catch {
      throw configError(`The header \`${name}\` has a character that no header can have.`);
    }
  }
  return headers;
}

export class Transport {
  readonly #options: ClientOptions;
  readonly #userAgent: string | null;
  readonly clock: Clock;
  readonly serviceTime: ServiceTime;

  constructor(options: ClientOptions) {
    this.#options = options;
    for (const name of ["timeoutMs", "attemptTimeoutMs", "maxRetries"] as const)
      checkedNumber(name, options[name] ?? 0);
    this.#userAgent = userAgent(options.appInfo);
    this.clock = options.clock ?? systemClock;
    this.serviceTime = new ServiceTime(this.clock);
  }

  /** Sends until there is an answer that is no failure to be repeated. Refusals are answers; `refusal` makes errors of them. */
  async send(sending: Sending, options: CallOptions = {}): Promise<Sent> {
    const { clock } = this;
    const { signal } = options;
    const deadlineMs =
      clock.monotonic() + checkedNumber("timeoutMs", options.timeoutMs ?? this.#options.timeoutMs ?? 60_000);
    const maxRetries = checkedNumber("maxRetries", options.maxRetries ?? this.#options.maxRetries ?? 2);
    let retries = 0;
    let isDoubtful = false;
    let isRenewed = false;
    let isCorrected = false;
    for (let attempts = 1; ; attempts++) {
      let failure: Failure;
      let error: AgentIdPError | null = null;
      let reply: Reply | null = null;
      try {
        reply = await this.#once(sending, options, attempts, retries, deadlineMs);
        // The first attempt still runs: this one has done nothing.
        failure = isInProgress(reply) ? 429 : reply.status;
        if (!isCorrected && this.#isOfWrongTime(sending, reply)) {
          isCorrected = true;
          continue;
        }
        if (!isRenewed && sending.isRenewed?.(reply)) {
          isRenewed = true;
          continue;
        }
        const isAnswer = reply.status < 400 || sending.answeringStatuses?.includes(reply.status);
        if (isAnswer || !mayRepeat(sending.retry, failure)) return { reply, attempts, isUncertain: isDoubtful };
      } catch (cause) {
        if (signal?.aborted) throw cancelled(attempts, cause);
        if (!(cause instanceof NoReply)) throw cause;
        failure = cause.failure;
        const [code, message] = noAnswers[cause.failure];
        error = new AgentIdPError("Http", message, { code, attempts, cause: cause.cause });
      }
      const failed = () => error ?? (reply && refusal(reply, sending.asked, attempts, clock.now()));
      const asked = reply ? retryAfterSeconds(reply.headers, clock.now()) : undefined;
      if (retries >= maxRetries || !mayRepeat(sending.retry, failure)) throw failed();
      if (asked !== undefined && asked > longestWaitSeconds) throw failed();
      const waitMs = asked === undefined ? backoffMs(retries + 1, clock.random()) : asked * 1000;
      if (clock.monotonic() + waitMs >= deadlineMs) throw failed();
      isDoubtful ||= isUncertain(failure);
      retries++;
      await clock.sleep(waitMs, signal).catch((cause: unknown) => {
        throw cancelled(attempts, cause);
      });
    }
  }

  /** A refusal that can come from the machine's clock, which is then corrected. */
  #isOfWrongTime({ isTimed }: Sending, reply: Reply): boolean {
    return isTimed === true && canComeFromClock(reply) && this.serviceTime.isCorrectedBy(reply.headers);
  }

  /** The deadline of the call bounds the wait for a token, too. */
  async #prepared({ outgoing }: Sending, signal: AbortSignal | undefined, deadlineMs: number): Promise<Outgoing> {
    const ender = new AbortController();
    const timer = setTimeout(
      () => ender.abort(),
      Math.min(Math.max(0, deadlineMs - this.clock.monotonic()), longestTimerMs),
    );
    try {
      return await outgoing(signal ? AbortSignal.any([signal, ender.signal]) : ender.signal);
    } catch (error) {
      if (ender.signal.aborted && !signal?.aborted) throw new NoReply("timeout", error);
      throw signal?.aborted ? error : callbackError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #once(
    sending: Sending,
    options: CallOptions,
    attempts: number,
    retries: number,
    deadlineMs: number,
  ): Promise<Reply> {
    const { clock } = this;
    const { call, method, route, url } = sending;
    const { headers: own, body } = await this.#prepared(sending, options.signal, deadlineMs);
    const headers = headersOf({
      accept: sending.accepts ?? "application/json",
      ...(this.#userAgent === null ? {} : { "user-agent": this.#userAgent }),
      ...Object.fromEntries(givenHeaders(options.headers)),
      ...own,
      ...(retries > 0 ? { "x-retry-count": String(retries) } : {}),
    });
    const event = { call, method, route, attempt: attempts };
    notify(this.#options.onRequest, event);
    const startedMs = clock.monotonic();
    const left = Math.max(1, deadlineMs - startedMs);
    const idleMs = Math.min(this.#options.attemptTimeoutMs ?? 30_000, longestTimerMs);
    let reply: Reply | null = null;
    try {
      reply = await attempt({
        method,
        url,
        headers,
        body,
        timeoutMs: Math.min(idleMs, left),
        idleMs,
        signal: options.signal,
        streams: sending.streams === true,
        fetch: this.#options.fetch ?? globalThis.fetch.bind(globalThis),
      });
      return reply;
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      const empty = { status: 200, headers: new Headers(), text: "", stream: null };
      throw unreadable(empty, "it is longer than 16 MiB", attempts);
    } finally {
      notify(this.#options.onResponse, {
        ...event,
        status: reply?.status,
        durationMs: clock.monotonic() - startedMs,
        requestId: reply?.headers.get("x-request-id") ?? undefined,
      });
    }
  }
}

/** The nonces that servers asked for in proofs (RFC 9449 8, 9), by origin. */
export class Nonces {
  readonly #byOrigin = new Map<string, string>();

  get(url: string): string | undefined {
    return this.#byOrigin.get(new URL(url).origin);
  }

  /** Keeps the nonce of an answer. @returns whether the request was refused for want of it */
  isAsked(url: string, reply: Reply): boolean {
    const nonce = reply.headers.get("dpop-nonce");
    if (nonce === null) return false;
    this.#byOrigin.set(new URL(url).origin, nonce);
    const isRefused = reply.status === 400 || reply.status === 401;
    return isRefused && (challengeError(reply.headers) === "use_dpop_nonce" || reply.text.includes('"use_dpop_nonce"'));
  }
}

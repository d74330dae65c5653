/** Time and chance, so that tests can hold them still. */

export interface Clock {
  /** Milliseconds since the epoch. Only for what the service compares with its own clock, never for the age of a token. */
  now(): number;
  /** Milliseconds since any moment; a change of the system's time does not change it. */
  monotonic(): number;
  /** Resolves after the time, or rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

/** The runtimes' timers end at once after a longer time: 24.8 days. */
export const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
        Math.min(milliseconds, longestTimerMs),
      );
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/** A refusal can come from the machine's clock when it differs by this. The service accepts about 60 seconds. */
const noticeableMs = 30_000;

/**
 * The service's time, for what is signed with a time in it: client assertions and proofs. It is the machine's, until the service
 * refuses one and its answer has a `Date` (RFC 9110 6.6.1) far from that. So a machine with a right clock never depends on the
 * header, and one with a wrong clock pays one refused request. The answer is of the server that checks the signature: a false
 * `Date` of it can only make it refuse again.
 */
export class ServiceTime {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /** Takes the time of a refusal. @returns whether it differs so much that the clock can be the reason */
  isCorrectedBy(headers: Headers): boolean {
    const dateMs = Date.parse(headers.get("date") ?? "");
    // Without the header, or where a browser may not read it, there is nothing to learn.
    if (Number.isNaN(dateMs) || Math.abs(dateMs - this.now()) < noticeableMs) return false;
    this.#offsetMs = dateMs - this.#clock.now();
    return true;
  }
}

/** The result of a promise, or a rejection as soon as the signal aborts. The promise goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

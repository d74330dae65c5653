/**
 * One load for all requests of an isolate, or all calls of an object, that need the same thing at the same time.
 *
 * On Workers a promise belongs to the request that made it. When another request awaits it, the runtime may refuse that
 * request its next I/O ("Cannot perform I/O on behalf of a different request"), and when the first request is cancelled, the
 * promise never settles. So requests share no promise here. They share plain values: that a load has begun, and what it found.
 * A request that waits looks at these by its own timers, for as long as a load may take. Then it loads.
 */
import { pause } from "./time.ts";

/** How long a request that waits sleeps at most between two looks, in milliseconds. */
const longestSleepMs = 20;

/** A request waits for so many loads of other requests at most. Then it loads. */
const waitsAtMost = 3;

interface Running {
  readonly number: number;
  readonly sinceMs: number;
}

/** The loads of one thing. They are numbered as they begin: a higher number is a newer load. */
export class SingleFlight<T> {
  readonly #patienceMs: number;
  #begun = 0;
  #forgotten = 0;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #running: Running | null = null;
  #found: { readonly number: number; readonly value: T } | null = null;
  #failed: { readonly number: number; readonly error: unknown } | null = null;

  /** @param patienceMs how long a load may take. One that takes longer counts as cancelled with its request */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The number of the load that began last; 0 before the first. */
  get begun(): number {
    return this.#begun;
  }

  /** Milliseconds since a load began; infinite before the first. */
  get idleMs(): number {
    return performance.now() - this.#begunAtMs;
  }

  /** What the newest load found; null before the first and after {@link forget}. A load that fails changes nothing. */
  get found(): { readonly number: number; readonly value: T } | null {
    return this.#found;
  }

  /** Whether a load is under way that a request may wait for. */
  get isRunning(): boolean {
    return this.#running !== null && this.#isYoung(this.#running);
  }

  /** Drops what was found. What the loads find that have begun is out of date too. */
  forget(): void {
    this.#forgotten = this.#begun;
    this.#found = null;
  }

  /**
   * Loads, whether or not another load is under way.
   *
   * @param work is given the number of its load
   */
  async start(work: (load: number) => Promise<T>): Promise<T> {
    const running = { number: ++this.#begun, sinceMs: performance.now() };
    this.#begunAtMs = running.sinceMs;
    this.#running = running;
    try {
      const value = await work(running.number);
      if (running.number > Math.max(this.#forgotten, this.#found?.number ?? 0)) {
        this.#found = { number: running.number, value };
      }
      return value;
    } catch (error) {
      this.#failed = { number: running.number, error };
      throw error;
    } finally {
      if (this.#running === running) this.#running = null;
    }
  }

  /**
   * What a load finds that is newer than the load with the number `after`: one that has ended, one that is under way, or a
   * new one. Fails only with a load that began after the call. When an older load fails, the request loads.
   *
   * @param after by default a load that is under way is new enough, and one that has ended is not
   */
  async after(work: (load: number) => Promise<T>, after = this.isRunning ? this.#begun - 1 : this.#begun): Promise<T> {
    const newest = this.#begun;
    const oldest = Math.max(after, this.#forgotten);
    for (let waits = 0; ; waits++) {
      if (this.#found && this.#found.number > oldest) return this.#found.value;
      if (this.#failed && this.#failed.number > Math.max(oldest, newest)) throw this.#failed.error;
      const running = this.#running;
      const mayWait = running !== null && running.number > oldest && this.#isYoung(running) && waits < waitsAtMost;
      if (!mayWait) return this.start(work);
      await this.#ended(running);
    }
  }

  async #ended(running: Running): Promise<void> {
    for (let sleepMs = 1; this.#running === running && this.#isYoung(running); ) {
      await pause(sleepMs);
      sleepMs = Math.min(2 * sleepMs, longestSleepMs);
    }
  }

  #isYoung({ sinceMs }: Running): boolean {
    return performance.now() - sinceMs < this.#patienceMs;
  }
}

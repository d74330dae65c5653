/**
 * One load for everybody who needs the same thing at the same time: the requests of an isolate, or the calls of an object.
 *
 * On Workers a promise belongs to the request that made it. Another request that awaits it may be refused its next I/O
 * ("Cannot perform I/O on behalf of a different request"), and waits for ever when the first one is cancelled. So no promise
 * is shared here. What is shared is plain: that a load has begun, and what it found. A request that waits looks by timers of
 * its own, no longer than a load can take, and then loads by itself.
 */
import { pause } from "./time.ts";

/** How long a request that waits sleeps at most between two looks, in milliseconds. */
const longestSleepMs = 20;

/** For so many loads of others a request waits before it loads by itself, whatever happens to them. */
const waitsAtMost = 3;

interface Running {
  readonly number: number;
  readonly sinceMs: number;
}

/** Loads of one thing. They are numbered as they begin, so that it can be said which of two is the newer. */
export class SingleFlight<T> {
  readonly #patienceMs: number;
  #begun = 0;
  #forgotten = 0;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #running: Running | null = null;
  #found: { readonly number: number; readonly value: T } | null = null;
  #failed: { readonly number: number; readonly error: unknown } | null = null;

  /** @param patienceMs how long a load may take; one that takes longer belongs to a request that was cancelled */
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

  /** What the latest load found, in whatever order they end; null before, and after {@link forget}. Failures change nothing. */
  get found(): { readonly number: number; readonly value: T } | null {
    return this.#found;
  }

  /** Whether a load is under way that a request may wait for. */
  get isRunning(): boolean {
    return this.#running !== null && this.#isYoung(this.#running);
  }

  /** What has been found, and what loads that have begun will find, is out of date. */
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
   * What a load finds that began after the load with the number `after`: one that has ended, one that is under way, or a new
   * one. It fails only with a load that began after the call; when an earlier one fails, it loads.
   *
   * @param after by default any load that is under way will do, and none that has ended
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

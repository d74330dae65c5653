/**
 * One load for all concurrent requests of an isolate, or calls of an object, that need the same value.
 *
 * On Workers a promise belongs to the request that created it. When another request awaits it, the runtime may refuse that
 * request its next I/O ("Cannot perform I/O on behalf of a different request"), and when the first request is cancelled, the
 * promise never settles. So requests share plain values only: that a load has begun, and its result. A waiting request polls
 * them with its own timers, for as long as a load may take. Then it loads itself.
 */
import { pause } from "./time.ts";

/** The longest pause of a waiting request between two polls, in milliseconds. */
const longestSleepMs = 20;

/** The most loads of other requests that a request waits for. Then it loads itself. */
const waitsAtMost = 3;

interface Running {
  readonly number: number;
  readonly sinceMs: number;
}

/** The loads of one value. They are numbered in the order of their begin. */
export class SingleFlight<T> {
  readonly #patienceMs: number;
  #begun = 0;
  #forgotten = 0;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #running: Running | null = null;
  #found: { readonly number: number; readonly value: T } | null = null;
  #failed: { readonly number: number; readonly error: unknown } | null = null;

  /** @param patienceMs how long a load may take. A longer load counts as cancelled with its request */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The number of the newest load; 0 before the first. */
  get begun(): number {
    return this.#begun;
  }

  /** Milliseconds since a load began; infinite before the first. */
  get idleMs(): number {
    return performance.now() - this.#begunAtMs;
  }

  /** The result of the newest load; null before the first and after {@link forget}. A failed load does not change it. */
  get found(): { readonly number: number; readonly value: T } | null {
    return this.#found;
  }

  /** Whether a request may wait for a load. */
  get isRunning(): boolean {
    return this.#running !== null && this.#isYoung(this.#running);
  }

  /** Drops the result, and the later results of the loads that have begun. */
  forget(): void {
    this.#forgotten = this.#begun;
    this.#found = null;
  }

  /** Starts a load, also while another one is under way. `work` gets the number of its load. */
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
   * The result of a load that is newer than the load `after`: an ended one, one under way, or a new one. Rejects only when a load
   * fails that began after the call. After the failure of an older load, the request loads itself.
   *
   * @param after by default, a load under way is new enough, and an ended one is not
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

  /** The same for a load that begins after the call, because a load under way may have read an older state. */
  async fromNow(work: (load: number) => Promise<T>): Promise<T> {
    const newest = this.#begun;
    if (this.#running && this.isRunning) await this.#ended(this.#running);
    return this.after(work, newest);
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

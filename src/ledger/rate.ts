/** How fast an organization may ask: a token bucket that refills by the minute and holds one burst. */
import { minuteMs } from "../platform/time.ts";
import type { Journaled } from "./journal.ts";

/** The size of the bucket, and how many requests a minute flow into it. */
export interface RateLimit {
  readonly requestsPerMinute: number;
  readonly burst: number;
}

/** What the bucket holds after a request, as the `RateLimit` headers tell it. */
export interface RateState {
  readonly burst: number;
  /** Seconds in which an empty bucket fills. */
  readonly windowSeconds: number;
  /** Whole requests left. */
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly resetSeconds: number;
}

interface Level {
  readonly requests: number;
  readonly atMs: number;
}

/**
 * Whole seconds in which so many requests flow in, never too few. The last bits are rounded off before: binary fractions would
 * make 11 of exactly 10 seconds.
 */
function secondsFor(requests: number, { requestsPerMinute }: RateLimit): number {
  return Math.ceil(Number(((requests * 60) / requestsPerMinute).toFixed(6)));
}

/** The bucket of one organization. Written with the shared commit, so that a restart does not fill it. */
export class Rate implements Journaled<Level> {
  readonly #sql: SqlStorage;
  #level: Level | null;
  #isJournaled = true;
  #isSaved = true;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS rate (one INTEGER PRIMARY KEY CHECK (one = 1), requests REAL NOT NULL, at_ms INTEGER NOT NULL)",
    );
    const [row] = sql.exec<{ requests: number; at_ms: number }>("SELECT requests, at_ms FROM rate").toArray();
    this.#level = row ? { requests: row.requests, atMs: row.at_ms } : null;
  }

  /**
   * Seconds until the next request may come; 0 when one may come now. Takes nothing.
   */
  secondsUntilNext(limit: RateLimit, nowMs: number): number {
    const { requests } = this.#levelAt(limit, nowMs);
    return secondsFor(Math.max(0, 1 - requests), limit);
  }

  /** Takes one request out, if there is one. */
  take(limit: RateLimit, nowMs: number): void {
    const { requests } = this.#levelAt(limit, nowMs);
    this.#level = { requests: Math.max(0, requests - 1), atMs: nowMs };
    this.#isJournaled = false;
  }

  state(limit: RateLimit, nowMs: number): RateState {
    const { requests } = this.#levelAt(limit, nowMs);
    return {
      burst: limit.burst,
      windowSeconds: secondsFor(limit.burst, limit),
      remaining: Math.floor(requests),
      resetSeconds: secondsFor(limit.burst - requests, limit),
    };
  }

  drain(): Level | null {
    if (this.#isJournaled || !this.#level) return null;
    this.#isJournaled = true;
    this.#isSaved = false;
    return this.#level;
  }

  restore(level: Level): void {
    this.#level = level;
    this.#isSaved = false;
  }

  save(): void {
    if (this.#isSaved || !this.#level) return;
    this.#sql.exec("INSERT OR REPLACE INTO rate VALUES (1, ?, ?)", this.#level.requests, this.#level.atMs);
    this.#isSaved = true;
  }

  /** What has flowed in since. A clock that went back adds nothing, and goes on from where it is. */
  #levelAt({ requestsPerMinute, burst }: RateLimit, nowMs: number) {
    if (!this.#level) return { requests: burst };
    if (nowMs < this.#level.atMs) this.#level = { ...this.#level, atMs: nowMs };
    const inflow = ((nowMs - this.#level.atMs) * requestsPerMinute) / minuteMs;
    return { requests: Math.min(burst, this.#level.requests + inflow) };
  }
}

/** The rate limit of an organization: a token bucket of the size of one burst, with a refill rate per minute. */
import { minuteMs } from "../platform/time.ts";
import type { Journaled } from "./journal.ts";

/** The size of the bucket, and its refill rate in requests per minute. */
export interface RateLimit {
  readonly requestsPerMinute: number;
  readonly burst: number;
}

/** The state of the bucket after a request, for the `RateLimit` headers. */
export interface RateState {
  readonly burst: number;
  /** Seconds that an empty bucket needs to refill. */
  readonly windowSeconds: number;
  /** Whole requests left. */
  readonly remaining: number;
  /** Seconds until the bucket is full again; while `remaining` is 0, until it admits the next request, as `Retry-After` says. */
  readonly resetSeconds: number;
}

interface Level {
  readonly requests: number;
  readonly atMs: number;
}

/**
 * Whole seconds in which the bucket gains this many requests, rounded up. The last bits are rounded off first, because binary
 * fractions would turn exactly 10 seconds into 11.
 */
function secondsFor(requests: number, { requestsPerMinute }: RateLimit): number {
  return Math.ceil(Number(((requests * 60) / requestsPerMinute).toFixed(6)));
}

/** The buckets of one organization: one for its requests, and one for the requests that are exempt from its limits. */
export type Bucket = "rate" | "exempt_rate";

/** A bucket of one organization. The shared commit writes it, so that a restart does not refill it. */
export class Rate implements Journaled<Level> {
  readonly #sql: SqlStorage;
  readonly #table: Bucket;
  #level: Level | null;
  #isJournaled = true;
  #isSaved = true;

  constructor(sql: SqlStorage, table: Bucket) {
    this.#sql = sql;
    this.#table = table;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (one INTEGER PRIMARY KEY CHECK (one = 1), requests REAL NOT NULL, at_ms INTEGER NOT NULL)`,
    );
    const [row] = sql.exec<{ requests: number; at_ms: number }>(`SELECT requests, at_ms FROM ${table}`).toArray();
    this.#level = row ? { requests: row.requests, atMs: row.at_ms } : null;
  }

  /**
   * Seconds until the bucket admits the next request; 0 when it admits one now. Takes nothing.
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
    const isEmpty = requests < 1;
    return {
      burst: limit.burst,
      windowSeconds: secondsFor(limit.burst, limit),
      remaining: Math.floor(requests),
      resetSeconds: secondsFor((isEmpty ? 1 : limit.burst) - requests, limit),
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
    this.#sql.exec(`INSERT OR REPLACE INTO ${this.#table} VALUES (1, ?, ?)`, this.#level.requests, this.#level.atMs);
    this.#isSaved = true;
  }

  /** The level with the refill since the last request. A clock that went back adds nothing, and counts from its present time. */
  #levelAt({ requestsPerMinute, burst }: RateLimit, nowMs: number) {
    if (!this.#level) return { requests: burst };
    if (nowMs < this.#level.atMs) this.#level = { ...this.#level, atMs: nowMs };
    const inflow = ((nowMs - this.#level.atMs) * requestsPerMinute) / minuteMs;
    return { requests: Math.min(burst, this.#level.requests + inflow) };
  }
}

/** Limits for failed sign-ins and for costly checks. */
import QuickLRU from "quick-lru";
import type { Source } from "../platform/context.ts";
import { networkOf } from "../platform/network.ts";
import { isYounger, minuteMs } from "../platform/time.ts";
import { type Turn, turnsPerMinute } from "./turns.ts";

const windowMs = minuteMs;
/** After this time an alarm removes the networks of a ledger that is not used. Longer than a window. */
export const networksKeptMs = windowMs + 5_000;
/** Failures of one client, by one method, from one network in a minute; further ones are throttled. */
const failuresAllowed = 10;
/** The most refusals in a minute that the audit log records: of one network, and of all together. */
const recordedOfNetwork = 10;
const recordedOfAll = 60;
/** The most throttles in memory; QuickLRU holds up to twice as many. */
const mostThrottles = 2_500;

/** The result of one more failure. */
export interface FailureNoted {
  /** Whether the audit log records it. It does not record every event of a flood. */
  readonly record: boolean;
  /** Seconds that the client is to wait after this failure; 0 when it has failed less often than is allowed. */
  readonly retryAfterSeconds: number;
  /** Whether this failure came after the allowed ones. */
  readonly throttled: boolean;
}

/** The refusals that the audit log does not have, since a time in milliseconds. */
export interface Omitted {
  readonly count: number;
  readonly sinceMs: number;
}

interface Throttle {
  count: number;
  beganMs: number;
  /** The failures of the minute after it are throttled. */
  closedAtMs: number;
}

/**
 * Fixed one-minute windows. A refused request writes nothing unless the audit log records it: strangers must not fill the
 * storage. So the throttles are in memory, and the counts of recorded refusals are in storage.
 */
export class Admission {
  readonly #sql: SqlStorage;
  readonly #throttles = new QuickLRU<string, Throttle>({ maxSize: mostThrottles });
  #omitted: Omitted | null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS windows
      (subject TEXT PRIMARY KEY, began_ms INTEGER NOT NULL, count INTEGER NOT NULL, closed_until_ms INTEGER NOT NULL) WITHOUT ROWID`);
    sql.exec(`CREATE TABLE IF NOT EXISTS omitted_refusals
      (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL, since_ms INTEGER NOT NULL)`);
    const [row] = sql
      .exec<{ count: number; since_ms: number }>("SELECT count, since_ms FROM omitted_refusals")
      .toArray();
    this.#omitted = row ? { count: row.count, sinceMs: row.since_ms } : null;
  }

  /**
   * Counts a failed sign-in.
   *
   * @param method failures by one method do not throttle another
   */
  noteFailure(clientId: string, method: string, source: Source, nowMs: number): FailureNoted {
    const network = networkOf(source);
    const key = `${method}|${clientId}|${network}`;
    const known = this.#throttles.get(key);
    const isThrottled = known !== undefined && isYounger(known.closedAtMs, windowMs, nowMs);
    const isNew = known === undefined || (!isThrottled && !isYounger(known.beganMs, windowMs, nowMs));
    const throttle = isNew ? { count: 0, beganMs: nowMs, closedAtMs: Number.NEGATIVE_INFINITY } : known;
    throttle.count++;
    const isClosed = isThrottled || throttle.count >= failuresAllowed;
    if (isClosed) throttle.closedAtMs = nowMs;
    this.#throttles.set(key, throttle);
    const record = this.#takeRefusal(network, nowMs);
    if (!record) this.omit(1, nowMs);
    return { record, retryAfterSeconds: isClosed ? windowMs / 1000 : 0, throttled: isThrottled };
  }

  /** Whether further failures of the client by this method from this network are throttled. Counts nothing. */
  isThrottled(clientId: string, method: string, source: Source, nowMs: number): boolean {
    const throttle = this.#throttles.peek(`${method}|${clientId}|${networkOf(source)}`);
    return throttle !== undefined && isYounger(throttle.closedAtMs, windowMs, nowMs);
  }

  /** Counts refusals that the audit log does not have. */
  omit(count: number, nowMs: number): void {
    this.#omitted = { count: (this.#omitted?.count ?? 0) + count, sinceMs: this.#omitted?.sinceMs ?? nowMs };
  }

  /** The refusals of a minute that is over; null for none. They count as recorded from then on. */
  takeOmitted(nowMs: number): Omitted | null {
    const omitted = this.#omitted;
    if (!omitted || isYounger(omitted.sinceMs, windowMs, nowMs)) return null;
    this.#omitted = null;
    this.#sql.exec("DELETE FROM omitted_refusals");
    return omitted;
  }

  /** Whether there are refusals that the audit log does not have. Writes their count, so that a restart does not lose it. */
  keepOmitted(): boolean {
    if (!this.#omitted) return false;
    const { count, sinceMs } = this.#omitted;
    this.#sql.exec("INSERT OR REPLACE INTO omitted_refusals VALUES (1, ?, ?)", count, sinceMs);
    return true;
  }

  /** Whether this is the first event with this key in the window. */
  isFirstInWindow(subject: string, nowMs: number): boolean {
    return this.#count(subject, nowMs) === 1;
  }

  /** Takes one of the costly calls of this minute. When none is left, returns the seconds to wait. */
  takeTurn(turn: Turn, nowMs: number): { readonly admitted: boolean; readonly retryAfterSeconds: number } {
    const row = this.#read(turn);
    if (row && isYounger(row.began_ms, windowMs, nowMs) && row.count >= turnsPerMinute[turn]) {
      return { admitted: false, retryAfterSeconds: Math.ceil((row.began_ms + windowMs - nowMs) / 1000) };
    }
    this.#count(turn, nowMs);
    return { admitted: true, retryAfterSeconds: 0 };
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM windows WHERE began_ms NOT BETWEEN ? AND ?", nowMs - windowMs, nowMs);
  }

  /** Whether there are windows of networks. They have addresses, so an alarm must remove them. */
  hasNetworks(): boolean {
    return this.#sql.exec("SELECT 1 FROM windows WHERE subject GLOB 'source:*' LIMIT 1").toArray().length > 0;
  }

  /** Whether the audit log records one more refusal of the network. Writes only then. */
  #takeRefusal(network: string, nowMs: number): boolean {
    const limits = { [`source:${network}`]: recordedOfNetwork, refusals: recordedOfAll };
    const isLeft = ([subject, limit]: [string, number]) => {
      const row = this.#read(subject);
      return !row || !isYounger(row.began_ms, windowMs, nowMs) || row.count < limit;
    };
    if (!Object.entries(limits).every(isLeft)) return false;
    for (const subject of Object.keys(limits)) this.#count(subject, nowMs);
    return true;
  }

  #read(subject: string) {
    return this.#sql
      .exec<{ began_ms: number; count: number }>("SELECT began_ms, count FROM windows WHERE subject = ?", subject)
      .toArray()[0];
  }

  #count(subject: string, nowMs: number): number {
    return this.#sql
      .exec<{ count: number }>(
        `INSERT INTO windows (subject, began_ms, count, closed_until_ms) VALUES (?1, ?2, 1, 0)
         ON CONFLICT (subject) DO UPDATE SET
           count = iif(?2 - began_ms BETWEEN 0 AND ?3 - 1, count + 1, 1),
           began_ms = iif(?2 - began_ms BETWEEN 0 AND ?3 - 1, began_ms, ?2)
         RETURNING count`,
        subject,
        nowMs,
        windowMs,
      )
      .one().count;
  }
}

/** Limits for failed sign-ins and for costly checks. */
import ipaddr from "ipaddr.js";
import type { Source } from "../platform/context.ts";
import { minuteMs } from "../platform/time.ts";

const windowMs = minuteMs;
/** Failures of one client from one source in a minute; after that it must wait. */
const failuresAllowed = 10;
/** The most failed sign-ins of one source in a minute that the audit log records. */
const refusalsRecorded = 60;
/** The costly checks, and how many an organization may request in a minute. */
const turnsAllowed = { verification: 30, domain_verification: 10 } as const;

/** A costly check with a limit per minute. */
export type Turn = keyof typeof turnsAllowed;

/** The network that a request comes from. For IPv6 it is the /64, because a client owns its whole /64. */
export function networkOf({ ip }: Source): string {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip) || !ipaddr.IPv6.isValid(ip)) return ip;
  const address = ipaddr.IPv6.parse(ip);
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  return address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":");
}

/** The result of one more failure. */
export interface FailureNoted {
  /** Whether the audit log records it. It does not record every event of a flood. */
  readonly record: boolean;
  /** Seconds for which the client is locked out now; 0 when it is not. */
  readonly closedSeconds: number;
}

/** Fixed one-minute windows. They are in storage, so that a restart does not reset them. */
export class Admission {
  readonly #sql: SqlStorage;
  /** The end of each lockout, by its key. It is in memory because every sign-in reads it; there are few lockouts. */
  readonly #closedUntilMs: Map<string, number>;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS windows
      (subject TEXT PRIMARY KEY, began_ms INTEGER NOT NULL, count INTEGER NOT NULL, closed_until_ms INTEGER NOT NULL) WITHOUT ROWID`);
    const closed = sql.exec<{ subject: string; closed_until_ms: number }>(
      "SELECT subject, closed_until_ms FROM windows WHERE closed_until_ms > 0",
    );
    this.#closedUntilMs = new Map(closed.toArray().map((row) => [row.subject, row.closed_until_ms]));
  }

  /** Seconds until this client may try again from this source; 0 when it may try now. */
  secondsUntilOpen(clientId: string, source: Source, nowMs: number): number {
    if (this.#closedUntilMs.size === 0) return 0;
    const untilMs = this.#closedUntilMs.get(`client:${clientId}|${networkOf(source)}`) ?? 0;
    return untilMs > nowMs ? Math.ceil((untilMs - nowMs) / 1000) : 0;
  }

  /** Counts a failed sign-in. */
  noteFailure(clientId: string, source: Source, nowMs: number): FailureNoted {
    const network = networkOf(source);
    const subject = `client:${clientId}|${network}`;
    const failures = this.#count(subject, nowMs);
    const closed = failures >= failuresAllowed;
    if (closed) {
      this.#sql.exec("UPDATE windows SET closed_until_ms = ? WHERE subject = ?", nowMs + windowMs, subject);
      this.#closedUntilMs.set(subject, nowMs + windowMs);
    }
    const record = failures <= failuresAllowed && this.#count(`source:${network}`, nowMs) <= refusalsRecorded;
    return { record, closedSeconds: closed ? windowMs / 1000 : 0 };
  }

  /** Whether this is the first event with this key in the window. */
  isFirstInWindow(subject: string, nowMs: number): boolean {
    return this.#count(subject, nowMs) === 1;
  }

  /** Takes one of the checks of this minute. When none is left, returns the seconds to wait. */
  takeTurn(turn: Turn, nowMs: number): { readonly admitted: boolean; readonly retryAfterSeconds: number } {
    const row = this.#read(turn);
    if (row && nowMs - row.began_ms < windowMs && row.count >= turnsAllowed[turn]) {
      return { admitted: false, retryAfterSeconds: Math.ceil((row.began_ms + windowMs - nowMs) / 1000) };
    }
    this.#count(turn, nowMs);
    return { admitted: true, retryAfterSeconds: 0 };
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM windows WHERE began_ms < ? AND closed_until_ms < ?", nowMs - windowMs, nowMs);
    for (const [subject, untilMs] of this.#closedUntilMs) if (untilMs < nowMs) this.#closedUntilMs.delete(subject);
  }

  #read(subject: string) {
    return this.#sql
      .exec<{ began_ms: number; count: number; closed_until_ms: number }>(
        "SELECT began_ms, count, closed_until_ms FROM windows WHERE subject = ?",
        subject,
      )
      .toArray()[0];
  }

  #count(subject: string, nowMs: number): number {
    return this.#sql
      .exec<{ count: number }>(
        `INSERT INTO windows (subject, began_ms, count, closed_until_ms) VALUES (?1, ?2, 1, 0)
         ON CONFLICT (subject) DO UPDATE SET
           count = CASE WHEN ?2 - began_ms >= ?3 THEN 1 ELSE count + 1 END,
           began_ms = CASE WHEN ?2 - began_ms >= ?3 THEN ?2 ELSE began_ms END
         RETURNING count`,
        subject,
        nowMs,
        windowMs,
      )
      .one().count;
  }
}

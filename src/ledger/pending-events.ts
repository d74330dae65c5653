/** The written events of a chain that D1 does not have yet, and those that D1 refuses because of their size. */
import type { Bindings } from "../platform/env.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { log, noRequest } from "../platform/log.ts";
import { type Page, pagesOf } from "../platform/pages.ts";
import { nothingPending } from "../platform/telemetry/catalogue.ts";
import { pushMetrics } from "../platform/telemetry/push.ts";
import { setGauge } from "../platform/telemetry/recording.ts";
import { minuteMs } from "../platform/time.ts";
import type { AuditEvent } from "./chain-contract.ts";

/** Rows of the object's storage; `event` is JSON. */
export type PendingPage = Page<{ readonly sequence: number; readonly event: string }>;

/** Consecutive events, one row each, from the sequence of the first on. */
const insert = "INSERT INTO pending_events (sequence, event) SELECT ?1 + key, value FROM json_each(?2)";

const isWaiting = "sequence NOT IN (SELECT sequence FROM refused_events)";

/** The pending events of one organization. Every write goes to storage at once; the caller provides the transaction. */
export class PendingEvents {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS pending_events (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL)");
    sql.exec("CREATE TABLE IF NOT EXISTS refused_events (sequence INTEGER PRIMARY KEY)");
    sql.exec("CREATE TABLE IF NOT EXISTS reported_pending (one INTEGER PRIMARY KEY CHECK (one = 1), since_ms INTEGER)");
  }

  /** Adds events with consecutive sequences. */
  add(events: readonly AuditEvent[]): void {
    // Twice JSON: a row has the text of its event.
    for (const { items, json } of pagesOf(events, (event) => JSON.stringify(JSON.stringify(event)))) {
      this.#sql.exec(insert, items[0]?.sequence, json);
    }
  }

  /** Whether a flush would move any of them. */
  hasWaiting(): boolean {
    return this.#sql.exec(`SELECT 1 FROM pending_events WHERE ${isWaiting} LIMIT 1`).toArray().length > 0;
  }

  /**
   * Sets the gauge of the oldest pending event when it has changed: to one that D1 refuses, or that has waited for over a
   * minute, or to none. Most flushes change nothing, and report nothing.
   *
   * @param gaps JSON of the accepted gaps: an event that is missing with acceptance is no cause for an alert
   */
  async report(env: Pick<Bindings, "METRICS">, organizationId: OrganizationId, nowMs: number, gaps: string) {
    const oldestMs = this.#timeOfFirst("pending_events", gaps);
    const isLate = oldestMs !== null && nowMs - oldestMs > minuteMs;
    const sinceMs = isLate ? oldestMs : this.#timeOfFirst("refused_events", gaps);
    if (sinceMs === this.#reportedMs()) return;
    const value = sinceMs === null ? nothingPending : sinceMs / 1000;
    setGauge("agentidp_ledger_oldest_pending_event_seconds", {}, value, organizationId);
    try {
      await pushMetrics({ env });
      this.#sql.exec("INSERT OR REPLACE INTO reported_pending VALUES (1, ?)", sinceMs);
    } catch (error) {
      log.warn(noRequest, "counts deferred to the next push", { error });
    }
  }

  /** The sequence of the last one; 0 without any. */
  lastSequence(): number {
    return this.#sql.exec<{ last: number }>("SELECT coalesce(max(sequence), 0) AS last FROM pending_events").one().last;
  }

  /** The first page of the events after one sequence, up to another; null without any. Leaves out those that D1 refuses. */
  pageAfter(from: number, last: number, most: number): PendingPage | null {
    // A cursor: only the rows of the page come into memory.
    const rows = this.#sql.exec<{ sequence: number; event: string }>(
      `SELECT sequence, event FROM pending_events WHERE sequence > ? AND sequence <= ? AND ${isWaiting} ORDER BY sequence`,
      from,
      last,
    );
    return pagesOf(rows, ({ event }) => event, most).next().value ?? null;
  }

  /** Marks an event that D1 refuses. It stays as evidence. */
  markRefused(sequence: number): void {
    this.#sql.exec("INSERT OR IGNORE INTO refused_events VALUES (?)", sequence);
  }

  /** Removes events that D1 has. */
  remove(sequences: readonly number[]): void {
    for (const table of ["pending_events", "refused_events"]) {
      this.#sql.exec(
        `DELETE FROM ${table} WHERE sequence IN (SELECT value FROM json_each(?))`,
        JSON.stringify(sequences),
      );
    }
  }

  /** The time of the first event that a table names outside the gaps, in milliseconds since the epoch; null without one. */
  #timeOfFirst(table: "pending_events" | "refused_events", gaps: string): number | null {
    const [first] = this.#sql
      .exec<{ timestamp: string }>(
        `SELECT event ->> 'timestamp' AS timestamp FROM pending_events WHERE sequence = (
           SELECT sequence FROM ${table} WHERE NOT EXISTS (SELECT 1 FROM json_each(?) AS gap
             WHERE sequence BETWEEN gap.value ->> 'fromSequence' AND gap.value ->> 'toSequence')
           ORDER BY sequence LIMIT 1)`,
        gaps,
      )
      .toArray();
    return first ? Date.parse(first.timestamp) : null;
  }

  #reportedMs(): number | null {
    const [row] = this.#sql.exec<{ since_ms: number | null }>("SELECT since_ms FROM reported_pending").toArray();
    return row?.since_ms ?? null;
  }
}

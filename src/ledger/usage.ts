/** The usage of an organization: tokens and calls by UTC day and month, and the last use of each credential. */
import type { CredentialId } from "../platform/ids.ts";
import { pagesOf } from "../platform/pages.ts";
import { dayMs, dayOf } from "../platform/time.ts";
import type { UsageCounts } from "./contract.ts";
import type { Journaled } from "./journal.ts";

/** A count, with its calendar period (UTC). */
export type Metric = "tokens_per_day" | "tokens_per_month" | "calls_per_day" | "calls_per_month";

const isMonthly = (metric: Metric) => metric === "tokens_per_month" || metric === "calls_per_month";

/** The last requested day, cached because the next request is nearly always of the same day. `number` is in days since the epoch. */
let latest = { number: 0, day: "1970-01-01", month: "1970-01" };

/** `2026-11-22` or `2026-11`. */
function periodOf(metric: Metric, nowMs: number): string {
  const number = Math.floor(nowMs / dayMs);
  if (number !== latest.number) {
    const day = dayOf(nowMs);
    latest = { number, day, month: day.slice(0, 7) };
  }
  return isMonthly(metric) ? latest.month : latest.day;
}

/** The UTC day or month of a metric at `nowMs`: its first millisecond, and the first of the next period. */
export function periodAt(metric: Metric, nowMs: number): { readonly startMs: number; readonly endMs: number } {
  const now = new Date(nowMs);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  return isMonthly(metric)
    ? { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) }
    : { startMs: Date.UTC(year, month, day), endMs: Date.UTC(year, month, day + 1) };
}

/** How long counts of past periods are kept. */
const keptMs = 90 * dayMs;

const keyOf = ({ metric, period }: Pick<Count, "metric" | "period">) => `${metric}|${period}`;

const writeCounts = `INSERT OR REPLACE INTO usage
  SELECT value ->> 'metric', value ->> 'period', value ->> 'count' FROM json_each(?)`;

const writeLastUses = "INSERT OR REPLACE INTO last_uses SELECT value ->> 0, value ->> 1 FROM json_each(?)";

interface Count {
  readonly metric: Metric;
  readonly period: string;
  count: number;
  /** `journaled`: the part of the count in the journal. `saved`: the part in the table. */
  journaled: number;
  saved: number;
}

interface UsageChanges {
  readonly counts: readonly Pick<Count, "metric" | "period" | "count">[];
  readonly lastUses: readonly (readonly [CredentialId, atMs: number])[];
}

/** Counts in memory. One commit writes the counts and the events that they count. */
export class Usage implements Journaled<UsageChanges> {
  readonly #sql: SqlStorage;
  readonly #counts = new Map<string, Count>();
  /** `#newUses`: since the last write of the journal. `#lastUses`: since the last write of the table. */
  #newUses = new Map<CredentialId, number>();
  readonly #lastUses = new Map<CredentialId, number>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS usage
      (metric TEXT NOT NULL, period TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (metric, period)) WITHOUT ROWID`);
    sql.exec(
      "CREATE TABLE IF NOT EXISTS last_uses (credential_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
    );
  }

  /** The count of the present period. */
  count(metric: Metric, nowMs: number): number {
    return this.#entry(metric, nowMs).count;
  }

  add(metric: Metric, nowMs: number): void {
    this.#entry(metric, nowMs).count++;
  }

  /** The counts of the present day and month. */
  present(nowMs: number): UsageCounts {
    return {
      callsToday: this.count("calls_per_day", nowMs),
      callsThisMonth: this.count("calls_per_month", nowMs),
      tokensToday: this.count("tokens_per_day", nowMs),
      tokensThisMonth: this.count("tokens_per_month", nowMs),
    };
  }

  /** Records a use of a credential. */
  use(credentialId: CredentialId, nowMs: number): void {
    this.#newUses.set(credentialId, nowMs);
  }

  drain(): UsageChanges | null {
    const changed = [...this.#counts.values()].filter(({ count, journaled }) => count !== journaled);
    const lastUses = [...this.#newUses];
    if (changed.length === 0 && lastUses.length === 0) return null;
    for (const entry of changed) entry.journaled = entry.count;
    for (const [credentialId, atMs] of lastUses) this.#lastUses.set(credentialId, atMs);
    this.#newUses = new Map();
    return { counts: changed.map(({ metric, period, count }) => ({ metric, period, count })), lastUses };
  }

  split({ counts, lastUses }: UsageChanges): readonly UsageChanges[] {
    const pages = [...pagesOf(lastUses)];
    return [
      { counts, lastUses: pages[0]?.items ?? [] },
      ...pages.slice(1).map(({ items }) => ({ counts: [], lastUses: items })),
    ];
  }

  restore({ counts, lastUses }: UsageChanges): void {
    for (const one of counts) this.#counts.set(keyOf(one), { ...one, journaled: one.count, saved: 0 });
    for (const [credentialId, atMs] of lastUses) this.#lastUses.set(credentialId, atMs);
  }

  save(): void {
    const changed = [...this.#counts.values()].filter(({ count, saved }) => count !== saved);
    for (const { json } of pagesOf(changed)) this.#sql.exec(writeCounts, json);
    for (const entry of changed) entry.saved = entry.count;
    for (const { json } of pagesOf(this.#lastUses)) this.#sql.exec(writeLastUses, json);
    this.#lastUses.clear();
  }

  hasPending(): boolean {
    return this.#sql.exec("SELECT 1 FROM last_uses LIMIT 1").toArray().length > 0;
  }

  /** Moves the last uses to the credentials' records in D1. */
  async moveTo(d1: D1Database): Promise<void> {
    const rows = this.#sql
      .exec<{ credential_id: string; at_ms: number }>("SELECT credential_id, at_ms FROM last_uses LIMIT 1000")
      .toArray();
    for (const { items, json } of pagesOf(rows)) {
      await d1
        .prepare(
          `UPDATE credentials SET last_used_at = max(coalesce(last_used_at, 0), used.value ->> 'at_ms')
           FROM json_each(?) AS used WHERE credentials.id = used.value ->> 'credential_id'`,
        )
        .bind(json)
        .run();
      for (const { credential_id, at_ms } of items) {
        this.#sql.exec("DELETE FROM last_uses WHERE credential_id = ? AND at_ms = ?", credential_id, at_ms);
      }
    }
  }

  forgetExpired(nowMs: number): void {
    const day = dayOf(nowMs - keptMs);
    this.#sql.exec("DELETE FROM usage WHERE period < substr(?, 1, length(period))", day);
    for (const [key, entry] of this.#counts)
      if (entry.period < day.slice(0, entry.period.length)) this.#counts.delete(key);
  }

  #entry(metric: Metric, nowMs: number) {
    const period = periodOf(metric, nowMs);
    const known = this.#counts.get(keyOf({ metric, period }));
    if (known) return known;
    const [row] = this.#sql
      .exec<{ count: number }>("SELECT count FROM usage WHERE metric = ? AND period = ?", metric, period)
      .toArray();
    const count = row?.count ?? 0;
    const entry = { metric, period, count, journaled: count, saved: count };
    this.#counts.set(keyOf(entry), entry);
    return entry;
  }
}

/**
 * The one Durable Object that adds up the counts of all isolates. A push is one row in a journal. Every ten seconds the journal
 * is folded into the totals, so that a push does not write every series. The object can handle some hundreds of pushes a second;
 * an isolate pushes about once a second.
 */
import { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../env.ts";
import { dayMs } from "../time.ts";
import type { Batch, MetricsAggregator, Push, Totals } from "./aggregator.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";
import { forgetCalm, packed, unpacked, withinSeriesLimit } from "./totals.ts";

const foldAfterMs = 10_000;
/** How long the last batch of a silent isolate is remembered, since the isolate could repeat it. */
const isolateKeptMs = dayMs;

type Kind = keyof Tally;
const kinds: readonly Kind[] = ["counters", "histograms", "gauges"];

export class MetricsHub extends DurableObject<Bindings> implements MetricsAggregator {
  readonly #sql: SqlStorage;
  readonly #totals: Tally = emptyTally();
  /** The counts in the journal, which the stored totals do not have yet. */
  #unfolded: Tally = emptyTally();
  #lastPushMs: number | null;
  #alarmSet = false;

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS totals
      (kind TEXT NOT NULL, series TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, series)) WITHOUT ROWID`);
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS journal
      (isolate TEXT NOT NULL, sequence INTEGER NOT NULL, tally TEXT NOT NULL, at_ms INTEGER NOT NULL,
       PRIMARY KEY (isolate, sequence)) WITHOUT ROWID`);
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS isolates (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID",
    );
    for (const { kind, series, value } of this.#sql.exec<{ kind: Kind; series: string; value: string }>(
      "SELECT kind, series, value FROM totals",
    )) {
      this.#totals[kind].set(series, JSON.parse(value));
    }
    for (const { tally } of this.#sql.exec<{ tally: string }>("SELECT tally FROM journal ORDER BY at_ms, sequence")) {
      this.#take(unpacked(tally));
    }
    this.#lastPushMs = this.#sql
      .exec<{ at_ms: number | null }>(
        "SELECT max(at_ms) AS at_ms FROM (SELECT at_ms FROM journal UNION ALL SELECT at_ms FROM isolates)",
      )
      .one().at_ms;
  }

  async add(push: Push): Promise<void> {
    const nowMs = Date.now();
    for (const batch of push.batches) this.#addOnce(push.isolate, batch, nowMs);
  }

  async collect(push: Push): Promise<Totals> {
    await this.add(push);
    return { tally: this.#totals, lastPushMs: this.#lastPushMs };
  }

  override async alarm(): Promise<void> {
    this.#alarmSet = false;
    const nowMs = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const kind of kinds) {
        for (const series of this.#unfolded[kind].keys()) {
          const value = this.#totals[kind].get(series);
          if (value === undefined) this.#sql.exec("DELETE FROM totals WHERE kind = ? AND series = ?", kind, series);
          else this.#sql.exec("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", kind, series, JSON.stringify(value));
        }
      }
      this.#sql.exec(`INSERT OR REPLACE INTO isolates
        SELECT isolate, max(sequence), max(at_ms) FROM journal GROUP BY isolate`);
      this.#sql.exec("DELETE FROM journal");
      this.#sql.exec("DELETE FROM isolates WHERE at_ms < ?", nowMs - isolateKeptMs);
    });
    this.#unfolded = emptyTally();
  }

  #addOnce(isolate: string, { sequence, tally }: Batch, nowMs: number): void {
    const { repeated } = this.#sql
      .exec<{ repeated: number }>(
        `SELECT EXISTS (SELECT 1 FROM journal WHERE isolate = ?1 AND sequence >= ?2)
           OR EXISTS (SELECT 1 FROM isolates WHERE id = ?1 AND sequence >= ?2) AS repeated`,
        isolate,
        sequence,
      )
      .one();
    if (repeated) return;
    const within = withinSeriesLimit(tally, this.#totals);
    this.#sql.exec("INSERT INTO journal VALUES (?, ?, ?, ?)", isolate, sequence, packed(within), nowMs);
    this.#take(within);
    this.#lastPushMs = nowMs;
    if (this.#alarmSet) return;
    this.#alarmSet = true;
    // Not awaited: the runtime writes it with the row above.
    void this.ctx.storage.setAlarm(nowMs + foldAfterMs);
  }

  #take(tally: Tally): void {
    addTally(this.#totals, tally);
    addTally(this.#unfolded, tally);
    forgetCalm(this.#totals, tally.gauges.keys());
  }
}

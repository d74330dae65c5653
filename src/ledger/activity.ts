/**
 * Activity for the analytics: tokens by hour and by agent, calls by hour and by route. One commit writes the event and its count. A flush
 * writes totals to D1, not increments, so it may be repeated.
 */
import type { AgentId, OrganizationId } from "../platform/ids.ts";
import { pagesOf } from "../platform/pages.ts";
import { dayMs, dayOf } from "../platform/time.ts";
import type { AnsweredCalls } from "./contract.ts";
import type { Journaled } from "./journal.ts";

/** The object keeps the buckets of this many last days after the flush, because they may still grow. */
const keptDays = 2;

const hourOf = (ms: number) => new Date(ms).getUTCHours();

type Bucket = Readonly<Record<string, string | number>> & { readonly day: string };
type Row = Record<string, string | number>;

/** One statement for D1, and what the object does after D1 has run it. */
interface Move {
  readonly statement: D1PreparedStatement;
  readonly arrived: () => void;
}

/** A bucket's columns, and the increment of its count. */
interface Staged {
  readonly values: readonly (string | number)[];
  readonly count: number;
}

function addTo(buckets: Map<string, Staged>, { values, count }: Staged): void {
  const key = JSON.stringify(values);
  buckets.set(key, { values, count: count + (buckets.get(key)?.count ?? 0) });
}

/** One kind of count. Its table has the same name here and in D1. */
class RollUp<B extends Bucket> {
  readonly #sql: SqlStorage;
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #upsert: string;
  /** `#staged`: counts since the last write of the journal. `#unsaved`: counts since the last write of the table. */
  #staged = new Map<string, Staged>();
  readonly #unsaved = new Map<string, Staged>();

  /** @param columns the columns of a bucket's key, with their SQL types */
  constructor(sql: SqlStorage, name: string, columns: Readonly<Record<keyof B & string, "TEXT" | "INTEGER">>) {
    this.#sql = sql;
    this.#name = name;
    this.#columns = Object.keys(columns);
    // The columns, the count, and the part of the count that D1 has.
    const values = [...this.#columns, "count", "flushed"].map((_, index) => `value ->> ${index}`);
    this.#upsert = `INSERT INTO ${name} SELECT ${values} FROM json_each(?) WHERE true
      ON CONFLICT DO UPDATE SET count = count + excluded.count`;
    const typed = Object.entries(columns).map(([column, type]) => `${column} ${type} NOT NULL`);
    sql.exec(`CREATE TABLE IF NOT EXISTS ${name} (${typed}, count INTEGER NOT NULL, flushed INTEGER NOT NULL,
      PRIMARY KEY (${this.#columns})) WITHOUT ROWID`);
  }

  add(bucket: B, count: number): void {
    const values = this.#columns.map((column) => bucket[column] ?? "");
    addTo(this.#staged, { values, count });
  }

  drain(): readonly Staged[] {
    const staged = [...this.#staged.values()];
    this.#staged = new Map();
    this.restore(staged);
    return staged;
  }

  restore(staged: readonly Staged[]): void {
    for (const one of staged) addTo(this.#unsaved, one);
  }

  save(): void {
    const rows = [...this.#unsaved.values()].map(({ values, count }) => [...values, count, 0]);
    for (const { json } of pagesOf(rows)) this.#sql.exec(this.#upsert, json);
    this.#unsaved.clear();
  }

  hasPending(): boolean {
    return this.#sql.exec(`SELECT 1 FROM ${this.#name} WHERE count > flushed LIMIT 1`).toArray().length > 0;
  }

  /** The present counts that D1 does not have. D1 never lowers a count, because a later flush may arrive before an earlier one. */
  moves(d1: D1Database, organizationId: OrganizationId): Move[] {
    const rows = this.#sql
      .exec<Row>(`SELECT ${this.#columns}, count FROM ${this.#name} WHERE count > flushed`)
      .toArray();
    const sent = (column: string) => `sent.value ->> '${column}'`;
    const upsert = `INSERT INTO ${this.#name} (organization_id, ${this.#columns}, count)
      SELECT ?1, ${this.#columns.map(sent)}, ${sent("count")} FROM json_each(?2) AS sent WHERE true
      ON CONFLICT DO UPDATE SET count = max(count, excluded.count)`;
    const mark = `UPDATE ${this.#name} SET flushed = max(flushed, ${sent("count")}) FROM json_each(?) AS sent
      WHERE ${this.#columns.map((column) => `${this.#name}.${column} = ${sent(column)}`).join(" AND ")}`;
    return [...pagesOf(rows)].map(({ json }) => ({
      statement: d1.prepare(upsert).bind(organizationId, json),
      arrived: () => void this.#sql.exec(mark, json),
    }));
  }

  async resumeFrom(d1: D1Database, organizationId: OrganizationId, fromDay: string): Promise<void> {
    const { results } = await d1
      .prepare(`SELECT ${this.#columns}, count FROM ${this.#name} WHERE organization_id = ? AND day >= ?`)
      .bind(organizationId, fromDay)
      .all<Row>();
    for (const row of results) {
      const values = [...this.#columns, "count", "count"].map((column) => row[column]);
      this.#sql.exec(`INSERT OR IGNORE INTO ${this.#name} VALUES (${values.map(() => "?")})`, ...values);
    }
  }

  forgetBefore(day: string): void {
    this.#sql.exec(`DELETE FROM ${this.#name} WHERE day < ? AND count = flushed`, day);
  }
}

/** The counts behind the analytics of one organization. */
export class Activity implements Journaled<readonly (readonly Staged[])[]> {
  readonly #tokensByHour: RollUp<{ day: string; hour: number }>;
  readonly #tokensByAgent: RollUp<{ day: string; agent_id: AgentId }>;
  readonly #callsByRoute: RollUp<{ day: string; route: string; status_class: AnsweredCalls["statusClass"] }>;
  readonly #callsByHour: RollUp<{ day: string; hour: number }>;
  readonly #all: readonly Omit<RollUp<Bucket>, "add">[];

  constructor(sql: SqlStorage) {
    this.#tokensByHour = new RollUp(sql, "tokens_by_hour", { day: "TEXT", hour: "INTEGER" });
    this.#tokensByAgent = new RollUp(sql, "tokens_by_agent", { day: "TEXT", agent_id: "TEXT" });
    this.#callsByRoute = new RollUp(sql, "calls_by_route", { day: "TEXT", route: "TEXT", status_class: "TEXT" });
    this.#callsByHour = new RollUp(sql, "calls_by_hour", { day: "TEXT", hour: "INTEGER" });
    // The journal has them by their position: a new one goes to the end.
    this.#all = [this.#tokensByHour, this.#tokensByAgent, this.#callsByRoute, this.#callsByHour];
  }

  /**
   * Counts a token.
   *
   * @param agentId the client that received it
   * @param issuedAtMs the time of its audit event, so that event and count have the same day and hour
   */
  addToken(agentId: AgentId, issuedAtMs: number): void {
    const day = dayOf(issuedAtMs);
    this.#tokensByHour.add({ day, hour: hourOf(issuedAtMs) }, 1);
    this.#tokensByAgent.add({ day, agent_id: agentId }, 1);
  }

  /** Counts an accepted call. */
  addCall(atMs: number): void {
    this.#callsByHour.add({ day: dayOf(atMs), hour: hourOf(atMs) }, 1);
  }

  /**
   * Counts the calls, by route, of yesterday, today and tomorrow; a clock that is ahead reports tomorrow. Drops all others, because the
   * object may have removed their bucket.
   */
  addCalls(calls: readonly AnsweredCalls[], nowMs: number): void {
    const countable = [nowMs - dayMs, nowMs, nowMs + dayMs].map(dayOf);
    for (const { day, route, statusClass, count } of calls) {
      if (countable.includes(day) && count > 0) {
        this.#callsByRoute.add({ day, route, status_class: statusClass }, count);
      }
    }
  }

  drain(): readonly (readonly Staged[])[] | null {
    const drained = this.#all.map((rollUp) => rollUp.drain());
    return drained.some((buckets) => buckets.length > 0) ? drained : null;
  }

  split(changes: readonly (readonly Staged[])[]): readonly (readonly (readonly Staged[])[])[] {
    const pages = changes.map((buckets) => [...pagesOf(buckets)]);
    const most = Math.max(...pages.map(({ length }) => length));
    return Array.from({ length: most }, (_, row) => pages.map((ofRollUp) => ofRollUp[row]?.items ?? []));
  }

  restore(changes: readonly (readonly Staged[])[]): void {
    for (const [index, rollUp] of this.#all.entries()) rollUp.restore(changes[index] ?? []);
  }

  save(): void {
    for (const rollUp of this.#all) rollUp.save();
  }

  /** Whether there are written counts that D1 does not have. */
  hasPending(): boolean {
    return this.#all.some((rollUp) => rollUp.hasPending());
  }

  /** Writes the counts to D1, all of them or none. May run several times at once, and again after a crash. */
  async moveTo(d1: D1Database, organizationId: OrganizationId): Promise<void> {
    const moves = this.#all.flatMap((rollUp) => rollUp.moves(d1, organizationId));
    if (moves.length === 0) return;
    await d1.batch(moves.map(({ statement }) => statement));
    for (const { arrived } of moves) arrived();
  }

  /** Loads the counts from D1. An object that has lost its storage needs it; its counts would otherwise begin at zero. */
  async resumeFrom(d1: D1Database, organizationId: OrganizationId, nowMs: number): Promise<void> {
    const fromDay = dayOf(nowMs - dayMs);
    await Promise.all(this.#all.map((rollUp) => rollUp.resumeFrom(d1, organizationId, fromDay)));
  }

  /** Removes the buckets that D1 has and that no longer grow. */
  forgetExpired(nowMs: number): void {
    for (const rollUp of this.#all) rollUp.forgetBefore(dayOf(nowMs - keptDays * dayMs));
  }
}

/** The audit chain of one organization: every event names the hash of the one before it. */
import type { DomainEvent } from "../events/catalogue.ts";
import { withoutAddresses } from "../events/personal.ts";
import { sha256Hex } from "../platform/crypto/canonical-json.ts";
import type { OrganizationId } from "../platform/ids.ts";
import { log, noRequest } from "../platform/log.ts";
import { isTooBig, mostItems } from "../platform/pages.ts";
import { dayMs, isoOf } from "../platform/time.ts";
import { AcceptedGaps } from "./accepted-gaps.ts";
import { canonicalEvent } from "./canonical-event.ts";
import type { AuditEvent, ChainHead } from "./chain-contract.ts";
import { Checkpoints } from "./checkpoints.ts";
import { HandingOn } from "./handing-on.ts";
import { PendingEvents, type PendingPage } from "./pending-events.ts";

/** The `previousHash` of event number 1. */
export const genesisHash = "0".repeat(64);

/** SHA-256, in hex, over the RFC 8785 form of all fields but `hash`. */
export function hashOf(event: Omit<AuditEvent, "hash">): string {
  return sha256Hex(canonicalEvent(event));
}

function linked(event: DomainEvent, head: ChainHead): AuditEvent {
  const unhashed = {
    eventId: event.id,
    sequence: head.sequence + 1,
    organizationId: event.organizationId,
    agentId: event.agentId,
    action: event.action,
    outcome: event.outcome,
    actor: withoutAddresses(event.actor),
    target: event.target,
    details: withoutAddresses(event.details),
    timestamp: isoOf(event.occurredAtMs),
    previousHash: head.hash,
  };
  try {
    return { ...unhashed, hash: hashOf(unhashed) };
  } catch {
    // RFC 8785 has no form for half a surrogate pair. The half becomes U+FFFD, so that the event is not lost.
    const mended = JSON.parse(JSON.stringify(unhashed), (_, value) =>
      typeof value === "string" ? value.toWellFormed() : value,
    ) as typeof unhashed;
    return { ...mended, hash: hashOf(mended) };
  }
}

const insertEvents = `INSERT OR IGNORE INTO audit_events (organization_id, sequence, event_id, agent_id, action, outcome, actor,
    target, details, timestamp, previous_hash, hash)
  SELECT value ->> 'organizationId', value ->> 'sequence', value ->> 'eventId', value ->> 'agentId', value ->> 'action',
    value ->> 'outcome', value -> 'actor', value ->> 'target', value -> 'details',
    CAST(round((julianday(value ->> 'timestamp') - 2440587.5) * 86400000) AS INTEGER), value ->> 'previousHash', value ->> 'hash'
  FROM json_each(?)`;

const selectConflicts = `SELECT sent.value ->> 'sequence' AS sequence FROM json_each(?) AS sent
  LEFT JOIN audit_events AS stored
    ON stored.organization_id = sent.value ->> 'organizationId' AND stored.sequence = sent.value ->> 'sequence'
  WHERE stored.event_id IS NOT sent.value ->> 'eventId'`;

const selectLast = `SELECT * FROM (SELECT sequence, hash, event_id FROM audit_events
    WHERE organization_id = ?1 ORDER BY sequence DESC LIMIT 1)
  UNION ALL SELECT * FROM (SELECT sequence, hash, event_id FROM audit_checkpoints
    WHERE organization_id = ?1 ORDER BY sequence DESC LIMIT 1)
  ORDER BY sequence DESC LIMIT 1`;

/** How long the ids of relayed events are kept. The Cron Trigger relays an event within minutes. */
const relayedKeptMs = 30 * dayMs;

/** Appends events, and moves them to D1. */
export class Chain {
  readonly checkpoints: Checkpoints;
  readonly pending: PendingEvents;
  readonly gaps: AcceptedGaps;
  readonly handingOn: HandingOn;
  readonly #sql: SqlStorage;
  #head: ChainHead;
  #staged: AuditEvent[] = [];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.checkpoints = new Checkpoints(sql);
    this.pending = new PendingEvents(sql);
    this.gaps = new AcceptedGaps(sql);
    this.handingOn = new HandingOn(sql);
    sql.exec(`CREATE TABLE IF NOT EXISTS chain_head
      (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, hash TEXT NOT NULL, event_id TEXT)`);
    sql.exec(
      "CREATE TABLE IF NOT EXISTS relayed_events (event_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
    );
    const [row] = sql
      .exec<{ sequence: number; hash: string; event_id: string | null }>(
        "SELECT sequence, hash, event_id FROM chain_head",
      )
      .toArray();
    this.#head = row
      ? { sequence: row.sequence, hash: row.hash, eventId: row.event_id }
      : { sequence: 0, hash: genesisHash, eventId: null };
  }

  /** Whether this object has ever written an event. */
  get isNew(): boolean {
    return this.#head.sequence === 0;
  }

  /**
   * Continues the chain from its last event in D1. An object that has lost its storage needs it; otherwise it would begin a
   * second chain over the first. A checkpoint counts as the event that it names. That event may be missing because its
   * retention has ended, or because an attacker has deleted the end of the log; the gap then shows the deletion.
   */
  async resumeFrom(d1: D1Database, organizationId: OrganizationId): Promise<void> {
    const last = await d1
      .prepare(selectLast)
      .bind(organizationId)
      .first<{ sequence: number; hash: string; event_id: string }>();
    if (!last) return;
    this.#head = { sequence: last.sequence, hash: last.hash, eventId: last.event_id };
    await this.checkpoints.resumeFrom(d1, organizationId);
    await this.gaps.resumeFrom(d1, organizationId);
  }

  /** The last event, staged ones included. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Stages an event; `write` makes it durable. */
  append(event: DomainEvent): void {
    const entry = linked(event, this.#head);
    this.#head = { sequence: entry.sequence, hash: entry.hash, eventId: entry.eventId };
    this.#staged.push(entry);
  }

  /** Like `append`, for an event that the relay may deliver more than once. Appends it the first time only, and returns whether it was new. */
  appendOnce(event: DomainEvent): boolean {
    const inserted = this.#sql.exec(
      "INSERT OR IGNORE INTO relayed_events (event_id, at_ms) VALUES (?, ?)",
      event.id,
      event.occurredAtMs,
    );
    if (inserted.rowsWritten === 0) return false;
    this.append(event);
    return true;
  }

  /** Writes the staged events; the caller provides the transaction. */
  write(): void {
    if (this.#staged.length === 0) return;
    this.pending.add(this.#staged);
    for (const event of this.#staged) this.checkpoints.note(event);
    this.gaps.write();
    const { sequence, hash, eventId } = this.#head;
    this.#sql.exec(
      "INSERT OR REPLACE INTO chain_head (one, sequence, hash, event_id) VALUES (1, ?, ?, ?)",
      sequence,
      hash,
      eventId,
    );
    this.#staged = [];
  }

  /**
   * Moves written events to D1, oldest first. May run several times at once, and again after a crash: it does not change an
   * event that D1 has. When D1 has another row with the same sequence, the event stays in the object as evidence, and
   * verification finds the row. A page that D1 refuses as too big is halved. An event that D1 refuses alone is marked and
   * passed by, so that it does not block the events after it.
   *
   * @returns whether it has inserted any of them into the outbox
   */
  async moveTo(d1: D1Database, organizationId: OrganizationId): Promise<boolean> {
    let handedOn = false;
    const last = this.pending.lastSequence();
    let most = mostItems;
    for (let from = 0; from < last; ) {
      const page = this.pending.pageAfter(from, last, most);
      const end = page?.items.at(-1);
      if (!page || !end) break;
      try {
        handedOn = (await this.#movePage(d1, organizationId, page)) || handedOn;
        most = Math.min(mostItems, most * 2);
      } catch (error) {
        if (!isTooBig(error)) throw error;
        const { length } = page.items;
        most = Math.ceil(length / 2);
        if (length > 1) continue;
        this.pending.markRefused(end.sequence);
        log.error(noRequest, "D1 refuses an audit event as too big", { organizationId, sequence: end.sequence });
      }
      from = end.sequence;
    }
    return handedOn;
  }

  /** Removes the ids of old relayed events. The outbox does not have these events any more. */
  forgetExpired(nowMs: number): void {
    this.#sql.exec("DELETE FROM relayed_events WHERE at_ms < ?", nowMs - relayedKeptMs);
  }

  async #movePage(d1: D1Database, organizationId: OrganizationId, { items, json }: PendingPage): Promise<boolean> {
    const sequences = items.map(({ sequence }) => sequence);
    const [start = 0, end = start] = [sequences[0], sequences.at(-1)];
    const handingOn = this.handingOn.of(d1, organizationId, start, end);
    const [, found, handed, wanted] = await d1.batch<{ sequence: number }>([
      d1.prepare(insertEvents).bind(json),
      d1.prepare(selectConflicts).bind(json),
      ...handingOn.statements,
      this.checkpoints.marking(d1, organizationId, end, this.#head, this.gaps.json),
    ]);
    handingOn.learn(wanted?.results[0]);
    const conflicts = found?.results.map((row) => row.sequence) ?? [];
    this.pending.remove(sequences.filter((sequence) => !conflicts.includes(sequence)));
    if (conflicts.length > 0) {
      log.error(noRequest, "D1 holds other audit events in these places", { organizationId, sequences: conflicts });
    }
    return (handed?.meta.changes ?? 0) > 0;
  }
}

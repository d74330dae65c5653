/**
 * The positions of the audit chain that must be signed, when, and the position after which the chain must be complete. The
 * ledger holds no signing keys: the scheduled task reads what is due, signs it, and records that here.
 */
import type { OrganizationId } from "../platform/ids.ts";
import { hourMs } from "../platform/time.ts";
import { gapAccepted } from "./accepted-gaps.ts";
import type { AuditEvent, ChainHead } from "./chain-contract.ts";

/** One of this many events is signed, at any rate of events. */
const interval = 10_000;
/** A chain that grows is signed at least this often. */
const longestMs = hourMs;

/** `checkpoint_due_at` in D1 for a position that is due already. */
const atOnce = 0;

/** A later flush may arrive before an earlier one. A flush without a due checkpoint does not clear `checkpoint_due_at`. */
const mark = `INSERT INTO audit_chains (organization_id, sequence, checkpoint_due_at, anchor_sequence, gaps) VALUES (?1, ?2, ?3, 0, ?4)
  ON CONFLICT (organization_id) DO UPDATE SET sequence = max(sequence, excluded.sequence),
    gaps = CASE WHEN excluded.sequence >= sequence THEN excluded.gaps ELSE gaps END,
    checkpoint_due_at = coalesce(min(checkpoint_due_at, excluded.checkpoint_due_at), checkpoint_due_at, excluded.checkpoint_due_at)`;

type SignedFacts = ChainHead & Pick<AuditEvent, "timestamp" | "action">;

type Extent = {
  /** The last event that is signed; 0 for none. */
  checkpoint_sequence: number;
  /** The time of that signature; before the first one, the time of the first event. */
  checkpoint_ms: number;
  /** Events up to this one may be missing from D1, because their retention has ended; 0 for none. */
  anchor_sequence: number;
};

/** The checkpoints of one organization's chain. Every write goes to storage at once; the caller provides the transaction. */
export class Checkpoints {
  readonly #sql: SqlStorage;
  #extent: Extent | null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS chain_extent (one INTEGER PRIMARY KEY CHECK (one = 1),
      checkpoint_sequence INTEGER NOT NULL, checkpoint_ms INTEGER NOT NULL, anchor_sequence INTEGER NOT NULL)`);
    sql.exec(`CREATE TABLE IF NOT EXISTS due_checkpoints
      (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, event_id TEXT NOT NULL)`);
    const [row] = sql
      .exec<Extent>("SELECT checkpoint_sequence, checkpoint_ms, anchor_sequence FROM chain_extent")
      .toArray();
    this.#extent = row ?? null;
  }

  /** Events up to this one may be missing from D1. */
  get anchorSequence(): number {
    return this.#extent?.anchor_sequence ?? 0;
  }

  /** Loads the state from D1, for an object that has lost its storage. */
  async resumeFrom(d1: D1Database, organizationId: OrganizationId): Promise<void> {
    const row = await d1
      .prepare(
        `SELECT checkpoint.sequence AS checkpoint_sequence, checkpoint.timestamp AS checkpoint_ms, chain.anchor_sequence
         FROM audit_chains AS chain JOIN audit_checkpoints AS checkpoint USING (organization_id)
         WHERE organization_id = ? ORDER BY checkpoint.sequence DESC LIMIT 1`,
      )
      .bind(organizationId)
      .first<Extent>();
    if (row) this.#write(row);
  }

  /** Records an event with the write of that event. */
  note({ sequence, hash, eventId, timestamp, action }: SignedFacts): void {
    if (!this.#extent) {
      this.#write({ checkpoint_sequence: 0, checkpoint_ms: Date.parse(timestamp), anchor_sequence: 0 });
    }
    if (sequence % interval === 0 || action === gapAccepted) {
      this.#sql.exec("INSERT OR IGNORE INTO due_checkpoints VALUES (?, ?, ?)", sequence, hash, eventId);
    }
  }

  /**
   * The positions to sign now, oldest first.
   *
   * @param renew adds the end of the chain even when it is not due
   */
  due(head: ChainHead, nowMs: number, renew: boolean): ChainHead[] {
    const waiting = this.#waiting();
    const dueAtMs = this.#headDueAtMs(head);
    const headIsDue = renew ? head.sequence > 0 : dueAtMs !== null && dueAtMs <= nowMs;
    return headIsDue && waiting.at(-1)?.sequence !== head.sequence ? [...waiting, head] : waiting;
  }

  /** Records that the chain is signed up to an event. */
  made(sequence: number, nowMs: number): void {
    this.#sql.exec("DELETE FROM due_checkpoints WHERE sequence <= ?", sequence);
    const known = this.#extent;
    if (!known || sequence <= known.checkpoint_sequence) return;
    this.#write({ ...known, checkpoint_sequence: sequence, checkpoint_ms: nowMs });
  }

  /** When the next checkpoint is due, in milliseconds since the epoch; null while nothing is unsigned. */
  nextDueAtMs(head: ChainHead): number | null {
    return this.#waiting().length > 0 ? atOnce : this.#headDueAtMs(head);
  }

  /** Records that events up to this one may be removed from D1. */
  anchorAt(sequence: number): void {
    if (this.#extent) this.#write({ ...this.#extent, anchor_sequence: Math.max(sequence, this.anchorSequence) });
  }

  /** The statement that writes to D1 the last sequence there, the time of the next checkpoint, and the accepted gaps. */
  marking(d1: D1Database, organizationId: OrganizationId, sequence: number, head: ChainHead, gaps: string) {
    return d1.prepare(mark).bind(organizationId, sequence, this.nextDueAtMs(head), gaps);
  }

  #waiting(): ChainHead[] {
    return this.#sql
      .exec<{ sequence: number; hash: string; event_id: string }>(
        "SELECT sequence, hash, event_id FROM due_checkpoints ORDER BY sequence",
      )
      .toArray()
      .map(({ sequence, hash, event_id }) => ({ sequence, hash, eventId: event_id }));
  }

  #headDueAtMs(head: ChainHead): number | null {
    const known = this.#extent;
    return known && head.sequence > known.checkpoint_sequence ? known.checkpoint_ms + longestMs : null;
  }

  #write(extent: Extent): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO chain_extent VALUES (1, ?, ?, ?)",
      extent.checkpoint_sequence,
      extent.checkpoint_ms,
      extent.anchor_sequence,
    );
    this.#extent = extent;
  }
}

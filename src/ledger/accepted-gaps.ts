/**
 * The gaps of the audit chain that an admin of the operator has accepted, such as one that a restore of D1 has left. The ledger
 * keeps them, so that whoever changes the database cannot add one.
 */
import type { OrganizationId } from "../platform/ids.ts";
import type { AcceptedGap, Gap } from "./chain-contract.ts";

/** The event that names an accepted gap. It is signed at once. */
export const gapAccepted = "audit.gap_accepted";

const isSame = (one: Gap, other: Gap) => one.fromSequence === other.fromSequence && one.toSequence === other.toSequence;

/** The accepted gaps of one organization, which are few. The chain writes them with the events that name them. */
export class AcceptedGaps {
  readonly #sql: SqlStorage;
  #all: readonly AcceptedGap[] = [];
  #isStaged = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS accepted_gaps (one INTEGER PRIMARY KEY CHECK (one = 1), gaps TEXT NOT NULL)");
    const [row] = sql.exec<{ gaps: string }>("SELECT gaps FROM accepted_gaps").toArray();
    if (row) this.#all = JSON.parse(row.gaps);
  }

  /** In the order of their acceptance. */
  get all(): readonly AcceptedGap[] {
    return this.#all;
  }

  /** The form in which D1 has them. */
  get json(): string {
    return JSON.stringify(this.#all);
  }

  /** The acceptance of a gap of this extent. */
  find(gap: Gap): AcceptedGap | undefined {
    return this.#all.find((known) => isSame(known, gap));
  }

  /** Stages a gap, or another event for one that is known; `write` makes it durable. */
  set(gap: AcceptedGap): void {
    const isKnown = this.find(gap) !== undefined;
    this.#all = isKnown ? this.#all.map((known) => (isSame(known, gap) ? gap : known)) : [...this.#all, gap];
    this.#isStaged = true;
  }

  /** Writes what is staged; the caller provides the transaction. */
  write(): void {
    if (!this.#isStaged) return;
    this.#sql.exec("INSERT OR REPLACE INTO accepted_gaps VALUES (1, ?)", this.json);
    this.#isStaged = false;
  }

  /** Loads the gaps from D1, for an object that has lost its storage. */
  async resumeFrom(d1: D1Database, organizationId: OrganizationId): Promise<void> {
    const json = await d1
      .prepare("SELECT gaps FROM audit_chains WHERE organization_id = ? AND json_type(gaps) = 'array'")
      .bind(organizationId)
      .first<string>("gaps");
    if (json === null) return;
    this.#all = JSON.parse(json);
    this.#isStaged = true;
  }
}

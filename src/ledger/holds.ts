/** The changes in progress. Each hold has the id of its change, so that no other change releases it. */
import { holdMs } from "../events/hold.ts";
import type { AgentId, HoldId } from "../platform/ids.ts";
import type { HeldTarget, SignInTarget } from "./contract.ts";
import type { Revocations } from "./revocations.ts";

/** What a hold is for: a revocation, another change of an agent (null: of the organization), or a change of a resource. */
export type Held =
  | HeldTarget
  | { readonly kind: "change"; readonly agentId: AgentId | null }
  | { readonly kind: "resources" };

interface Hold {
  readonly sinceMs: number;
  /** A change can revoke several targets. */
  readonly targets: readonly Held[];
}

/** The agent whose record a change changes; null: the record of the organization; undefined: neither. */
export function agentOf(target: Held): AgentId | null | undefined {
  if (target.kind === "resources") return undefined;
  return target.kind === "organization" ? null : target.agentId;
}

/** Whether the hold of one target refuses the other. */
function refuses(held: Held, target: SignInTarget): boolean {
  if (held.kind === "organization") return target.kind === "organization";
  if (held.kind === "agent") return target.kind === "agent" && held.agentId === target.agentId;
  return held.kind === "credential" && target.kind === "credential" && held.credentialId === target.credentialId;
}

/** The holds of one organization. There are few at a time: one for each change that D1 is writing. */
export class Holds {
  readonly #sql: SqlStorage;
  readonly #revocations: Pick<Revocations, "cutOff">;
  readonly #holds = new Map<HoldId, Hold>();

  constructor(sql: SqlStorage, revocations: Pick<Revocations, "cutOff">) {
    this.#sql = sql;
    this.#revocations = revocations;
    // Holds of an earlier version. They had no id.
    sql.exec("DROP TABLE IF EXISTS holds");
    sql.exec(`CREATE TABLE IF NOT EXISTS change_holds
      (id TEXT PRIMARY KEY, since_ms INTEGER NOT NULL, targets TEXT NOT NULL) WITHOUT ROWID`);
    const rows = sql.exec<{ id: HoldId; since_ms: number; targets: string }>(
      "SELECT id, since_ms, targets FROM change_holds",
    );
    for (const row of rows)
      this.#holds.set(row.id, { sinceMs: row.since_ms, targets: JSON.parse(row.targets) as Held[] });
  }

  /** Sets a hold. A repeated call begins its time anew. */
  set(id: HoldId, targets: readonly Held[], nowMs: number): void {
    this.#holds.set(id, { sinceMs: nowMs, targets });
    this.#sql.exec(
      "INSERT OR REPLACE INTO change_holds (id, since_ms, targets) VALUES (?, ?, ?)",
      id,
      nowMs,
      JSON.stringify(targets),
    );
  }

  /** Whether a change of the agent or of the organization is in progress. */
  has(agentId: AgentId): boolean {
    return this.#some((target) => agentOf(target) === null || agentOf(target) === agentId);
  }

  /** Whether a change of a resource or of the organization that owns them is in progress. */
  hasResources(): boolean {
    return this.#some((target) => target.kind === "resources" || agentOf(target) === null);
  }

  /** Whether the revocation of the target is in progress. */
  refuses(target: SignInTarget): boolean {
    return this.#some((held) => refuses(held, target));
  }

  /**
   * Ends a hold, because its change is complete.
   *
   * @param written whether the change is in D1. A revocation then ends also what was issued while D1 did not have it
   * @returns its targets; none when there is no such hold
   */
  release(id: HoldId, written: boolean, nowMs: number): readonly Held[] {
    const hold = this.#holds.get(id);
    if (!hold) return [];
    for (const target of written ? hold.targets : []) {
      if (target.kind !== "change" && target.kind !== "resources") this.#revocations.cutOff(target, nowMs);
    }
    this.#holds.delete(id);
    this.#sql.exec("DELETE FROM change_holds WHERE id = ?", id);
    return hold.targets;
  }

  /** Ends the holds whose deadline has passed: their changes may be in D1. Returns their targets. */
  releaseExpired(nowMs: number): readonly Held[] {
    const expired = [...this.#holds].filter(([, { sinceMs }]) => sinceMs + holdMs < nowMs);
    return expired.flatMap(([id]) => this.release(id, true, nowMs));
  }

  #some(matches: (target: Held) => boolean): boolean {
    for (const { targets } of this.#holds.values()) if (targets.some(matches)) return true;
    return false;
  }
}

/** The part of the ledger's contract that is about its audit chain. */
import type { Actor, JsonValue } from "../events/catalogue.ts";
import type { AgentId, EventId, OrganizationId } from "../platform/ids.ts";

/** An event of the audit log. It has this form on the wire, and the hash covers this form. */
export interface AuditEvent {
  readonly eventId: EventId;
  /** From 1, without gaps, in one organization. */
  readonly sequence: number;
  readonly organizationId: OrganizationId;
  readonly agentId: AgentId | null;
  readonly action: string;
  readonly outcome: "success" | "failure";
  readonly actor: Actor;
  readonly target: string | null;
  readonly details: { readonly [key: string]: JsonValue };
  /** ISO 8601, UTC, milliseconds. */
  readonly timestamp: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** The end of an audit chain, or another position in it. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
  readonly eventId: string | null;
}

/** Consecutive events that D1 does not have, and the hashes on both sides of them. */
export interface Gap {
  readonly fromSequence: number;
  readonly toSequence: number;
  /** The hash of the event before the first missing one. */
  readonly previousHash: string;
  /** The hash of the last missing one. The event after the gap names it. */
  readonly lastHash: string;
}

/** A gap with which the chain is verified nevertheless, because an admin of the operator has accepted it. */
export interface AcceptedGap extends Gap {
  readonly reason: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly acceptedAt: string;
  readonly acceptedBy: AgentId | null;
  /** The event of the chain that names the gap. */
  readonly eventId: EventId;
  readonly sequence: number;
}

/** The state of the chain in its ledger. */
export interface ChainState extends ChainHead {
  /** Events up to this one may be missing from D1, because their retention has ended; 0 for none. */
  readonly anchorSequence: number;
  /** All gaps that were ever accepted, in the order of their acceptance. */
  readonly gaps: readonly AcceptedGap[];
}

/** The part of the ledger's RPC surface that is about the chain. */
export interface ChainLedger {
  /** Writes everything pending (audit events, last uses, activity) to D1 and returns the end of the chain. */
  flush(): Promise<ChainState>;
  /**
   * The positions of the chain to sign now, oldest first: every 10,000th event, and the end when an hour has passed.
   *
   * @param renew adds the end even when it is not due
   */
  dueCheckpoints(renew: boolean): Promise<readonly ChainHead[]>;
  /**
   * Records that the chain is signed up to an event.
   *
   * @returns when the next checkpoint is due, in milliseconds since the epoch; null while nothing is unsigned
   */
  noteCheckpoint(sequence: number): Promise<number | null>;
  /** Records that events up to this one are about to be removed from D1, because their retention has ended. */
  anchorAt(sequence: number): Promise<void>;
  /**
   * Accepts a gap: appends the event that names it, and demands a checkpoint at that event. A repeated call changes nothing.
   *
   * @returns the acceptance, of a repeated call the first one
   */
  acceptGap(gap: Gap, reason: string, actor: Actor): Promise<AcceptedGap>;
}

/** Verifies a chain of events and finds the first event that does not fit. Knows no database. */
import { genesisHash } from "../../ledger/chain.ts";
import type { Gap } from "../../ledger/contract.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { isIntact, type StoredEvent } from "./stored-event.ts";

/** A position in the chain: the next event must have the next sequence and name this hash. */
export interface Link {
  readonly sequence: number;
  readonly hash: string;
}

/** The position before event number 1. */
export const genesis: Link = { sequence: 0, hash: genesisHash };

/** The first break of a chain. */
export interface Fault {
  readonly brokenAtEventId: string;
  /** The gap, when events are missing there and every event on both sides fits; null for any other change. */
  readonly missing: Gap | null;
}

/** What a verification of events found. */
export interface Walk {
  /** The last event that fits. */
  readonly link: Link;
  /** The number of events read, the broken one included. */
  readonly checkedCount: number;
  /** null: all events fit. */
  readonly fault: Fault | null;
}

/** Decides on each gap in its turn: whether the verification continues after it. */
export type GapRule = (gap: Gap) => boolean;

/** Whether the event is the next one: no gap, no swap, and it names the previous hash. */
function follows(link: Link, event: StoredEvent): boolean {
  return event.sequence === link.sequence + 1 && event.previousHash === link.hash;
}

/** The gap between a position and a later event; null when the event comes next. */
function gapBetween(link: Link, { sequence, previousHash }: StoredEvent): Gap | null {
  if (!Number.isSafeInteger(sequence) || sequence <= link.sequence + 1) return null;
  return {
    fromSequence: link.sequence + 1,
    toSequence: sequence - 1,
    previousHash: link.hash,
    lastHash: previousHash,
  };
}

/** What is wrong with the next event after a position; null for nothing. */
export function faultAt(
  organizationId: OrganizationId,
  link: Link,
  event: StoredEvent,
  continuesAfter: GapRule,
): Fault | null {
  const isWhole = isIntact(organizationId, event);
  const gap = gapBetween(link, event);
  if (isWhole && (gap ? continuesAfter(gap) : follows(link, event))) return null;
  return { brokenAtEventId: event.eventId, missing: isWhole ? gap : null };
}

/**
 * Recomputes every hash and checks every link. Holds one page at a time and stops at the first fault.
 *
 * @param pages the events in the order of their sequence
 * @param start the position before the first of them
 * @param continuesAfter called for each gap, so a rule can count them
 */
export async function verifyChain(
  organizationId: OrganizationId,
  pages: AsyncIterable<readonly StoredEvent[]>,
  start: Link = genesis,
  continuesAfter: GapRule = () => false,
): Promise<Walk> {
  let link = start;
  let checkedCount = 0;
  for await (const page of pages) {
    for (const event of page) {
      checkedCount += 1;
      const fault = faultAt(organizationId, link, event, continuesAfter);
      if (fault) return { link, checkedCount, fault };
      link = event;
    }
  }
  return { link, checkedCount, fault: null };
}

/** Verifies a chain of events and finds the first event that does not fit. Knows no database. */
import { genesisHash } from "../../ledger/chain.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { isIntact, type StoredEvent } from "./stored-event.ts";

/** A position in the chain: the next event must have the next sequence and name this hash. */
export interface Link {
  readonly sequence: number;
  readonly hash: string;
}

/** The position before event number 1. */
export const genesis: Link = { sequence: 0, hash: genesisHash };

/** What a verification of events found. */
export interface Walk {
  /** The last event that fits. */
  readonly link: Link;
  /** The number of events read, the broken one included. */
  readonly checkedCount: number;
  /** null: all events fit. */
  readonly brokenAtEventId: string | null;
}

/** Whether the event is the next one: no gap, no swap, and it names the previous hash. */
export function follows(link: Link, event: StoredEvent): boolean {
  return event.sequence === link.sequence + 1 && event.previousHash === link.hash;
}

/**
 * Recomputes every hash and checks every link. Holds one page at a time and stops at the first fault.
 *
 * @param pages the events in the order of their sequence
 * @param start the position before the first of them
 */
export async function verifyChain(
  organizationId: OrganizationId,
  pages: AsyncIterable<readonly StoredEvent[]>,
  start: Link = genesis,
): Promise<Walk> {
  let link = start;
  let checkedCount = 0;
  for await (const page of pages) {
    for (const event of page) {
      checkedCount += 1;
      if (!follows(link, event) || !isIntact(organizationId, event)) {
        return { link, checkedCount, brokenAtEventId: event.eventId };
      }
      link = event;
    }
  }
  return { link, checkedCount, brokenAtEventId: null };
}

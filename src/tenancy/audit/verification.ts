/** Walks an audit chain and finds the first event at which it does not hold. Knows no database. */
import { genesisHash } from "../../ledger/chain.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { isIntact, type StoredEvent } from "./stored-event.ts";

/** The place up to which a chain has been followed: the next event must have the next sequence and name this hash. */
export interface Link {
  readonly sequence: number;
  readonly hash: string;
}

/** The place before event number 1. */
export const genesis: Link = { sequence: 0, hash: genesisHash };

/** How far a walk came. */
export interface Walk {
  /** The last event that was in order. */
  readonly link: Link;
  /** How many events were looked at, the broken one included. */
  readonly checkedCount: number;
  /** null: all of them were in order. */
  readonly brokenAtEventId: string | null;
}

/** Whether an event is the one that comes next: no gap, no swap, and it names the hash before it. */
export function follows(link: Link, event: StoredEvent): boolean {
  return event.sequence === link.sequence + 1 && event.previousHash === link.hash;
}

/**
 * Recomputes every hash and follows every link. Holds one page at a time and stops at the first fault.
 *
 * @param pages the events in the order of their sequence
 * @param start where the chain is picked up
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

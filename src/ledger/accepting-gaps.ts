/** Accepts a gap of the chain. The decision that it is one is made where the chain is verified. */
import type { Actor } from "../events/catalogue.ts";
import { withoutAddresses } from "../events/personal.ts";
import type { EventId } from "../platform/ids.ts";
import { isoOf } from "../platform/time.ts";
import { gapAccepted } from "./accepted-gaps.ts";
import type { AcceptedGap, Gap } from "./chain-contract.ts";
import { appendEvent, type Parts } from "./parts.ts";

/** Stages the event that names a gap, and the gap with that event. */
function name(parts: Parts, gap: Omit<AcceptedGap, "eventId" | "sequence">, actor: Actor): AcceptedGap {
  const event = { agentId: null, actor, target: parts.organizationId, outcome: "success" as const };
  appendEvent(parts, gapAccepted, { ...event, details: { ...gap } });
  const { sequence, eventId } = parts.chain.head;
  const named = { ...gap, eventId: eventId as EventId, sequence };
  parts.chain.gaps.set(named);
  return named;
}

/**
 * Accepts a gap, with the event that names it. When the events of earlier acceptances are in the gap, those gaps are named again:
 * an export must name every gap before it.
 */
export async function acceptGap(parts: Parts, gap: Gap, reason: string, actor: Actor): Promise<AcceptedGap> {
  const { all } = parts.chain.gaps;
  const { fromSequence, toSequence, previousHash, lastHash } = gap;
  let accepted = parts.chain.gaps.find(gap);
  if (!accepted) {
    const missing = { fromSequence, toSequence, previousHash, lastHash };
    // What D1 and every verification have of the gap is as permanent as its event.
    const acceptance = { reason: withoutAddresses(reason), acceptedAt: isoOf(Date.now()), acceptedBy: actor.agentId };
    accepted = name(parts, { ...missing, ...acceptance }, actor);
    const isLost = ({ sequence }: AcceptedGap) => fromSequence <= sequence && sequence <= toSequence;
    for (const { eventId: _, sequence: __, ...lost } of all.filter(isLost)) name(parts, lost, actor);
  }
  await parts.settled();
  return accepted;
}

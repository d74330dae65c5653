/** The parts of a ledger. Each owns its tables; a rule over several parts is a plain function with these as its argument. */
import type { DomainEvent } from "../events/catalogue.ts";
import { boundedDetails } from "../events/details.ts";
import { type EventId, newId, type OrganizationId } from "../platform/ids.ts";
import type { Activity } from "./activity.ts";
import type { Admission } from "./admission.ts";
import type { Chain } from "./chain.ts";
import type { Ledger } from "./contract.ts";
import type { Delegations } from "./delegations.ts";
import type { Holds } from "./holds.ts";
import type { LinkedSessions } from "./linked-sessions.ts";
import type { Principals } from "./principals.ts";
import type { Rate } from "./rate.ts";
import type { Resources } from "./resources.ts";
import type { Revocations } from "./revocations.ts";
import type { SingleUse } from "./single-use.ts";
import type { Usage } from "./usage.ts";

export interface Parts {
  readonly organizationId: OrganizationId;
  readonly activity: Activity;
  readonly admission: Admission;
  readonly chain: Chain;
  readonly delegations: Delegations;
  readonly holds: Holds;
  readonly linkedSessions: LinkedSessions;
  readonly principals: Principals;
  readonly rate: Rate;
  readonly exemptRate: Rate;
  readonly resources: Resources;
  readonly revocations: Revocations;
  readonly singleUse: SingleUse;
  readonly usage: Usage;
  /** Sets the alarm, without a commit. */
  wake(): void;
  /** Resolves when the shared commit has written everything staged so far. */
  settled(): Promise<void>;
  /** The ledger of another organization, for methods that change nothing there and call no other ledger. */
  ledgerOf(organizationId: OrganizationId): Ledger;
}

/** Appends an event of the ledger's own. Returns its time, in milliseconds since the epoch. */
export function appendEvent(
  { chain, organizationId }: Pick<Parts, "chain" | "organizationId">,
  action: DomainEvent["action"],
  event: Pick<DomainEvent, "agentId" | "actor" | "target" | "details" | "outcome">,
): number {
  const occurredAtMs = Date.now();
  const details = boundedDetails(event.details);
  chain.append({ id: newId<EventId>(occurredAtMs), organizationId, action, occurredAtMs, ...event, details });
  return occurredAtMs;
}

/** Removes what has expired from the tables. */
export function forgetExpired(parts: Parts, nowMs: number): void {
  const { activity, admission, chain, delegations, linkedSessions, revocations, singleUse, usage } = parts;
  for (const part of [activity, admission, chain, delegations, linkedSessions, revocations, singleUse, usage]) {
    part.forgetExpired(nowMs);
  }
}

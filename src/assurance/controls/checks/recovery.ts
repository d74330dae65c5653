/** A1.2: what was put off is made up for, and what was given up stays the exception. */
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { countOutbox, finishedDeliveries } from "../store.ts";

const mostWaiting = 1_000;
/** Deliveries that are looked at. */
const sample = 1_000;
/** Receivers fail, too: only when more than a tenth of the deliveries, and more than these few, are given up, it may be us. */
const mostGivenUpShare = 0.1;
const fewGivenUp = 20;

export const recovery: Check = async (context) => {
  const [waiting, { finished, givenUp }] = await Promise.all([
    countOutbox(context, mostWaiting + 1),
    finishedDeliveries(context, sample),
  ]);
  if (waiting > mostWaiting)
    return { status: "fail", evidence: `More than ${amount(mostWaiting, "event")} wait to be handed on` };
  const backlog = waiting === 0 ? "No event waiting" : `${amount(waiting, "event")} waiting`;
  const deliveries =
    finished === 0 ? "no webhook delivery in a day" : `${givenUp} of ${finished} webhook deliveries given up`;
  const evidence = `${backlog}; ${deliveries}`;
  return { status: givenUp > Math.max(fewGivenUp, finished * mostGivenUpShare) ? "fail" : "pass", evidence };
};

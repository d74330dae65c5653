/** A1.2: the outbox drains, and only few webhook deliveries are given up. */
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { countOutbox, finishedDeliveries } from "../store.ts";

const mostWaiting = 1_000;
/** The most deliveries that are counted. */
const sample = 1_000;
/** Receivers fail too: the fault can be the service's only above both of these limits. */
const mostGivenUpShare = 0.1;
const fewGivenUp = 20;

export const recovery: Check = async (context) => {
  const [waiting, { finished, givenUp }] = await Promise.all([
    countOutbox(context, mostWaiting + 1),
    finishedDeliveries(context, sample),
  ]);
  if (waiting > mostWaiting)
    return { status: "fail", evidence: `More than ${amount(mostWaiting, "event")} in the outbox` };
  const backlog = waiting === 0 ? "No event waiting" : `${amount(waiting, "event")} waiting`;
  const deliveries =
    finished === 0 ? "no webhook delivery in a day" : `${givenUp} of ${finished} webhook deliveries given up`;
  const evidence = `${backlog}; ${deliveries}`;
  return { status: givenUp > Math.max(fewGivenUp, finished * mostGivenUpShare) ? "fail" : "pass", evidence };
};

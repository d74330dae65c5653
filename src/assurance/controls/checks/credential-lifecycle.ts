/** CC6.2: who was switched off has nothing left to sign in with. */
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { credentialPage } from "../store.ts";
import { sweepOn } from "../sweep.ts";

const pageSize = 5_000;

/**
 * Decommissioning revokes an agent's credentials, so none of them may be live. Suspending leaves them in place, to be good
 * again when the agent is reactivated: until then none may be used.
 */
export const credentialLifecycle: Check = async (context, { previous }) => {
  const sweep = await sweepOn(previous?.progress, 1, 1, async (_, after) => {
    const { checked, live, misplaced, old, lastId } = await credentialPage(context, after, pageSize);
    return { counts: { live, misplaced, old }, next: checked < pageSize ? null : lastId };
  });
  const { progress, last } = sweep;
  const misplaced = sweep.worst("misplaced");
  if (misplaced > 0) {
    return {
      status: "fail",
      progress,
      evidence: `${amount(misplaced, "credential")} of switched-off agents still good`,
    };
  }
  if (!last) return { status: "unknown", progress, evidence: "The first search of all credentials is under way" };
  const { live = 0, old = 0 } = last;
  const share = live === 0 ? 0 : Math.round((old / live) * 100);
  return {
    status: "pass",
    progress,
    evidence: `${amount(live, "live credential")} in order; ${share}% older than 90 days`,
  };
};

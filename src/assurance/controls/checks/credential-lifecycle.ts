/** CC6.2: a suspended or decommissioned agent has no usable credential. */
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { continueScan } from "../scan.ts";
import { credentialPage } from "../store.ts";

const pageSize = 5_000;

/** Decommissioning revokes the credentials of an agent: none may be live. Suspending keeps them: none may be used. */
export const credentialLifecycle: Check = async (context, { previous }) => {
  const scan = await continueScan(previous?.progress, 1, 1, async (_, after) => {
    const { checked, live, misplaced, old, lastId } = await credentialPage(context, after, pageSize);
    return { counts: { live, misplaced, old }, next: checked < pageSize ? null : lastId };
  });
  const { progress, last } = scan;
  const misplaced = scan.worst("misplaced");
  const fault = `${amount(misplaced, "credential")} of switched-off agents still usable`;
  if (misplaced > 0) return { status: "fail", progress, evidence: fault };
  if (!last) return { status: "unknown", progress, evidence: "The first scan of all credentials is not complete" };
  const { live = 0, old = 0 } = last;
  const share = live === 0 ? 0 : Math.round((old / live) * 100);
  return { status: "pass", progress, evidence: `${amount(live, "live credential")}; ${share}% older than 90 days` };
};

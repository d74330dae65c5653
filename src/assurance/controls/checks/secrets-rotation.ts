/** CC9.2: no signing key is in use for more than 35 days. */
import { countCredentialsExpiringSoon } from "../../../identity/credentials/service.ts";
import { amount } from "../../../platform/amount.ts";
import { dayMs } from "../../../platform/time.ts";
import type { Check } from "../measuring.ts";
import { currentKeyTimes } from "../store.ts";

/** The Cron Trigger replaces them after 30 days. */
const mostDays = 35;
const algs = ["ES256", "RS256"];

export const secretsRotation: Check = async (context) => {
  const [current, expiring] = await Promise.all([currentKeyTimes(context), countCredentialsExpiringSoon(context)]);
  if (!algs.every((alg) => current.some((key) => key.alg === alg))) {
    return { status: "fail", evidence: "A signing key is missing" };
  }
  const oldestMs = Math.max(...current.map(({ sinceMs }) => context.now() - sinceMs));
  const days = Math.max(0, Math.floor(oldestMs / dayMs));
  if (oldestMs > mostDays * dayMs) return { status: "fail", evidence: `A signing key is in use for ${days} days` };
  const expiry = `${amount(expiring, "credential")} expiring within 7 days`;
  return { status: "pass", evidence: `Oldest key ${amount(days, "day")}; ${expiry}` };
};

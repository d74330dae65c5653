/** The limits of an organization in answers. */
import type { RateHeaders } from "../../access/app-env.ts";
import type { Limited } from "../../ledger/contract.ts";
import type { RateState } from "../../ledger/rate.ts";
import type { Context } from "../../platform/context.ts";
import { quotas } from "../../platform/limits.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { isoOf } from "../../platform/time.ts";
import { upgradeFrom } from "../../tenancy/tiers/service.ts";

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10); none where the rate is unlimited. */
export function rateHeaders(rate: RateState | null): RateHeaders {
  if (!rate) return {};
  return {
    "RateLimit-Policy": `"burst";q=${rate.burst};w=${rate.windowSeconds}`,
    RateLimit: `"burst";r=${rate.remaining};t=${rate.resetSeconds}`,
  };
}

/** The answer over a limit: 429 for the rate, 403 for the quota of the day or the month. */
export function overLimit(context: Context, { limit, max, current, resetsAtMs, rate, planTier }: Limited): Problem {
  count("agentidp_rate_limit_rejections_total", { limit });
  if (limit === "requestsPerMinute") {
    const seconds = Math.max(1, Math.ceil((resetsAtMs - context.now()) / 1000));
    return problem("RATE_LIMIT_EXCEEDED", `The organization may make ${max} requests a minute.`, {
      headers: { "Retry-After": String(seconds), ...rateHeaders(rate) },
      details: { limit, max, retryAfterSeconds: seconds },
    });
  }
  const resetsAt = isoOf(resetsAtMs);
  return problem("FREE_TIER_LIMIT_EXCEEDED", `The organization may use ${max} ${quotas[limit].unit}.`, {
    details: { limit, max, current, resetsAt, ...upgradeFrom(context, planTier) },
  });
}

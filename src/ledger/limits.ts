/** Holding an organization to its limits: exactly, because check and count happen in one step of one object. */
import { type QuotaName, quotaNames, quotas } from "../platform/limits.ts";
import type { Limited } from "./contract.ts";
import type { Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import type { RateLimit, RateState } from "./rate.ts";
import { type EffectiveLimits, effectiveLimits } from "./tier-limits.ts";
import { type Metric, periodAt } from "./usage.ts";

/** What a request counts as. */
export type Charge = "call" | "token";

/** What is counted for each kind of request. */
const counted: Readonly<Record<Charge, readonly Metric[]>> = {
  call: ["calls_per_day", "calls_per_month"],
  token: ["tokens_per_day", "tokens_per_month"],
};

const quotasOf = (kind: Charge) => quotaNames.filter((name) => quotas[name].charge === kind);
/** What bounds each kind. */
const bounds: Readonly<Record<Charge, readonly QuotaName[]>> = { call: quotasOf("call"), token: quotasOf("token") };

export type Charged = { readonly outcome: "charged"; readonly rate: RateState | null } | Limited;

type Counters = Pick<Parts, "rate" | "usage">;
type Member = Pick<Principal, "organization">;

/** The token bucket of a tier; null where the rate is unlimited. */
function bucketOf({ requestsPerMinute, burst }: EffectiveLimits): RateLimit | null {
  return requestsPerMinute !== null && burst !== null ? { requestsPerMinute, burst } : null;
}

/** Which limit stands in the way of one more request; null for none. Counts nothing. */
function limitInTheWay({ rate, usage }: Counters, { organization }: Member, kind: Charge): Limited | null {
  const nowMs = Date.now();
  const limits = effectiveLimits(organization);
  for (const limit of bounds[kind]) {
    const { metric, field } = quotas[limit];
    const max = limits[field];
    const current = usage.count(metric, nowMs);
    if (max !== null && current >= max) {
      return { outcome: "limited", limit, max, current, resetsAtMs: periodAt(metric, nowMs).endMs, rate: null };
    }
  }
  const bucket = bucketOf(limits);
  const waitSeconds = bucket ? rate.secondsUntilNext(bucket, nowMs) : 0;
  if (!bucket || waitSeconds === 0) return null;
  const max = bucket.requestsPerMinute;
  const resetsAtMs = nowMs + waitSeconds * 1000;
  return {
    outcome: "limited",
    limit: "requestsPerMinute",
    max,
    current: max,
    resetsAtMs,
    rate: rate.state(bucket, nowMs),
  };
}

/**
 * Counts one request, or says which limit stands in its way. What is refused is not counted.
 *
 * @param exempt whether it is let through over every limit: seeing one's limits, upgrading, taking something back. It is
 *   counted, and takes nothing from the rate of the others
 */
export function charge(counters: Counters, member: Member, kind: Charge, exempt: boolean): Charged {
  const limited = exempt ? null : limitInTheWay(counters, member, kind);
  if (limited) return limited;
  const { rate, usage } = counters;
  const nowMs = Date.now();
  const bucket = bucketOf(effectiveLimits(member.organization));
  if (bucket && !exempt) rate.take(bucket, nowMs);
  for (const metric of counted[kind]) usage.add(metric, nowMs);
  return { outcome: "charged", rate: bucket ? rate.state(bucket, nowMs) : null };
}

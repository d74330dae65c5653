/** Enforces the limits of an organization. They are exact, because one step of one object checks and counts. */
import { type QuotaName, quotaNames, quotas } from "../platform/limits.ts";
import type { Limited } from "./contract.ts";
import type { Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import type { RateLimit, RateState } from "./rate.ts";
import { type EffectiveLimits, effectiveLimits } from "./tier-limits.ts";
import { type Metric, periodAt } from "./usage.ts";

/** The kind of request, for counting. */
export type Charge = "call" | "token";

/** The metrics that each kind of request adds to. */
const counted: Readonly<Record<Charge, readonly Metric[]>> = {
  call: ["calls_per_day", "calls_per_month"],
  token: ["tokens_per_day", "tokens_per_month"],
};

const quotasOf = (kind: Charge) => quotaNames.filter((name) => quotas[name].charge === kind);
/** The quotas that limit each kind of request. */
const bounds: Readonly<Record<Charge, readonly QuotaName[]>> = { call: quotasOf("call"), token: quotasOf("token") };

export type Charged = { readonly outcome: "charged"; readonly rate: RateState | null } | Limited;

type Counters = Pick<Parts, "activity" | "rate" | "exemptRate" | "usage">;
type Member = Pick<Principal, "organization">;

/**
 * How many times the tier's rate exempt requests have. They are exempt from the quotas, so that an organization over its
 * limits can suspend and revoke; without any rate they would be a way to flood the service.
 */
const exemptFactor = 10;

/** The token bucket of a tier; null where the rate is unlimited. */
function bucketOf({ requestsPerMinute, burst }: EffectiveLimits, exempt: boolean): RateLimit | null {
  const factor = exempt ? exemptFactor : 1;
  return requestsPerMinute !== null && burst !== null
    ? { requestsPerMinute: factor * requestsPerMinute, burst: factor * burst }
    : null;
}

/** The limit that refuses one more request; null for none. Counts nothing. */
function limitInTheWay(counters: Counters, { organization }: Member, kind: Charge, exempt: boolean): Limited | null {
  const nowMs = Date.now();
  const { usage } = counters;
  const rate = exempt ? counters.exemptRate : counters.rate;
  const { planTier } = organization;
  const limits = effectiveLimits(organization);
  for (const limit of exempt ? [] : bounds[kind]) {
    const { metric, field } = quotas[limit];
    const max = limits[field];
    const current = usage.count(metric, nowMs);
    if (max !== null && current >= max) {
      const resetsAtMs = periodAt(metric, nowMs).endMs;
      return { outcome: "limited", limit, max, current, resetsAtMs, rate: null, planTier };
    }
  }
  const bucket = bucketOf(limits, exempt);
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
    planTier,
  };
}

/**
 * Counts one request, or returns the limit that refuses it. A refused request is not counted.
 *
 * @param exempt whether no quota refuses it: reading the limits, an upgrade, a suspension, a revocation. It is counted, and
 *   has a rate bucket of its own, ten times as large
 */
export function charge(counters: Counters, member: Member, kind: Charge, exempt: boolean): Charged {
  const limited = limitInTheWay(counters, member, kind, exempt);
  if (limited) return limited;
  const { activity, rate, exemptRate, usage } = counters;
  const nowMs = Date.now();
  const limits = effectiveLimits(member.organization);
  const taken = bucketOf(limits, exempt);
  if (taken) (exempt ? exemptRate : rate).take(taken, nowMs);
  const bucket = bucketOf(limits, false);
  for (const metric of counted[kind]) usage.add(metric, nowMs);
  // A token is counted with its audit event.
  if (kind === "call") activity.addCall(nowMs);
  return { outcome: "charged", rate: bucket ? rate.state(bucket, nowMs) : null };
}

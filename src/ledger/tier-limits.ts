/** The limits of each tier, and the limits of an organization with its overrides. null is unlimited. */
import type { planTiers } from "../platform/db/schema.ts";
import { dayMs } from "../platform/time.ts";

export type PlanTier = (typeof planTiers)[number];

/** The limits of a tier. Days are UTC calendar days. */
export interface TierLimits {
  readonly maxAgents: number | null;
  readonly callsPerDay: number | null;
  readonly tokensPerDay: number | null;
  /** The rate at which the token bucket refills, and its size. */
  readonly requestsPerMinute: number | null;
  readonly burst: number | null;
  readonly auditRetentionDays: number;
}

/** The limits of one organization. No tier limits the tokens of a month; only an override does. */
export interface EffectiveLimits extends TierLimits {
  readonly maxTokensPerMonth: number | null;
}

export const tierLimits: Readonly<Record<PlanTier, TierLimits>> = {
  free: {
    maxAgents: 10,
    callsPerDay: 1_000,
    tokensPerDay: 1_000,
    requestsPerMinute: 100,
    burst: 100,
    auditRetentionDays: 90,
  },
  pro: {
    maxAgents: 100,
    callsPerDay: 50_000,
    tokensPerDay: 50_000,
    requestsPerMinute: 1_000,
    burst: 300,
    auditRetentionDays: 90,
  },
  enterprise: {
    maxAgents: null,
    callsPerDay: null,
    tokensPerDay: null,
    requestsPerMinute: null,
    burst: null,
    auditRetentionDays: 90,
  },
};

/** The shortest retention of an audit event, in milliseconds. */
export const shortestRetentionMs =
  Math.min(...Object.values(tierLimits).map(({ auditRetentionDays }) => auditRetentionDays)) * dayMs;

/**
 * The limits of the tier, each replaced by the organization's override. An override may be lower or higher than the tier.
 *
 * @example
 * ```ts
 * effectiveLimits({ planTier: "free", maxAgents: 3, maxTokensPerMonth: null }).maxAgents; // 3
 * ```
 */
export function effectiveLimits(organization: {
  readonly planTier: PlanTier;
  readonly maxAgents: number | null;
  readonly maxTokensPerMonth: number | null;
}): EffectiveLimits {
  const limits = tierLimits[organization.planTier];
  return {
    ...limits,
    maxAgents: organization.maxAgents ?? limits.maxAgents,
    maxTokensPerMonth: organization.maxTokensPerMonth,
  };
}

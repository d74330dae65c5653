/** The limits on requests, by their names in `details.limit` and in the metric of rejections. */
/**
 * The limits of a calendar period (UTC): metric, field of the effective limits, name in messages. Of two limits for the same
 * requests, the longest period comes first, because its reset time is the latest.
 */
export const quotas = {
  maxCallsPerDay: { charge: "call", metric: "calls_per_day", field: "callsPerDay", unit: "API calls a day" },
  maxTokensPerMonth: {
    charge: "token",
    metric: "tokens_per_month",
    field: "maxTokensPerMonth",
    unit: "tokens a month",
  },
  maxTokensPerDay: { charge: "token", metric: "tokens_per_day", field: "tokensPerDay", unit: "tokens a day" },
} as const;

export type QuotaName = keyof typeof quotas;
export type LimitName = "requestsPerMinute" | QuotaName;

export const quotaNames = Object.keys(quotas) as readonly QuotaName[];

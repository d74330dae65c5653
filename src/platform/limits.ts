/** The limits on requests by their names, as `details.limit` of an answer and the metric of rejections have them. */

/**
 * The requests of a calendar period (UTC): what is counted, which field of the effective limits bounds it, and how a message
 * names it. Of two that bound the same requests the longer period is first: its end is the later one.
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

/** Tiers: what each allows, and which is higher. The ledger holds organizations to it; what they have used is in `status.ts`. */
import { type PlanTier, tierLimits } from "../../ledger/tier-limits.ts";
import { planTiers } from "../../platform/db/schema.ts";
import type { Tier } from "./schema.ts";

export { countAgents } from "./store.ts";

/** Whether a tier is above another one. */
export function isHigherTier(tier: PlanTier, than: PlanTier): boolean {
  return planTiers.indexOf(tier) > planTiers.indexOf(than);
}

/** All tiers with their limits, the lowest first. */
export function listTiers(): Tier[] {
  return planTiers.map((tier) => {
    const { callsPerDay: maxCallsPerDay, tokensPerDay: maxTokensPerDay, ...limits } = tierLimits[tier];
    return { tier, maxCallsPerDay, maxTokensPerDay, ...limits };
  });
}

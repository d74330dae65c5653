/** Tiers: the limits of each tier, and the use of an organization's limits. The ledger enforces the limits. */
import type { Caller } from "../../access/caller.ts";
import { ledgerOf } from "../../ledger/client.ts";
import { effectiveLimits, type PlanTier, tierLimits } from "../../ledger/tier-limits.ts";
import { periodAt } from "../../ledger/usage.ts";
import type { Context } from "../../platform/context.ts";
import { planTiers } from "../../platform/db/schema.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf } from "../../platform/time.ts";
import { findOrganization } from "../organizations/service.ts";
import type { TierDefinition, TierStatus } from "./schema.ts";
import { countAgents } from "./store.ts";

export { countAgents } from "./store.ts";

/** Whether a tier is above another one. */
export function isHigherTier(tier: PlanTier, than: PlanTier): boolean {
  return planTiers.indexOf(tier) > planTiers.indexOf(than);
}

/** `details.upgradeUrl` of an error over a limit; nothing on the highest tier, where there is no upgrade. */
export const upgradeFrom = ({ settings }: Context, tier: PlanTier): { readonly upgradeUrl?: string } =>
  tier === planTiers.at(-1) ? {} : { upgradeUrl: `${settings.issuer}/api/v1/tiers/upgrade` };

/** All tiers with their limits, the lowest first. */
export function listTiers(): TierDefinition[] {
  return planTiers.map((tier) => {
    const { callsPerDay: maxCallsPerDay, tokensPerDay: maxTokensPerDay, ...limits } = tierLimits[tier];
    return { tier, maxCallsPerDay, maxTokensPerDay, ...limits };
  });
}

/** The limits of an organization and their use now, a call of its own included. */
export async function readTierStatus(
  context: Context,
  { organizationId }: Pick<Caller, "organizationId">,
): Promise<Result<TierStatus>> {
  const [organization, counts, agentCount] = await Promise.all([
    findOrganization(context, organizationId),
    ledgerOf(context, organizationId).usage(),
    countAgents(context, organizationId),
  ]);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  const { maxAgents, callsPerDay, tokensPerDay, maxTokensPerMonth } = effectiveLimits(organization);
  const { callsToday, tokensToday, tokensThisMonth } = counts;
  return ok({
    tier: organization.planTier,
    limits: { maxAgents, maxCallsPerDay: callsPerDay, maxTokensPerDay: tokensPerDay, maxTokensPerMonth },
    usage: { agentCount, callsToday, tokensToday, tokensThisMonth },
    resetsAt: isoOf(periodAt("calls_per_day", context.now()).endMs),
  });
}

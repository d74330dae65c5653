/** Where an organization stands: its limits, and how much of them it has used. */
import type { Caller } from "../../access/caller.ts";
import { ledgerOf } from "../../ledger/client.ts";
import { effectiveLimits } from "../../ledger/tier-limits.ts";
import { periodAt } from "../../ledger/usage.ts";
import type { Context } from "../../platform/context.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf } from "../../platform/time.ts";
import { findOrganization } from "../organizations/service.ts";
import type { TierStatus } from "./schema.ts";
import { countAgents } from "./store.ts";

/** The limits of the caller's organization and what it has used of them at this moment, this very call included. */
export async function readTierStatus(context: Context, { organizationId }: Caller): Promise<Result<TierStatus>> {
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

/** The wire shapes of tiers. */
import { z } from "@hono/zod-openapi";
import { planTierSchema } from "../../platform/http/enums.ts";

const limit = z.int().nullable().openapi({ description: "null: unlimited" });

const tierSchema = z
  .object({
    tier: planTierSchema,
    maxAgents: limit,
    maxCallsPerDay: limit,
    maxTokensPerDay: limit,
    requestsPerMinute: limit.openapi({ description: "The rate at which the token bucket refills; null: unlimited" }),
    burst: limit.openapi({ description: "The size of the token bucket in requests; null: unlimited" }),
    auditRetentionDays: z.int(),
  })
  .openapi("TierDefinition");

export const tiersSchema = z.object({ tiers: z.array(tierSchema) }).openapi("TierList");

export const tierStatusSchema = z
  .object({
    tier: planTierSchema,
    limits: z
      .object({
        maxAgents: limit,
        maxCallsPerDay: limit,
        maxTokensPerDay: limit,
        maxTokensPerMonth: limit.openapi({ description: "Set by the operator; null: unlimited" }),
      })
      .openapi({ description: "The limits of the tier; the operator can set other limits for an organization" }),
    usage: z.object({ agentCount: z.int(), callsToday: z.int(), tokensToday: z.int(), tokensThisMonth: z.int() }),
    resetsAt: z.iso.datetime().openapi({
      description: "The next midnight, UTC, when `callsToday` and `tokensToday` restart at 0",
      example: "2026-11-23T00:00:00.000Z",
    }),
  })
  .openapi("TierStatus");

export type TierDefinition = z.output<typeof tierSchema>;
export type TierStatus = z.output<typeof tierStatusSchema>;

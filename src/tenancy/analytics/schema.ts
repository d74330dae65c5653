/** The wire shapes of the analytics. */
import { z } from "@hono/zod-openapi";
import { statusClasses } from "../../platform/db/schema.ts";
import { enumeration } from "../../platform/http/components.ts";
import { agentIdSchema, organizationIdSchema } from "../../platform/ids.ts";

/** How many days the counts are kept, today included. */
export const keptDays = 90;

const daysRule = { error: `must be a whole number from 1 to ${keptDays}` };

export const daysQuerySchema = z.object({
  days: z
    .string(daysRule)
    .regex(/^[1-9][0-9]?$/, daysRule)
    .transform(Number)
    .refine((days) => days <= keptDays, daysRule)
    .default(30)
    .openapi({
      type: "integer",
      minimum: 1,
      maximum: keptDays,
      default: 30,
      description: "The number of UTC days; the last is today",
    }),
});

const tenantId = organizationIdSchema.openapi({ description: "The organization of the token" });
const days = z.int().openapi({ description: "As in the query", example: 30 });
const count = z.int().nonnegative();

const dailySchema = z
  .array(z.object({ date: z.iso.date().openapi({ example: "2026-11-22" }), count }).openapi("DailyCount"))
  .openapi({ description: "One entry for each UTC day, oldest first, zeros included" });

export const tokenAnalyticsSchema = z.object({ tenantId, days, data: dailySchema }).openapi("TokenAnalytics");

export const agentActivitySchema = z
  .object({
    tenantId,
    data: z
      .array(
        z.object({
          dow: z.int().min(0).max(6).openapi({ description: "The day of the week in UTC, 0 is Sunday" }),
          hour: z.int().min(0).max(23).openapi({ description: "The hour in UTC" }),
          count,
        }),
      )
      .openapi({ description: "Issued tokens and accepted calls together. Hours of the week without any are omitted" }),
  })
  .openapi("AgentActivity");

export const agentAnalyticsSchema = z
  .object({
    tenantId,
    month: z
      .string()
      .openapi({ description: "The present month in UTC", example: "2026-11", pattern: "^\\d{4}-\\d{2}$" }),
    data: z
      .array(z.object({ agentId: agentIdSchema, tokenCount: count }))
      .openapi({ description: "Most tokens first. Agents without tokens are omitted" }),
  })
  .openapi("AgentAnalytics");

export const rotationAnalyticsSchema = z
  .object({
    tenantId,
    days,
    data: dailySchema,
    credentialsByAge: z
      .array(
        z.object({
          minDays: z.int(),
          maxDays: z.int().nullable().openapi({ description: "Included; null: no maximum" }),
          count,
        }),
      )
      .openapi({
        description: "The active credentials by whole days since their creation or last rotation. Always four entries",
      }),
  })
  .openapi("RotationAnalytics");

export const callAnalyticsSchema = z
  .object({
    tenantId,
    days,
    data: z
      .array(
        z.object({
          route: z
            .string()
            .openapi({ description: "The path in the API reference", example: "/api/v1/agents/{agentId}" }),
          statusClass: enumeration("StatusClass", statusClasses),
          count,
        }),
      )
      .openapi({ description: "By route, then by status class" }),
  })
  .openapi("CallAnalytics");

export type DaysQuery = z.output<typeof daysQuerySchema>;

/** The wire shapes of the marketplace. `routes.ts` adds the fields of the agent's card. */
import { z } from "@hono/zod-openapi";
import { agentTypeSchema } from "../../platform/http/enums.ts";
import { agentIdSchema } from "../../platform/ids.ts";

const text = (most: number) =>
  z
    .string({ error: "must be one text" })
    .trim()
    .min(1, { error: "must have at least 1 character" })
    .max(most, { error: `must have at most ${most} characters` });

export const listingFilterSchema = z.object({
  search: text(100).optional().openapi({
    description: "Only agents with this text in their name, owner or capabilities; upper and lower case are the same",
  }),
  agentType: agentTypeSchema.optional(),
  capability: text(128).optional().openapi({ description: "Only agents with exactly this capability" }),
});

/** The fields that a listing adds to the agent's card, or replaces. */
export const listingFields = {
  agentId: agentIdSchema,
  owner: z.string().nullable().openapi({ description: "null when it holds an e-mail address" }),
};

export const listingPath = z.object({ agentId: agentIdSchema });

export type ListingFilter = z.output<typeof listingFilterSchema>;

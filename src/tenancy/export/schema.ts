/** The wire shapes of the export of an organization. */
import { z } from "@hono/zod-openapi";
import type { Position } from "./parts.ts";

export const exportQuerySchema = z.object({
  cursor: z.string({ error: "must be one text" }).optional().openapi({
    description: "`nextCursor` in the last line of the part before; absent for the first part",
  }),
});

/** What a cursor holds. */
export const positionSchema: z.ZodType<Position> = z.strictObject({
  section: z.string(),
  after: z.array(z.union([z.string(), z.number()])).nullable(),
});

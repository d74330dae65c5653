/** The wire shapes of membership. */
import { z } from "@hono/zod-openapi";
import { agentRoles } from "../../../platform/db/schema.ts";
import { oneOf } from "../../../platform/http/fields.ts";
import { agentIdSchema, organizationIdSchema } from "../../../platform/ids.ts";

export const setMemberSchema = z.strictObject({
  agentId: agentIdSchema,
  role: oneOf(agentRoles),
});

export const memberSchema = z.object({ agentId: agentIdSchema, role: z.enum(agentRoles) }).openapi("Member");

export const membersPath = z.object({ orgId: organizationIdSchema });
export const memberPath = z.object({ orgId: organizationIdSchema, agentId: agentIdSchema });

export type Member = z.output<typeof memberSchema>;

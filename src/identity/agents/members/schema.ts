/** The wire shapes of membership. */
import { z } from "@hono/zod-openapi";
import { memberRoleSchema } from "../../../platform/http/enums.ts";
import { agentIdSchema, organizationIdSchema } from "../../../platform/ids.ts";

export const setMemberSchema = z.strictObject({ agentId: agentIdSchema, role: memberRoleSchema }).openapi("SetMember");

export const memberSchema = z.object({ agentId: agentIdSchema, role: memberRoleSchema }).openapi("Member");

export const membersPath = z.object({ orgId: organizationIdSchema });
export const memberPath = z.object({ orgId: organizationIdSchema, agentId: agentIdSchema });

export type Member = z.output<typeof memberSchema>;

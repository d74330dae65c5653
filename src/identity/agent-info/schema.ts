/** The wire shape of agent info. */
import { z } from "@hono/zod-openapi";
import { agentTypeSchema, deploymentEnvSchema, memberRoleSchema } from "../../platform/http/enums.ts";
import { agentIdSchema, organizationIdSchema } from "../../platform/ids.ts";

export const agentInfoSchema = z
  .object({
    sub: agentIdSchema.openapi({ description: "The `sub` of the agent's tokens" }),
    agentId: agentIdSchema,
    email: z
      .string()
      .openapi({ description: "Not an identifier: another organization can register the same. `sub` identifies" }),
    email_verified: z
      .literal(false)
      .openapi({ type: "boolean", description: "Always false: the service does not check the mailbox" }),
    email_domain_verified: z
      .boolean()
      .openapi({ description: "Whether the organization holds the domain of the address now" }),
    agentType: agentTypeSchema,
    capabilities: z.array(z.string()),
    owner: z.string(),
    deploymentEnv: deploymentEnvSchema,
    version: z.string(),
    organization_id: organizationIdSchema,
    organization_slug: z.string(),
    role: memberRoleSchema.nullable().openapi({ description: "null: not a member of the organization" }),
    scope: z.string().openapi({ description: "The scopes of the access token, with a space between them" }),
    did: z.string().openapi({ example: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
  })
  .openapi("AgentInfo");

export type AgentInfo = z.output<typeof agentInfoSchema>;

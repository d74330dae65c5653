/** The wire shape of agent info. */
import { z } from "@hono/zod-openapi";
import { agentTypeSchema, deploymentEnvSchema, memberRoleSchema } from "../../platform/http/enums.ts";
import { textLike } from "../../platform/http/fields.ts";
import { agentIdSchema, organizationIdSchema } from "../../platform/ids.ts";

export const agentInfoSchema = z
  .object({
    sub: agentIdSchema.openapi({ description: "The `sub` of the agent's tokens" }),
    agentId: agentIdSchema,
    email: textLike("screener-01@acme.example").openapi({
      description: "Not an identifier: another organization can register the same. `sub` identifies",
    }),
    email_verified: z
      .literal(false)
      .openapi({ type: "boolean", description: "Always false: the service does not check the mailbox" }),
    email_domain_verified: z
      .boolean()
      .openapi({ description: "Whether the organization holds the domain of the address now" }),
    agentType: agentTypeSchema,
    capabilities: z.array(textLike("resume:read")),
    owner: textLike("talent-team"),
    deploymentEnv: deploymentEnvSchema,
    version: textLike("1.4.0"),
    organization_id: organizationIdSchema,
    organization_slug: textLike("acme"),
    role: memberRoleSchema.nullable().openapi({ description: "null: not a member of the organization" }),
    scope: textLike("agents:read audit:read").openapi({
      description: "The scopes of the access token, with a space between them",
    }),
    did: z.string().openapi({ example: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
  })
  .openapi("AgentInfo");

export type AgentInfo = z.output<typeof agentInfoSchema>;

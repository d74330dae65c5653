/** The path of agent info. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { agentInfoSchema } from "./schema.ts";
import { readAgentInfo } from "./service.ts";

/** At the root. */
export const agentInfoRoutes = createRouter();

const methods = [
  {
    method: "get",
    summary: "Read agent info",
    sdk: { call: "tokens.whoAmI", retry: "read" },
    description:
      "The agent of the access token. This is the UserInfo endpoint of OpenID Connect. It accepts any active access token for this service, with or without `openid`.",
  },
  {
    method: "post",
    summary: "Read agent info by POST",
    sdk: false,
    description: "The same: OpenID Connect Core 5.3.1 requires both methods.",
  },
] as const;

for (const definition of methods) {
  agentInfoRoutes.openapi(
    route({
      ...definition,
      path: "/agent-info",
      access: "bearer",
      takesAnyQuery: true,
      tags: ["Tokens"],
      responses: { 200: json(agentInfoSchema, "The agent") },
    }),
    async (c) => answer(c, await readAgentInfo(c.get("context"), c.get("caller")), 200),
  );
}

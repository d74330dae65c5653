/** The path of agent info. */

import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { agentInfoSchema } from "./schema.ts";
import { readAgentInfo } from "./service.ts";

/** At the root. */
export const agentInfoRoutes = createRouter();

const definition = {
  path: "/agent-info" as const,
  access: "bearer" as const,
  tags: ["Tokens"],
  responses: { 200: json(agentInfoSchema, "The agent") },
};

agentInfoRoutes.openapi(
  route({
    ...definition,
    method: "get",
    summary: "Read agent info",
    description:
      "The agent whose access token this is. It is the UserInfo endpoint of OpenID Connect, open to any live access token for this service, with `openid` or without.",
  }),
  async (c) => {
    return answer(c, await readAgentInfo(c.get("context"), c.get("caller")), 200);
  },
);

agentInfoRoutes.openapi(
  route({
    ...definition,
    method: "post",
    summary: "Read agent info by POST",
    description: "The same: OpenID Connect Core 5.3.1 wants both methods.",
  }),
  async (c) => {
    return answer(c, await readAgentInfo(c.get("context"), c.get("caller")), 200);
  },
);

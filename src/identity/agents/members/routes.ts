/** The members of an organization. */
import { route } from "../../../access/route.ts";
import { createRouter } from "../../../access/router.ts";
import { pageQuery, pageSchema } from "../../../platform/http/pagination.ts";
import { answer } from "../../../platform/http/respond.ts";
import { json } from "../../../platform/http/route.ts";
import { memberPath, memberSchema, membersPath, setMemberSchema } from "./schema.ts";
import { listMembers, removeMember, setMember } from "./service.ts";

export const memberRoutes = createRouter();

const tags = ["Organizations"];
const access = "admin:orgs";

memberRoutes.openapi(
  route({
    method: "post",
    path: "/organizations/{orgId}/members",
    access,
    changesAuthority: true,
    tags,
    operationId: "setMember",
    summary: "Set a member's role",
    sdk: { call: "organizations.members.set", retry: "idempotent" },
    description:
      "Makes an agent of the organization a member or an admin. The last usable admin cannot be demoted. An agent that is no admin any more loses `admin:orgs`.",
    request: { params: membersPath, body: { required: true, ...json(setMemberSchema, "The agent and its role") } },
    responses: { 201: json(memberSchema, "The member") },
    errors: ["ORGANIZATION_NOT_FOUND", "AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await setMember(c.get("context"), c.get("caller"), orgId, c.req.valid("json")), 201);
  },
);

memberRoutes.openapi(
  route({
    method: "get",
    path: "/organizations/{orgId}/members",
    access,
    tags,
    summary: "List members",
    sdk: { call: "organizations.members.list", retry: "read" },
    request: { params: membersPath, query: pageQuery },
    responses: { 200: json(pageSchema("MemberPage", memberSchema), "A page of members, the newest agent first") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await listMembers(c.get("context"), c.get("caller"), orgId, c.req.valid("query")), 200);
  },
);

memberRoutes.openapi(
  route({
    method: "delete",
    path: "/organizations/{orgId}/members/{agentId}",
    access,
    changesAuthority: true,
    exempt: true,
    tags,
    summary: "Remove a member",
    sdk: { call: "organizations.members.remove", retry: "idempotent" },
    description:
      "The agent stays and can still act, but has no role any more, and loses `admin:orgs`. The last usable admin cannot be removed.",
    request: { params: memberPath },
    responses: { 204: { description: "Removed" } },
    errors: ["ORGANIZATION_NOT_FOUND", "AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId, agentId } = c.req.valid("param");
    return answer(c, await removeMember(c.get("context"), c.get("caller"), orgId, agentId), 204);
  },
);

/** `/organizations` and their members. The room `onboarding` creates an organization, with its first admin. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { listMembers, removeMember, setMember } from "./members.ts";
import {
  changeOrganizationSchema,
  memberPath,
  memberSchema,
  organizationPath,
  organizationSchema,
  setMemberSchema,
} from "./schema.ts";
import {
  changeOrganization,
  deleteOrganization,
  listOrganizations,
  publicOrganization,
  readOrganization,
} from "./service.ts";

export const organizationRoutes = createRouter();

const tags = ["Organizations"];
const access = "admin:orgs";

organizationRoutes.openapi(
  route({
    method: "get",
    path: "/organizations",
    access,
    tags,
    summary: "List organizations",
    description: "All of them for the operator's organization, newest first; for every other only its own.",
    request: { query: pageQuery },
    responses: { 200: json(pageSchema(organizationSchema), "A page of organizations") },
  }),
  async (c) => {
    return answer(c, await listOrganizations(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

organizationRoutes.openapi(
  route({
    method: "get",
    path: "/organizations/{orgId}",
    access,
    tags,
    summary: "Read an organization",
    request: { params: organizationPath },
    responses: { 200: json(organizationSchema, "The organization") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const result = await readOrganization(c.get("context"), c.get("caller"), c.req.valid("param").orgId);
    return result.ok ? c.json(publicOrganization(result.value), 200) : fail(c, result);
  },
);

organizationRoutes.openapi(
  route({
    method: "patch",
    path: "/organizations/{orgId}",
    access,
    exempt: "suspending",
    tags,
    summary: "Change an organization",
    description:
      "An admin may change the name of its own organization; everything else is the operator's to change. Suspending kills every token and sign-in of the organization at once; reactivating allows new ones and revives no old token.",
    request: {
      params: organizationPath,
      body: { required: true, ...json(changeOrganizationSchema, "The fields to change") },
    },
    responses: { 200: json(organizationSchema, "The organization as it is now") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await changeOrganization(c.get("context"), c.get("caller"), orgId, c.req.valid("json")), 200);
  },
);

organizationRoutes.openapi(
  route({
    method: "delete",
    path: "/organizations/{orgId}",
    access,
    exempt: true,
    tags,
    summary: "Delete an organization",
    description: "Kills every token and sign-in of the organization at once, for good. Its slug stays taken.",
    request: { params: organizationPath },
    responses: { 204: { description: "Deleted" } },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await deleteOrganization(c.get("context"), c.get("caller"), c.req.valid("param").orgId), 204);
  },
);

organizationRoutes.openapi(
  route({
    method: "post",
    path: "/organizations/{orgId}/members",
    access,
    tags,
    operationId: "setMember",
    summary: "Set a member's role",
    description: "Makes an agent of the organization a member or an admin. The last active admin cannot be demoted.",
    request: { params: organizationPath, body: { required: true, ...json(setMemberSchema, "The agent and its role") } },
    responses: { 201: json(memberSchema, "The member") },
    errors: ["ORGANIZATION_NOT_FOUND", "AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await setMember(c.get("context"), c.get("caller"), orgId, c.req.valid("json")), 201);
  },
);

organizationRoutes.openapi(
  route({
    method: "get",
    path: "/organizations/{orgId}/members",
    access,
    tags,
    summary: "List members",
    request: { params: organizationPath, query: pageQuery },
    responses: { 200: json(pageSchema(memberSchema), "A page of members, the newest agent first") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await listMembers(c.get("context"), c.get("caller"), orgId, c.req.valid("query")), 200);
  },
);

organizationRoutes.openapi(
  route({
    method: "delete",
    path: "/organizations/{orgId}/members/{agentId}",
    access,
    exempt: true,
    tags,
    summary: "Remove a member",
    description:
      "The agent stays and can still act, but has no role any more. The last active admin cannot be removed.",
    request: { params: memberPath },
    responses: { 204: { description: "Removed" } },
    errors: ["ORGANIZATION_NOT_FOUND", "AGENT_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId, agentId } = c.req.valid("param");
    return answer(c, await removeMember(c.get("context"), c.get("caller"), orgId, agentId), 204);
  },
);

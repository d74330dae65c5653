/** `/setup`, `/organizations` and their members. */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../../access/app-env.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { listMembers, removeMember, setMember } from "./members.ts";
import {
  changeOrganizationSchema,
  createdOrganizationSchema,
  createOrganizationSchema,
  memberPath,
  memberSchema,
  organizationPath,
  organizationSchema,
  setMemberSchema,
  setUpSchema,
  setupSchema,
} from "./schema.ts";
import {
  changeOrganization,
  createOrganization,
  deleteOrganization,
  listOrganizations,
  publicOrganization,
  readOrganization,
} from "./service.ts";
import { refuseSetup, setUp } from "./setup.ts";

export const setupRoutes = createRouter();

/** Ahead of the validation, so that nobody without the token learns anything about the route. */
const setupTokenOnly = createMiddleware<AppEnv>(async (c, next) => {
  const refusal = refuseSetup(c.get("context"), c.req.header("Authorization"));
  return refusal ? fail(c, refusal) : next();
});

setupRoutes.post("/setup", setupTokenOnly);

setupRoutes.openapi(
  route({
    method: "post",
    path: "/setup",
    access: "public",
    tags: ["Set-up"],
    operationId: "setUp",
    summary: "Set the service up",
    description:
      "Makes the operator's organization, its first admin agent and a credential, once. The bearer token is the setting `SETUP_TOKEN`; without that setting the route does not exist.",
    request: { body: { required: true, ...json(setupSchema, "The operator's organization and its first admin") } },
    responses: {
      201: json(setUpSchema, "The organization, and its admin with the client secret, which is shown this once"),
    },
    errors: ["UNAUTHORIZED", "NOT_FOUND", "ALREADY_SET_UP"],
  }),
  async (c) => {
    return answer(c, await setUp(c.get("context"), c.req.valid("json")), 201, { "Cache-Control": "no-store" });
  },
);

export const organizationRoutes = createRouter();

const tags = ["Organizations"];
const access = "admin:orgs";

organizationRoutes.openapi(
  route({
    method: "post",
    path: "/organizations",
    access,
    tags,
    summary: "Create an organization",
    description: "For admins of the operator's organization. `planTier` is `free` unless said otherwise.",
    request: { body: { required: true, ...json(createOrganizationSchema, "The organization and its first admin") } },
    responses: {
      201: json(
        createdOrganizationSchema,
        "The organization, and its admin with the client secret, which is shown this once",
      ),
    },
    errors: ["SLUG_TAKEN"],
  }),
  async (c) => {
    return answer(c, await createOrganization(c.get("context"), c.get("caller"), c.req.valid("json")), 201, {
      "Cache-Control": "no-store",
    });
  },
);

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

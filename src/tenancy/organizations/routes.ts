/** `/organizations`. The room `onboarding` creates an organization with its first admin; the room `agents` has the members. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { ok } from "../../platform/problems/result.ts";
import { changeOrganizationSchema, organizationPath, organizationSchema } from "./schema.ts";
import {
  changeOrganization,
  deleteOrganization,
  listOrganizations,
  publicOrganization,
  readOrganization,
} from "./service.ts";

export const organizationRoutes = createRouter();

const shared = { access: "admin:orgs" as const, tags: ["Organizations"] };
const oneOrganization = {
  ...shared,
  path: "/organizations/{orgId}" as const,
  entityTag: true as const,
  errors: ["ORGANIZATION_NOT_FOUND" as const],
};

organizationRoutes.openapi(
  route({
    ...shared,
    method: "get",
    path: "/organizations",
    summary: "List organizations",
    sdk: { call: "organizations.list", retry: "read" },
    description: "Newest first. The operator's organization reads all organizations, every other one only itself.",
    request: { query: pageQuery },
    responses: { 200: json(pageSchema("OrganizationPage", organizationSchema), "A page of organizations") },
  }),
  async (c) => {
    return answer(c, await listOrganizations(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

organizationRoutes.openapi(
  route({
    ...oneOrganization,
    method: "get",
    summary: "Read an organization",
    sdk: { call: "organizations.get", retry: "read" },
    request: { params: organizationPath },
    responses: { 200: json(organizationSchema, "The organization") },
  }),
  async (c) => {
    const result = await readOrganization(c.get("context"), c.get("caller"), c.req.valid("param").orgId);
    return answerRecord(c, result.ok ? ok(publicOrganization(result.value)) : result, 200);
  },
);

organizationRoutes.openapi(
  route({
    ...oneOrganization,
    method: "patch",
    changesAuthority: true,
    exempt: "suspending",
    summary: "Change an organization",
    sdk: { call: "organizations.update", retry: "idempotent" },
    description:
      "An admin may change the name of its own organization. Only the operator may change the other fields. A suspension revokes all tokens of the organization at once and refuses sign-in. After a reactivation sign-in works again; tokens from before the suspension stay revoked.",
    request: {
      params: organizationPath,
      body: { required: true, ...json(changeOrganizationSchema, "The fields to change") },
    },
    responses: { 200: json(organizationSchema, "The changed organization") },
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
    return answerRecord(c, await changeOrganization(context, caller, orgId, c.req.valid("json"), preconditions), 200);
  },
);

organizationRoutes.openapi(
  route({
    ...oneOrganization,
    method: "delete",
    changesAuthority: true,
    exempt: true,
    summary: "Delete an organization",
    sdk: { call: "organizations.delete", retry: "idempotent" },
    description:
      "Revokes all tokens of the organization at once and refuses sign-in, permanently. Its slug stays taken.",
    request: { params: organizationPath },
    responses: { 204: { description: "Deleted" } },
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await deleteOrganization(c.get("context"), c.get("caller"), orgId, c.get("preconditions")), 204);
  },
);

/** `/organizations`. The room `onboarding` creates one, with its first admin; the room `agents` has its members. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { changeOrganizationSchema, organizationPath, organizationSchema } from "./schema.ts";
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
    changesAuthority: true,
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
    changesAuthority: true,
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

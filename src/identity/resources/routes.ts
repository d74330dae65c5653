/** `/resources`: the APIs of an organization that take our tokens. */
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  changeResourceSchema,
  createResourceSchema,
  listResourcesQuery,
  readResourceQuery,
  resourcePath,
  resourceSchema,
} from "./schema.ts";
import { changeResource, createResource, deleteResource, listResources, readResource } from "./service.ts";

export const resourceRoutes = createRouter();

const tags = ["Resources"];

resourceRoutes.openapi(
  route({
    method: "post",
    path: "/resources",
    access: "admin:orgs",
    changesAuthority: true,
    entityTag: true,
    tags,
    summary: "Register a resource",
    sdk: { call: "resources.create", retry: "keyed" },
    description:
      "For admins of the organization. A resource is an API that takes our tokens: its identifier is the `aud` of its tokens and the `resource` of token requests (RFC 8707).",
    request: { body: { required: true, ...json(createResourceSchema, "The resource") } },
    responses: { 201: json(resourceSchema, "The resource") },
    errors: ["RESOURCE_ALREADY_EXISTS"],
  }),
  async (c) => {
    return answerRecord(
      c,
      await once(c, (context) => createResource(context, c.get("caller"), c.req.valid("json"))),
      201,
    );
  },
);

resourceRoutes.openapi(
  route({
    method: "get",
    path: "/resources",
    access: "agents:read",
    tags,
    summary: "List resources",
    sdk: { call: "resources.list", retry: "read" },
    description: "`allowedOrganizations` and `servers` are shown with `admin:orgs`.",
    request: { query: listResourcesQuery },
    responses: { 200: json(pageSchema("ResourcePage", resourceSchema), "A page of resources, newest first") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await listResources(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

resourceRoutes.openapi(
  route({
    method: "get",
    path: "/resources/{resourceId}",
    access: "agents:read",
    entityTag: true,
    tags,
    summary: "Read a resource",
    sdk: { call: "resources.get", retry: "read" },
    request: { params: resourcePath, query: readResourceQuery },
    responses: { 200: json(resourceSchema, "The resource") },
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  async (c) => {
    const { resourceId } = c.req.valid("param");
    const { organizationId } = c.req.valid("query");
    return answerRecord(c, await readResource(c.get("context"), c.get("caller"), resourceId, organizationId), 200);
  },
);

resourceRoutes.openapi(
  route({
    method: "patch",
    path: "/resources/{resourceId}",
    access: "admin:orgs",
    changesAuthority: true,
    entityTag: true,
    tags,
    summary: "Change a resource",
    sdk: { call: "resources.update", retry: "idempotent" },
    description: "For admins of the organization. The identifier never changes.",
    request: {
      params: resourcePath,
      body: { required: true, ...json(changeResourceSchema, "The fields to change") },
    },
    responses: { 200: json(resourceSchema, "The resource as it is now") },
    errors: ["RESOURCE_NOT_FOUND", "DOMAIN_NOT_VERIFIED"],
  }),
  async (c) => {
    const { resourceId } = c.req.valid("param");
    const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
    return answerRecord(c, await changeResource(context, caller, resourceId, c.req.valid("json"), preconditions), 200);
  },
);

resourceRoutes.openapi(
  route({
    method: "delete",
    path: "/resources/{resourceId}",
    access: "admin:orgs",
    changesAuthority: true,
    exempt: true,
    entityTag: true,
    tags,
    summary: "Delete a resource",
    sdk: { call: "resources.delete", retry: "idempotent" },
    description: "For admins of the organization. Another organization can register the identifier a day later.",
    request: { params: resourcePath },
    responses: { 204: { description: "Deleted" } },
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  async (c) => {
    const { resourceId } = c.req.valid("param");
    return answer(c, await deleteResource(c.get("context"), c.get("caller"), resourceId, c.get("preconditions")), 204);
  },
);

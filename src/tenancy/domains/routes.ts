/** `/organizations/{orgId}/domains`: the names that an organization speaks for. */
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { addDomainSchema, domainPath, domainSchema, organizationDomainsPath } from "./schema.ts";
import { addDomain, listDomains, readDomain, removeDomain, verifyDomain } from "./service.ts";

export const domainRoutes = createRouter();

const tags = ["Domains"];
const access = "admin:orgs";

domainRoutes.openapi(
  route({
    method: "post",
    path: "/organizations/{orgId}/domains",
    access,
    changesAuthority: true,
    tags,
    summary: "Add a domain",
    sdk: { call: "domains.add", retry: "keyed" },
    description:
      "For admins of the organization and of the operator's. The answer has the TXT record that proves the domain. A domain that is not verified is removed after 14 days.",
    request: {
      params: organizationDomainsPath,
      body: { required: true, ...json(addDomainSchema, "The domain") },
    },
    responses: { 201: json(domainSchema, "The domain and the record that proves it") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(
      c,
      await once(c, (context) => addDomain(context, c.get("caller"), orgId, c.req.valid("json").domain)),
      201,
    );
  },
);

domainRoutes.openapi(
  route({
    method: "get",
    path: "/organizations/{orgId}/domains",
    access,
    tags,
    summary: "List domains",
    sdk: { call: "domains.list", retry: "read" },
    request: { params: organizationDomainsPath, query: pageQuery },
    responses: { 200: json(pageSchema("DomainPage", domainSchema), "A page of domains, newest first") },
    errors: ["ORGANIZATION_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId } = c.req.valid("param");
    return answer(c, await listDomains(c.get("context"), c.get("caller"), orgId, c.req.valid("query")), 200);
  },
);

domainRoutes.openapi(
  route({
    method: "get",
    path: "/organizations/{orgId}/domains/{domain}",
    access,
    tags,
    summary: "Read a domain",
    sdk: { call: "domains.get", retry: "read" },
    request: { params: domainPath },
    responses: { 200: json(domainSchema, "The domain") },
    errors: ["ORGANIZATION_NOT_FOUND", "DOMAIN_NOT_FOUND"],
  }),
  async (c) => {
    const { orgId, domain } = c.req.valid("param");
    return answer(c, await readDomain(c.get("context"), c.get("caller"), orgId, domain), 200);
  },
);

domainRoutes.openapi(
  route({
    method: "post",
    path: "/organizations/{orgId}/domains/{domain}/verify",
    access,
    changesAuthority: true,
    tags,
    summary: "Verify a domain",
    sdk: { call: "domains.verify", retry: "idempotent" },
    description:
      "Looks up the TXT record. Only records of the name itself count, never those behind an alias. An organization that holds the domain keeps it while its own record is there; after that, a second verification at least an hour later takes the domain over.",
    request: { params: domainPath },
    responses: { 200: json(domainSchema, "The domain, verified") },
    errors: ["ORGANIZATION_NOT_FOUND", "DOMAIN_NOT_FOUND", "DOMAIN_NOT_VERIFIED", "DOMAIN_TAKEN", "DOMAIN_IN_USE"],
  }),
  async (c) => {
    const { orgId, domain } = c.req.valid("param");
    return answer(c, await verifyDomain(c.get("context"), c.get("caller"), orgId, domain), 200);
  },
);

domainRoutes.openapi(
  route({
    method: "delete",
    path: "/organizations/{orgId}/domains/{domain}",
    access,
    changesAuthority: true,
    tags,
    summary: "Remove a domain",
    sdk: { call: "domains.remove", retry: "idempotent" },
    description: "Refused while an active resource is at or below it.",
    request: { params: domainPath },
    responses: { 204: { description: "Removed" } },
    errors: ["ORGANIZATION_NOT_FOUND", "DOMAIN_NOT_FOUND", "DOMAIN_IN_USE"],
  }),
  async (c) => {
    const { orgId, domain } = c.req.valid("param");
    return answer(c, await removeDomain(c.get("context"), c.get("caller"), orgId, domain), 204);
  },
);

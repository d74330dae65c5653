/** `/federation`: partners, and the verification of their tokens. */

import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  changePartnerSchema,
  partnerPath,
  partnerSchema,
  trustPartnerSchema,
  verifiedTokenSchema,
  verifyTokenSchema,
} from "./schema.ts";
import { changePartner, deletePartner, listPartners, readPartner, trustPartner, verifyToken } from "./service.ts";

export const federationRoutes = createRouter();

const tags = ["Federation"];
const access = "admin:orgs";

federationRoutes.openapi(
  route({
    method: "post",
    path: "/federation/trust",
    access,
    changesAuthority: true,
    tags,
    summary: "Trust a partner",
    description:
      "For admins of the organization. From now on its agents can have the tokens of the partner's agents checked. An organization has one partner for each issuer.",
    request: { body: { required: true, ...json(trustPartnerSchema, "The partner") } },
    responses: { 201: json(partnerSchema, "The partner") },
  }),
  async (c) => {
    return answer(c, await trustPartner(c.get("context"), c.get("caller"), c.req.valid("json")), 201);
  },
);

federationRoutes.openapi(
  route({
    method: "get",
    path: "/federation/partners",
    access,
    tags,
    summary: "List partners",
    request: { query: pageQuery },
    responses: { 200: json(pageSchema(partnerSchema), "A page of partners, newest first") },
  }),
  async (c) => {
    return answer(c, await listPartners(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

federationRoutes.openapi(
  route({
    method: "get",
    path: "/federation/partners/{partnerId}",
    access,
    tags,
    summary: "Read a partner",
    request: { params: partnerPath },
    responses: { 200: json(partnerSchema, "The partner") },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await readPartner(c.get("context"), c.get("caller"), c.req.valid("param").partnerId), 200);
  },
);

federationRoutes.openapi(
  route({
    method: "patch",
    path: "/federation/partners/{partnerId}",
    access,
    changesAuthority: true,
    exempt: "suspending",
    tags,
    summary: "Change a partner",
    description:
      "For admins of the organization. From the answer on, no token of a suspended partner is valid. The issuer never changes.",
    request: {
      params: partnerPath,
      body: { required: true, ...json(changePartnerSchema, "The fields to change") },
    },
    responses: { 200: json(partnerSchema, "The partner as it is now") },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    const { partnerId } = c.req.valid("param");
    return answer(c, await changePartner(c.get("context"), c.get("caller"), partnerId, c.req.valid("json")), 200);
  },
);

federationRoutes.openapi(
  route({
    method: "delete",
    path: "/federation/partners/{partnerId}",
    access,
    changesAuthority: true,
    exempt: true,
    tags,
    summary: "Delete a partner",
    description: "For admins of the organization. From the answer on, none of the partner's tokens is valid.",
    request: { params: partnerPath },
    responses: { 204: { description: "Deleted" } },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await deletePartner(c.get("context"), c.get("caller"), c.req.valid("param").partnerId), 204);
  },
);

federationRoutes.openapi(
  route({
    method: "post",
    path: "/federation/verify",
    access: "bearer",
    tags,
    summary: "Verify a partner's token",
    description:
      'For any agent that was shown a token of a partner\'s agent. Anything but a valid access token of an active partner is `{ "valid": false }` and nothing more; the audit log has the reason. A token that is bound to a key (`cnf`) is not valid here, since its proof is not shown. A token that its issuer has revoked stays valid here until it expires.',
    request: { body: { required: true, ...json(verifyTokenSchema, "The token") } },
    responses: { 200: json(verifiedTokenSchema, "Whose token it is, or that it is not valid") },
  }),
  async (c) => c.json(await verifyToken(c.get("context"), c.get("caller"), c.req.valid("json")), 200),
);

/** `/federation`: partners, and the verification of their tokens. */
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
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
    entityTag: true,
    tags,
    summary: "Trust a partner",
    sdk: { call: "federation.trust", retry: "keyed" },
    description:
      "For admins of the organization. Its agents can then verify the tokens of the partner's agents. An organization has one partner for each issuer.",
    request: { body: { required: true, ...json(trustPartnerSchema, "The partner") } },
    responses: { 201: json(partnerSchema, "The partner") },
  }),
  async (c) =>
    answerRecord(c, await once(c, (context) => trustPartner(context, c.get("caller"), c.req.valid("json"))), 201),
);

federationRoutes.openapi(
  route({
    method: "get",
    path: "/federation/partners",
    access,
    tags,
    summary: "List partners",
    sdk: { call: "federation.list", retry: "read" },
    request: { query: pageQuery },
    responses: { 200: json(pageSchema("FederationPartnerPage", partnerSchema), "A page of partners, newest first") },
  }),
  async (c) => answer(c, await listPartners(c.get("context"), c.get("caller"), c.req.valid("query")), 200),
);

federationRoutes.openapi(
  route({
    method: "get",
    path: "/federation/partners/{partnerId}",
    access,
    entityTag: true,
    tags,
    summary: "Read a partner",
    sdk: { call: "federation.get", retry: "read" },
    request: { params: partnerPath },
    responses: { 200: json(partnerSchema, "The partner") },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    const { partnerId } = c.req.valid("param");
    return answerRecord(c, await readPartner(c.get("context"), c.get("caller"), partnerId), 200);
  },
);

federationRoutes.openapi(
  route({
    method: "patch",
    path: "/federation/partners/{partnerId}",
    access,
    changesAuthority: true,
    exempt: "suspending",
    entityTag: true,
    tags,
    summary: "Change a partner",
    sdk: { call: "federation.update", retry: "idempotent" },
    description:
      "For admins of the organization. When the answer arrives, no token of a suspended partner is valid. The issuer cannot change.",
    request: {
      params: partnerPath,
      body: { required: true, ...json(changePartnerSchema, "The fields to change") },
    },
    responses: { 200: json(partnerSchema, "The changed partner") },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    const { partnerId } = c.req.valid("param");
    const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
    return answerRecord(c, await changePartner(context, caller, partnerId, c.req.valid("json"), preconditions), 200);
  },
);

federationRoutes.openapi(
  route({
    method: "delete",
    path: "/federation/partners/{partnerId}",
    access,
    changesAuthority: true,
    exempt: true,
    entityTag: true,
    tags,
    summary: "Delete a partner",
    sdk: { call: "federation.delete", retry: "idempotent" },
    description: "For admins of the organization. When the answer arrives, no token of the partner is valid.",
    request: { params: partnerPath },
    responses: { 204: { description: "Deleted" } },
    errors: ["PARTNER_NOT_FOUND"],
  }),
  async (c) => {
    const { partnerId } = c.req.valid("param");
    return answer(c, await deletePartner(c.get("context"), c.get("caller"), partnerId, c.get("preconditions")), 204);
  },
);

federationRoutes.openapi(
  route({
    method: "post",
    path: "/federation/verify",
    access: "bearer",
    tags,
    summary: "Verify a partner's token",
    sdk: { call: "federation.verifyToken", retry: "read" },
    description:
      "For an agent that received a token of a partner's agent. The `aud` of the token must be an active resource of the organization, one of the partner's `audiences`, or the `audience` of the request. Everything except a valid access token of an active partner gets `{ \"valid\": false }` without a reason; the audit log has the reason. A token that is bound to a key (`cnf`) is not valid here, because the request has no proof of the key. A token that its issuer revoked stays valid here until it expires.",
    request: { body: { required: true, ...json(verifyTokenSchema, "The token") } },
    responses: { 200: json(verifiedTokenSchema, "The agent of the token, or that the token is not valid") },
  }),
  async (c) => c.json(await verifyToken(c.get("context"), c.get("caller"), c.req.valid("json")), 200),
);

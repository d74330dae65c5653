/** The routes of delegations. The exchange of a delegation for an access token is a grant of the token endpoint. */

import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  chainPath,
  createDelegationSchema,
  delegationPageSchema,
  delegationQuery,
  delegationWithTokenSchema,
  verificationSchema,
  verifyDelegationSchema,
} from "./schema.ts";
import { delegate, listDelegations, revokeDelegation, verifyDelegation } from "./service.ts";

const tags = ["Delegation"];
const access = "bearer";
const noStore = { "Cache-Control": "no-store" };

/** Relative to `/api/v1`. */
export const delegationRoutes = createRouter();

delegationRoutes.openapi(
  route({
    method: "post",
    path: "/oauth2/token/delegate",
    access,
    tags,
    operationId: "createDelegation",
    summary: "Lend scopes to another agent",
    sdk: { call: "delegations.create", retry: "keyed" },
    description:
      "Platform scopes of the token in the request, or with `resource` capabilities for it, for 60 seconds to a day; never everything that the delegator may be granted. The delegatee exchanges the delegation token for access tokens at the token endpoint (grant `urn:ietf:params:oauth:grant-type:token-exchange`, RFC 8693). It cannot delegate further.",
    request: {
      body: { required: true, ...json(createDelegationSchema, "The scopes, the delegatee and the lifetime") },
    },
    responses: { 201: json(delegationWithTokenSchema, "The delegation, with its token") },
    errors: ["FORBIDDEN"],
  }),
  async (c) => {
    return answer(
      c,
      await once(c, (context) => delegate(context, c.get("caller"), c.req.valid("json")), { secret: true }),
      201,
      noStore,
    );
  },
);

delegationRoutes.openapi(
  route({
    method: "post",
    path: "/oauth2/token/verify-delegation",
    access,
    tags,
    operationId: "verifyDelegation",
    summary: "Check whether a delegation is valid",
    sdk: { call: "delegations.verify", retry: "read" },
    description:
      "Valid means, at this moment: not expired, not revoked, both agents active, and the delegator may still be granted the scopes: a disabled resource makes it not valid while that lasts. The answer for a delegation that has ended has its facts too; the answer for any other token has `valid: false` alone.",
    request: { body: { required: true, ...json(verifyDelegationSchema, "The delegation token") } },
    responses: { 200: json(verificationSchema, "Whether it is valid, and its facts") },
  }),
  async (c) => {
    const { delegationToken } = c.req.valid("json");
    const verification = await verifyDelegation(c.get("context"), c.get("caller"), delegationToken);
    return c.json(verification, 200, noStore);
  },
);

delegationRoutes.openapi(
  route({
    method: "delete",
    path: "/oauth2/token/delegate/{chainId}",
    access,
    exempt: true,
    tags,
    operationId: "revokeDelegation",
    summary: "Revoke a delegation",
    sdk: { call: "delegations.revoke", retry: "idempotent" },
    description:
      "By its delegator, or with `agents:write`. From this answer on it is not valid, and every access token made from it is revoked. A repeated call changes nothing.",
    request: { params: chainPath },
    responses: { 204: { description: "Revoked, or ended before" } },
    errors: ["DELEGATION_NOT_FOUND"],
  }),
  async (c) => {
    return answer(c, await revokeDelegation(c.get("context"), c.get("caller"), c.req.valid("param").chainId), 204);
  },
);

delegationRoutes.openapi(
  route({
    method: "get",
    path: "/oauth2/token/delegations",
    access,
    tags,
    operationId: "listDelegations",
    summary: "List delegations",
    sdk: { call: "delegations.list", retry: "read" },
    description:
      "Newest first: the delegations by the caller and to the caller, or with `of=organization` and the scope `agents:read` all of the organization. A delegated token lists only the latter.",
    request: { query: delegationQuery },
    responses: { 200: json(delegationPageSchema, "A page of delegations") },
    errors: ["FORBIDDEN"],
  }),
  async (c) => {
    return answer(c, await listDelegations(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
  },
);

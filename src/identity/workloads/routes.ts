/** The paths of trust policies. A workload exchanges its token at the token endpoint, by a grant. */
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { createTrustPolicySchema, trustPolicyPath, trustPolicyQuery, trustPolicySchema } from "./schema.ts";
import { createTrustPolicy, deleteTrustPolicy, listTrustPolicies, readTrustPolicy } from "./service.ts";

const tags = ["Workload identity"];

export const oidcRoutes = createRouter();

const create = route({
  method: "post",
  path: "/oidc/trust-policies",
  access: "agents:write",
  changesAuthority: true,
  entityTag: true,
  tags,
  summary: "Create a trust policy",
  sdk: { call: "trustPolicies.create", retry: "keyed" },
  description:
    "A workload whose token has exactly these claims may sign in as the agent. A policy is a credential: its creator must be allowed to create a secret for the agent. An agent can have twenty policies.",
  request: { body: { required: true, ...json(createTrustPolicySchema, "The claims of the token, and the agent") } },
  responses: { 201: json(trustPolicySchema, "The policy") },
  errors: ["FORBIDDEN", "FREE_TIER_LIMIT_EXCEEDED", "AGENT_NOT_FOUND", "AGENT_ALREADY_DECOMMISSIONED"],
});

oidcRoutes.openapi(create, async (c) =>
  answerRecord(c, await once(c, (context) => createTrustPolicy(context, c.get("caller"), c.req.valid("json"))), 201),
);

const list = route({
  method: "get",
  path: "/oidc/trust-policies",
  access: "agents:write",
  tags,
  operationId: "listTrustPolicies",
  summary: "List trust policies",
  sdk: { call: "trustPolicies.list", retry: "read" },
  description: "The policies of all agents of the caller's organization, newest first, or with `agentId` those of one.",
  request: { query: trustPolicyQuery },
  responses: { 200: json(pageSchema("TrustPolicyPage", trustPolicySchema), "A page of policies") },
});

oidcRoutes.openapi(list, async (c) =>
  answer(c, await listTrustPolicies(c.get("context"), c.get("caller"), c.req.valid("query")), 200),
);

const read = route({
  method: "get",
  path: "/oidc/trust-policies/{policyId}",
  access: "agents:write",
  entityTag: true,
  tags,
  summary: "Read a trust policy",
  sdk: { call: "trustPolicies.get", retry: "read" },
  request: { params: trustPolicyPath },
  responses: { 200: json(trustPolicySchema, "The policy") },
  errors: ["TRUST_POLICY_NOT_FOUND"],
});

oidcRoutes.openapi(read, async (c) =>
  answerRecord(c, await readTrustPolicy(c.get("context"), c.get("caller"), c.req.valid("param").policyId), 200),
);

const remove = route({
  method: "delete",
  path: "/oidc/trust-policies/{policyId}",
  access: "agents:write",
  changesAuthority: true,
  exempt: true,
  entityTag: true,
  tags,
  summary: "Delete a trust policy",
  sdk: { call: "trustPolicies.delete", retry: "idempotent" },
  description:
    "Final. The tokens that were issued by it are revoked. The caller must have the authority to take the agent over.",
  request: { params: trustPolicyPath },
  responses: { 204: { description: "Deleted" } },
  errors: ["FORBIDDEN", "TRUST_POLICY_NOT_FOUND"],
});

oidcRoutes.openapi(remove, async (c) => {
  const { policyId } = c.req.valid("param");
  return answer(c, await deleteTrustPolicy(c.get("context"), c.get("caller"), policyId, c.get("preconditions")), 204);
});

/** The paths of agents. */

import { once } from "../../access/idempotency/once.ts";
import { route, type UncheckedBody } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerRecord } from "../../platform/http/conditional.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  agentListSchema,
  agentPath,
  agentSchema,
  agentSummarySchema,
  changeAgentSchema,
  createAgentSchema,
} from "./schema.ts";
import {
  changeAgent,
  decommissionAgent,
  eraseAgent,
  listAgents,
  readAgent,
  registerAgent,
  summarizeAgents,
} from "./service.ts";

const tags = ["Agents"];

export const agentRoutes = createRouter();

const register = route({
  method: "post",
  path: "/agents",
  access: "agents:write",
  changesAuthority: true,
  entityTag: true,
  tags,
  summary: "Register an agent",
  sdk: { call: "agents.register", retry: "keyed" },
  description:
    "The agent gets an id, which is also its OAuth `client_id`, a DID and a key. It becomes a member of its organization. An admin with `admin:orgs` in its token may give it any capability and any scope. Every other caller may give it the platform scopes that its own token carries, `delegations:write`, and the capabilities that its own agent holds.",
  request: { body: { required: true, ...json(createAgentSchema, "The agent") } },
  responses: { 201: json(agentSchema, "The agent") },
  errors: ["FORBIDDEN", "FREE_TIER_LIMIT_EXCEEDED", "ORGANIZATION_NOT_FOUND", "AGENT_ALREADY_EXISTS"],
});

agentRoutes.openapi(register, async (c) => {
  return answerRecord(c, await once(c, (context) => registerAgent(context, c.get("caller"), c.req.valid("json"))), 201);
});

const list = route({
  method: "get",
  path: "/agents",
  access: "agents:read",
  tags,
  summary: "List agents",
  sdk: { call: "agents.list", retry: "read" },
  description:
    "The agents of the caller's organization, newest first unless `sort` says otherwise, decommissioned ones included unless `status` does. A cursor is valid with its `sort` and `search` only.",
  request: { query: agentListSchema },
  responses: { 200: json(pageSchema("AgentPage", agentSchema), "A page of agents") },
});

agentRoutes.openapi(list, async (c) => {
  return answer(c, await listAgents(c.get("context"), c.get("caller"), c.req.valid("query")), 200);
});

// Before the route of one agent, whose path it fits too.
const summarize = route({
  method: "get",
  path: "/agents/summary",
  access: "agents:read",
  tags,
  summary: "Read the agent summary",
  sdk: { call: "agents.summary", retry: "read" },
  description:
    "How many agents the caller's organization has, by status, type and environment, with a zero for each value that none has, and what needs attention: agents that cannot sign in, and credentials that expire soon.",
  responses: { 200: json(agentSummarySchema, "The numbers") },
});

agentRoutes.openapi(summarize, async (c) => {
  return answer(c, await summarizeAgents(c.get("context"), c.get("caller")), 200);
});

const read = route({
  method: "get",
  path: "/agents/{agentId}",
  access: "agents:read",
  entityTag: true,
  tags,
  summary: "Read an agent",
  sdk: { call: "agents.get", retry: "read" },
  request: { params: agentPath },
  responses: { 200: json(agentSchema, "The agent") },
  errors: ["AGENT_NOT_FOUND"],
});

agentRoutes.openapi(read, async (c) => {
  return answerRecord(c, await readAgent(c.get("context"), c.get("caller"), c.req.valid("param").agentId), 200);
});

/** Whether a change gives authority or a way to sign in; the other fields only describe the agent. */
const givesAuthority = (body: UncheckedBody): boolean =>
  body.status === "active" ||
  ["capabilities", "grantedScopes", "publicKeyJwk", "dpopRequired"].some((field) => Object.hasOwn(body, field));

const change = route({
  method: "patch",
  path: "/agents/{agentId}",
  access: "agents:write",
  changesAuthority: givesAuthority,
  exempt: "suspending",
  entityTag: true,
  tags,
  operationId: "changeAgent",
  summary: "Change, suspend or reactivate an agent",
  sdk: { call: "agents.update", retry: "idempotent" },
  description:
    "Changes the fields that the body names. Suspending ends the agent's tokens and sign-ins at once; reactivating allows new ones, and old tokens stay inactive. A removed capability or scope is missing from the next token on, and ends the delegations with it. Setting `dpopRequired` ends the agent's tokens that are not bound to a key.",
  request: { params: agentPath, body: { required: true, ...json(changeAgentSchema, "The fields to change") } },
  responses: { 200: json(agentSchema, "The agent as it is now") },
  errors: ["FORBIDDEN", "AGENT_NOT_FOUND", "AGENT_ALREADY_EXISTS", "AGENT_ALREADY_DECOMMISSIONED"],
});

agentRoutes.openapi(change, async (c) => {
  const { agentId } = c.req.valid("param");
  const [context, caller, preconditions] = [c.get("context"), c.get("caller"), c.get("preconditions")];
  return answerRecord(c, await changeAgent(context, caller, agentId, c.req.valid("json"), preconditions), 200);
});

const decommission = route({
  method: "delete",
  path: "/agents/{agentId}",
  access: "agents:write",
  changesAuthority: true,
  exempt: true,
  entityTag: true,
  tags,
  summary: "Decommission an agent",
  sdk: { call: "agents.decommission", retry: "idempotent" },
  description:
    "Final. The agent's tokens and credentials are revoked; it no longer counts against the limit. Its private key and the hashes of its secrets are removed within minutes; its record stays for the audit.",
  request: { params: agentPath },
  responses: { 204: { description: "Decommissioned" } },
  errors: ["FORBIDDEN", "AGENT_NOT_FOUND", "AGENT_ALREADY_DECOMMISSIONED"],
});

agentRoutes.openapi(decommission, async (c) => {
  const { agentId } = c.req.valid("param");
  return answer(c, await decommissionAgent(c.get("context"), c.get("caller"), agentId, c.get("preconditions")), 204);
});

const erase = route({
  method: "post",
  path: "/agents/{agentId}/erase",
  access: "admin:orgs",
  changesAuthority: true,
  entityTag: true,
  tags,
  summary: "Erase an agent",
  sdk: { call: "agents.erase", retry: "idempotent" },
  description:
    "Replaces the e-mail and the owner of a decommissioned agent and removes its description: in its record, and in the stored deliveries of its webhook events. A new agent may have the e-mail. Final. The agent's id, its DID and its audit events stay. Erasing it again changes nothing. No body is read.",
  request: { params: agentPath },
  responses: { 200: json(agentSchema, "The agent as it is now") },
  errors: ["FORBIDDEN", "AGENT_NOT_FOUND", "AGENT_NOT_DECOMMISSIONED"],
});

agentRoutes.openapi(erase, async (c) => {
  const { agentId } = c.req.valid("param");
  return answerRecord(c, await eraseAgent(c.get("context"), c.get("caller"), agentId, c.get("preconditions")), 200);
});

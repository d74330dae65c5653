/**
 * Attack: an organization or agent id in a body to act as somebody else (CVE-2025-61928): ignored or refused, never
 * obeyed. Generated from the OpenAPI document; the ids that a body may hold are attacked in other-organization.test.ts.
 */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";
import { filled, type Operation, operations, resolved } from "./_operations.ts";

let attacker: Organization;
let victim: Organization;
let operator: Organization;

beforeAll(async () => {
  operator = await theOperator();
  attacker = await newOrganization();
  victim = await newOrganization();
});

/** Names under which other services have taken the caller's identity out of a body. */
const claimed = (): Record<string, unknown> => ({
  organizationId: victim.organizationId,
  organization_id: victim.organizationId,
  orgId: victim.organizationId,
  tenantId: victim.organizationId,
  tenant_id: victim.organizationId,
  agentId: victim.agentId,
  agent_id: victim.agentId,
  clientId: victim.agentId,
  client_id: victim.agentId,
  sub: victim.agentId,
  userId: victim.agentId,
  actor: { agentId: victim.agentId },
  caller: victim.agentId,
  onBehalfOf: victim.agentId,
  role: "admin",
  roles: ["admin"],
  isOperator: true,
  isAdmin: true,
  scope: "admin:orgs",
  permissions: ["*"],
  status: "active",
  planTier: "enterprise",
  did: "did:web:localhost%3A8787",
  createdAt: "2020-01-01T00:00:00.000Z",
  constructor: { prototype: { role: "admin" } },
});

const withJson = operations.filter(
  // Stripe's events are known by their signature, whatever they hold.
  ({ body, operationId }) => body?.type === "application/json" && operationId !== "receiveEventFromStripe",
);

/** Every name that an alternative of a schema may have. */
function propertiesOf(schema: Body): string[] {
  const alternatives = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [...Object.keys(schema.properties ?? {}), ...alternatives.map(resolved).flatMap(propertiesOf)];
}

/** What tells the alternatives of a body apart. */
const kinds: Readonly<Record<string, Body>> = { createTrustPolicy: { provider: "github" } };

describe("a field that says who acts, and that the route does not have, is refused by name at", () => {
  it.each(withJson)("$method $path", async ({ operationId, method, path, body, bearer }: Operation) => {
    const ids = { orgId: attacker.organizationId, agentId: attacker.agentId, credentialId: attacker.credentialId };
    const known = propertiesOf(body?.schema);
    const token = bearer === "none" ? {} : { token: attacker.token };
    const obeyed: string[] = [];
    for (const [field, value] of Object.entries(claimed()).filter(([name]) => !known.includes(name))) {
      const answer = await call(filled(path, ids), {
        method,
        ...token,
        json: { ...kinds[operationId], [field]: value },
      });
      // Where who calls is asked before what is sent, the answer may be about that.
      const isRefused = [401, 403, 404].includes(answer.status);
      const names = answer.body.details?.issues?.some((issue: Body) => issue.path === field);
      if (!isRefused && !(answer.status === 400 && names)) obeyed.push(`${field}: ${answer.text.slice(0, 200)}`);
    }
    expect(obeyed).toEqual([]);
  });
});

const identityHeaders = () => ({
  "X-Organization-Id": victim.organizationId,
  "X-Tenant-Id": victim.organizationId,
  "X-Agent-Id": victim.agentId,
  "X-User-Id": victim.agentId,
  "X-Forwarded-User": victim.agentId,
  "X-Client-Id": victim.agentId,
  "X-Original-URL": `/api/v1/organizations/${victim.organizationId}`,
  "X-Rewrite-URL": `/api/v1/organizations/${victim.organizationId}`,
  "X-Forwarded-Host": "evil.example",
  "X-HTTP-Method-Override": "DELETE",
  "X-Method-Override": "DELETE",
  Cookie: `session=${victim.token}`,
});

describe("the same in a query or in headers changes nothing", () => {
  const readers = operations.filter(
    // Without what changes by itself: times, counts, ids of events.
    ({ operationId }) =>
      [
        "readAgentInfo",
        "listAgents",
        "readAgent",
        "listOrganizations",
        "readOrganization",
        "listMembers",
        "listWebhooks",
        "listPartners",
        "listTrustPolicies",
        "listDelegations",
        "listCredentials",
      ].includes(operationId),
  );

  it.each(readers)("$method $path", async ({ method, path }) => {
    expect(readers).toHaveLength(11);
    const ids = { orgId: attacker.organizationId, agentId: attacker.agentId };
    const at = filled(path, ids);
    const honest = await call(at, { method, token: attacker.token });
    expect(honest.status).toBe(200);
    const query = new URLSearchParams(
      Object.entries(claimed()).filter((entry): entry is [string, string] => {
        // Filters of the list itself.
        return typeof entry[1] === "string" && !["status", "role"].includes(entry[0]);
      }),
    );
    const byHeaders = await call(at, { method, token: attacker.token, headers: identityHeaders() });
    expect([byHeaders.status, byHeaders.text]).toEqual([200, honest.text]);
    // A query is refused for what it does not know, and otherwise answered as without.
    const byQuery = await call(`${at}?${query}`, { method, token: attacker.token });
    if (byQuery.status === 200) expect(byQuery.text).toBe(honest.text);
    else expect([byQuery.status, byQuery.body.code]).toEqual([400, "VALIDATION_ERROR"]);
  });

  it("no document names another host than the issuer's", async () => {
    for (const path of ["/.well-known/openid-configuration", "/.well-known/did.json", "/openapi.json"]) {
      const { text } = await call(path, { headers: { ...identityHeaders(), Forwarded: "host=evil.example" } });
      expect(text).not.toContain("evil.example");
    }
  });
});

describe("the token endpoint", () => {
  it("ignores who the form says that the agent is", async () => {
    const own = await newClient(attacker.token);
    const { client_id: _, scope: __, ...rest } = claimed();
    const texts = Object.entries(rest).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const honest = decodeJwt(await tokenFor(own));
    const { jti: _jti, iat: _iat, exp: _exp, ...claims } = decodeJwt(await tokenFor(own, Object.fromEntries(texts)));
    expect(honest).toMatchObject(claims);
    expect(Object.keys(honest).length).toBe(Object.keys(claims).length + 3);
  });

  it("refuses a client_id that is not the client", async () => {
    const answer = await call("/api/v1/token", {
      basic: attacker,
      form: { grant_type: "client_credentials", client_id: victim.agentId },
    });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_request"]);
  });
});

describe("ids of a body that mean something", () => {
  it("organization_id of the operator, or of anybody, registers nothing there", async () => {
    for (const { organizationId, token } of [operator, victim]) {
      const before = await call("/api/v1/agents?limit=100", { token });
      const email = `intruder@${organizationId}.example`;
      const fields = {
        agentType: "custom",
        version: "1.0.0",
        capabilities: ["a:b"],
        owner: "x",
        deploymentEnv: "staging",
      };
      const answer = await call("/api/v1/agents", {
        token: attacker.token,
        json: { email, ...fields, organization_id: organizationId },
      });
      expect(answer.status).toBe(403);
      expect((await call("/api/v1/agents?limit=100", { token })).text).toBe(before.text);
    }
  });
});

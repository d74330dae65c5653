/**
 * Attack: lending `agents:write`, `webhooks:write`, `admin:orgs`; then every write route with a delegated token: 400 at `/delegate`, 403 at what changes authority. Attack: a member who narrows
 * a wider agent first and takes it over then; an admin's token without `admin:orgs` that grants it: 403.
 */
import { beforeAll, describe, expect, it } from "vitest";
import {
  agentFields,
  type Client,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";
import { filled, guarded } from "./_operations.ts";

let organization: Organization;
let delegator: Client & { agentId: string };
let delegatee: Client & { agentId: string };
let delegatedToken: string;

const grantedScopes = ["agents:read", "agents:write", "webhooks:read", "webhooks:write", "delegations:write"];

const lend = (token: string, scopes: readonly string[]) =>
  call("/api/v1/oauth2/token/delegate", {
    token,
    json: { delegateeAgentId: delegatee.agentId, scopes, ttlSeconds: 600 },
  });

beforeAll(async () => {
  organization = await newOrganization();
  delegator = await newClient(organization.token, { grantedScopes });
  delegatee = await newClient(organization.token, { grantedScopes: ["agents:read"] });
  const lent = await lend(await tokenFor(delegator), ["agents:read"]);
  expect(lent.status, lent.text).toBe(201);
  const exchanged = await call("/api/v1/token", {
    basic: delegatee,
    form: {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: lent.body.delegationToken,
      subject_token_type: "urn:sentryagent:token-type:delegation",
    },
  });
  delegatedToken = exchanged.body.access_token;
});

describe("lending", () => {
  it.each(["agents:write", "webhooks:write", "delegations:write", "openid"])(
    "%s is refused and named",
    async (scope) => {
      const token = await tokenFor(delegator, { scope: [...grantedScopes, "openid"].join(" ") });
      const { status, body } = await lend(token, ["agents:read", scope]);
      expect([status, body.details.outside]).toEqual([400, [scope]]);
    },
  );

  it("admin:orgs is refused and named", async () => {
    const { status, body } = await lend(organization.token, ["admin:orgs", "agents:read"]);
    expect([status, body.details.outside]).toEqual([400, ["admin:orgs"]]);
  });
});

/** Writes that change neither who can sign in nor what an agent may do. */
const harmless = [
  "POST /agent-info",
  "POST /api/v1/oauth2/token/delegate",
  "POST /api/v1/oauth2/token/verify-delegation",
  "DELETE /api/v1/oauth2/token/delegate/{chainId}",
  "POST /api/v1/federation/verify",
  "POST /api/v1/webhooks/{webhookId}/test",
  "POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
  "POST /api/v1/tiers/upgrade",
  "POST /api/v1/billing/upgrade",
];

describe("a delegated token", () => {
  const writes = guarded.filter(({ method }) => !["GET", "HEAD"].includes(method));
  const changing = writes.filter(({ method, path }) => !harmless.includes(`${method} ${path}`));

  it("meets routes that change authority", () => expect(changing.length).toBeGreaterThan(20));

  it.each(changing.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s: 403, whatever its scopes are",
    async (_, operation) => {
      const json = operation.path.endsWith("/agents/{agentId}") ? { status: "active" } : {};
      const { status, body } = await call(filled(operation.path), {
        method: operation.method,
        token: delegatedToken,
        ...(operation.method === "DELETE" ? {} : { json }),
      });
      expect([status, body.details?.delegated]).toEqual([403, true]);
    },
  );
});

describe("a member with agents:write", () => {
  it("neither narrows, renames nor decommissions an agent that holds more; it may suspend it", async () => {
    const member = await newClient(organization.token, { grantedScopes: ["agents:read", "agents:write"] });
    const wider = await newClient(organization.token, { capabilities: ["payroll:write", "resume:read"] });
    const token = await tokenFor(member);
    const patch = (json: unknown) => call(`/api/v1/agents/${wider.agentId}`, { method: "PATCH", token, json });
    const bodies = [
      { capabilities: ["resume:read"] },
      { grantedScopes: [] },
      { owner: "somebody-else" },
      { email: "taken.over@example.com" },
      { isPublic: true },
      { status: "suspended", capabilities: ["resume:read"] },
    ];
    for (const json of bodies) expect([json, (await patch(json)).status]).toEqual([json, 403]);
    expect((await call(`/api/v1/agents/${wider.agentId}`, { method: "DELETE", token })).status).toBe(403);
    expect((await patch({ status: "suspended" })).status).toBe(200);
    expect((await patch({ status: "active" })).status).toBe(403);
  });
});

describe("an admin's token without admin:orgs", () => {
  it("grants no platform scope that it does not carry, no capability that its agent lacks, and gets no secret of a wider agent", async () => {
    const token = await tokenFor(organization, { scope: "agents:write agents:read" });
    const fields = {
      email: "x@example.com",
      agentType: "custom",
      version: "1.0.0",
      owner: "x",
      deploymentEnv: "staging",
    };
    for (const extra of [{}, { grantedScopes: ["admin:orgs"] }, { grantedScopes: ["audit:read"] }]) {
      const json = { ...fields, capabilities: ["a:b"], ...extra };
      expect((await call("/api/v1/agents", { token, json })).status).toBe(403);
    }
    const own = await call(`/api/v1/agents/${organization.agentId}/credentials`, { token, json: {} });
    expect([own.status, own.body.code]).toEqual([403, "FORBIDDEN"]);
  });

  it("suspends an agent that is no admin, and no admin that holds more", async () => {
    const { agentId } = await newClient(organization.token);
    const wide = await newClient(organization.token);
    const members = `/api/v1/organizations/${organization.organizationId}/members`;
    const json = { agentId: wide.agentId, role: "admin" };
    expect((await call(members, { token: organization.token, json })).status).toBe(201);
    const token = await tokenFor(organization, { scope: "agents:write" });
    const suspend = (id: string) =>
      call(`/api/v1/agents/${id}`, { method: "PATCH", token, json: { status: "suspended" } });
    const refused = await suspend(wide.agentId);
    expect([refused.status, refused.body.details]).toEqual([403, { notGrantable: ["resume:read", "agents:read"] }]);
    expect((await suspend(agentId)).status).toBe(200);
  });

  it("of the operator registers no agent in another organization", async () => {
    const operator = await theOperator();
    const token = await tokenFor(operator, { scope: "agents:write agents:read" });
    const json = agentFields({ organization_id: organization.organizationId });
    const { status, body } = await call("/api/v1/agents", { token, json });
    expect([status, body.details]).toEqual([403, { requiredScope: "admin:orgs" }]);
    expect((await call("/api/v1/agents", { token: operator.token, json })).status).toBe(201);
  });
});

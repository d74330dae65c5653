/**
 * Attack: any route × any id of another organization answers as for an id that never was. Generated from the OpenAPI
 * document, so a new route is attacked the day it is added: it fails here until its ids and its body are named below.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, call, newAgent, newCredential, newOrganization, type Organization } from "../support/api.ts";
import { filled, guarded, parametersOf } from "./_operations.ts";

/** Operations whose answer is public by design: whoever knows an agent's id may resolve its DID. */
const publicByDesign = new Set(["resolveAgentDid"]);

/** A body that is in order, for every operation that takes one, so that the answer is about the id and nothing else. */
const bodies: Readonly<Record<string, unknown>> = {
  changeOrganization: { name: "Another name" },
  setMember: { agentId: crypto.randomUUID(), role: "member" },
  changeAgent: { owner: "somebody-else" },
  createCredential: {},
  rotateCredential: {},
  changePartner: { name: "Another name" },
  changeWebhook: { name: "Another name" },
  addDomain: { domain: "acme.test" },
  changeResource: { name: "Another name" },
};

const withIds = guarded
  .filter(({ path, operationId }) => path.includes("{") && !publicByDesign.has(operationId))
  .map(({ operationId, method, path }) => ({ operationId, method, path }));

let attacker: Organization;
let victim: Organization;
/** One thing of the victim's for every path parameter. */
let victims: Record<string, string>;
/** One thing of the attacker's own. */
let own: Record<string, string>;

async function thingsOf(tenant: Organization): Promise<Record<string, string>> {
  const { token } = tenant;
  const agent = await newAgent(token);
  const credential = await newCredential(token, agent.agentId);
  const policy = await call("/api/v1/oidc/trust-policies", {
    token,
    json: { provider: "github", repository: "octo/app", branch: "main", agentId: agent.agentId },
  });
  const partner = await call("/api/v1/federation/trust", {
    token,
    json: { name: "Partner", issuer: "https://idp.example.com" },
  });
  const delegation = await call("/api/v1/oauth2/token/delegate", {
    token,
    json: { delegateeAgentId: agent.agentId, scopes: ["agents:read"], ttlSeconds: 600 },
  });
  const webhook = await call("/api/v1/webhooks", {
    token,
    json: { name: "Hook", url: "http://localhost:9/hook", events: ["agent.created"] },
  });
  const domain = await call(`/api/v1/organizations/${tenant.organizationId}/domains`, {
    token,
    json: { domain: `${tenant.slug}.test` },
  });
  const resource = await call("/api/v1/resources", {
    token,
    json: { identifier: `urn:agentidp:${tenant.slug}:api`, name: "API" },
  });
  const delivery = await call(`/api/v1/webhooks/${webhook.body.id}/test`, { method: "POST", token });
  const log = await call("/api/v1/audit?limit=1", { token });
  for (const made of [policy, partner, delegation, webhook, domain, resource]) expect(made.status, made.text).toBe(201);
  return {
    orgId: tenant.organizationId,
    agentId: agent.agentId,
    credentialId: credential.credentialId,
    policyId: policy.body.policyId,
    partnerId: partner.body.partnerId,
    chainId: delegation.body.chainId,
    webhookId: webhook.body.id,
    domain: domain.body.domain,
    resourceId: resource.body.resourceId,
    deliveryId: delivery.body.id,
    eventId: log.body.data[0].eventId,
  };
}

beforeAll(async () => {
  attacker = await newOrganization();
  victim = await newOrganization();
  [own, victims] = [await thingsOf(attacker), await thingsOf(victim)];
});

function ask({ operationId, method, path }: (typeof withIds)[number], ids: Record<string, string>): Promise<Answer> {
  const json = operationId in bodies ? { json: bodies[operationId] } : {};
  return call(filled(path, ids), { method, token: attacker.token, ...json });
}

const told = ({ status, body }: Answer) => ({ status, body: { ...body, requestId: "" } });

describe.each(withIds)("$method $path", (operation) => {
  const parameters = parametersOf(operation.path);

  it("names only parameters that this test knows", () => {
    expect(Object.keys(victims)).toEqual(expect.arrayContaining(parameters));
  });

  // With every prefix of the path the attacker's own: /agents/<own>/credentials/<victim's> is attacked, too.
  it.each(parameters.map((_, index) => index))(
    "from parameter %d on, another organization's ids do not exist",
    async (from) => {
      const mix = (foreign: (name: string) => string) =>
        Object.fromEntries(parameters.map((name, index) => [name, index < from ? (own[name] ?? "") : foreign(name)]));
      const never = await ask(
        operation,
        mix(() => crypto.randomUUID()),
      );
      const foreign = await ask(
        operation,
        mix((name) => victims[name] ?? ""),
      );
      expect(never.status, never.text).toBe(404);
      expect(told(foreign)).toEqual(told(never));
    },
  );
});

describe("ids of another organization in a body", () => {
  it.each<[string, string, (agentId: string) => unknown, number]>([
    [
      "POST",
      "/api/v1/oidc/trust-policies",
      (agentId) => ({ provider: "github", repository: "o/r", branch: "main", agentId }),
      404,
    ],
    [
      "POST",
      "/api/v1/oauth2/token/delegate",
      (delegateeAgentId) => ({ delegateeAgentId, scopes: ["agents:read"], ttlSeconds: 60 }),
      400,
    ],
  ])("%s %s", async (method, path, json, status) => {
    const never = await call(path, { method, token: attacker.token, json: json(crypto.randomUUID()) });
    const foreign = await call(path, { method, token: attacker.token, json: json(victims.agentId ?? "") });
    expect(never.status, never.text).toBe(status);
    const withoutIds = (answer: Answer) => JSON.stringify(told(answer)).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>");
    expect(withoutIds(foreign)).toBe(withoutIds(never));
  });

  it("POST members: an agent of another organization", async () => {
    const path = `/api/v1/organizations/${attacker.organizationId}/members`;
    const never = await call(path, { token: attacker.token, json: { agentId: crypto.randomUUID(), role: "member" } });
    const foreign = await call(path, { token: attacker.token, json: { agentId: victims.agentId, role: "member" } });
    expect(never.status).toBe(404);
    expect(told(foreign)).toEqual(told(never));
  });

  it("organization_id at registration is refused, never obeyed", async () => {
    const answer = await call("/api/v1/agents", {
      token: attacker.token,
      json: {
        email: "intruder@example.com",
        agentType: "custom",
        version: "1.0.0",
        capabilities: ["resume:read"],
        owner: "x",
        deploymentEnv: "production",
        organization_id: victim.organizationId,
      },
    });
    expect(answer.status).toBe(403);
    expect((await call("/api/v1/agents?owner=x", { token: victim.token })).body.data).toEqual([]);
  });
});

describe("filters and lists", () => {
  it.each([
    "/api/v1/agents",
    "/api/v1/organizations",
    "/api/v1/audit",
    "/api/v1/oidc/trust-policies",
    "/api/v1/federation/partners",
    "/api/v1/oauth2/token/delegations",
    "/api/v1/webhooks",
  ])("%s shows nothing of another organization", async (path) => {
    const answer = await call(`${path}?limit=100`, { token: attacker.token });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.data.length).toBeGreaterThan(0);
    for (const id of Object.values(victims)) expect(answer.text).not.toContain(id);
  });

  it("the audit log filtered by another organization's agent is empty", async () => {
    const { body } = await call(`/api/v1/audit?agentId=${victims.agentId}`, { token: attacker.token });
    expect(body).toEqual({ data: [], nextCursor: null, agents: {} });
  });

  it("a cursor of another organization is no cursor", async () => {
    for (let made = 0; made < 2; made++) await newAgent(victim.token);
    const { body } = await call("/api/v1/agents?limit=1", { token: victim.token });
    const answer = await call(`/api/v1/agents?cursor=${body.nextCursor}`, { token: attacker.token });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues[0].path).toBe("cursor");
  });
});

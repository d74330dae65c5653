/** GET /api/v1/compliance/agent-cards. How well the formats fit what others expect: test/agntcy/interoperability.node.test.ts. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Body, call, issuer, newAgent, newOrganization, type Organization, tokenFor } from "../../support/api.ts";

const host = new URL(issuer).host;
const path = "/api/v1/compliance/agent-cards";

let organization: Organization;
let agent: Body;
beforeAll(async () => {
  organization = await newOrganization();
  agent = await newAgent(organization.token, {
    agentType: "summarizer",
    capabilities: ["report:read", "report:*"],
    description: "Sums up reports.",
    version: "1.4.0-rc.1",
  });
});

async function cards(query = ""): Promise<Body[]> {
  const { status, body, text } = await call(`${path}${query}`, { token: organization.token });
  expect(status, text).toBe(200);
  return body;
}

const of = (body: Body[], field: (card: Body) => string, value: string) => body.find((card) => field(card) === value);

describe("without a format", () => {
  it("has the card of each active agent, oldest first", async () => {
    const { headers } = await call(path, { token: organization.token });
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Cache-Control")).toBe("no-store");
    const body = await cards();
    expect(body.map(({ name }) => name)).toEqual([`admin@${organization.slug}.example`, agent.email]);
    expect(body[1]).toStrictEqual({
      did: agent.did,
      name: agent.email,
      agentType: "summarizer",
      capabilities: ["report:read", "report:*"],
      owner: "talent-team",
      version: "1.4.0-rc.1",
      deploymentEnv: "production",
      identityProvider: issuer,
      issuedAt: agent.createdAt,
    });
  });

  it("has no suspended and no decommissioned agent, and none of another organization", async () => {
    const tenant = await newOrganization();
    const [suspended, gone] = [await newAgent(tenant.token), await newAgent(tenant.token)];
    const change = { token: tenant.token, method: "PATCH", json: { status: "suspended" } };
    await call(`/api/v1/agents/${suspended.agentId}`, change);
    await call(`/api/v1/agents/${gone.agentId}`, { token: tenant.token, method: "DELETE" });
    const { body } = await call(path, { token: tenant.token });
    expect(body.map(({ name }: Body) => name)).toEqual([`admin@${tenant.slug}.example`]);
  });

  it("leaves hostile text what it is", async () => {
    const tenant = await newOrganization();
    const owner = '</script><img src=x onerror=alert(1)>"\\ \u2028 𝕏 {{7*7}} __proto__';
    await newAgent(tenant.token, { owner, description: "'; DROP TABLE agents; --" });
    for (const format of ["card", "oasf", "a2a"]) {
      const { body } = await call(`${path}?format=${format}`, { token: tenant.token });
      const last = body.at(-1);
      expect(last.owner ?? last.authors?.[0] ?? last.provider.organization).toBe(owner);
      if (format !== "card") expect(last.description).toBe("'; DROP TABLE agents; --");
    }
  });
});

describe("format=oasf", () => {
  const record = {
    schema_version: "1.0.0",
    version: "1.4.0-rc.1",
    description: "Sums up reports.",
    authors: ["talent-team"],
    skills: [{ id: 10202, name: "natural_language_processing/natural_language_generation/summarization" }],
    domains: [{ id: 110, name: "technology/process_automation" }],
  };
  const name = () => `${host}/${agent.agentId}`;
  const url = () => `${issuer}/agents/${agent.agentId}/did.json`;

  it("has OASF 1.0.0 records", async () => {
    expect(of(await cards("?format=oasf"), (card) => card.name, name())).toStrictEqual({
      ...record,
      name: name(),
      created_at: agent.createdAt,
      locators: [{ type: "url", urls: [url()] }],
      annotations: {
        did: agent.did,
        name: agent.email,
        agentType: "summarizer",
        capabilities: "report:read report:*",
        deploymentEnv: "production",
        identityProvider: issuer,
      },
    });
  });

  it("has OASF 0.8.0 records for oasfVersion=0.8.0", async () => {
    expect(of(await cards("?format=oasf&oasfVersion=0.8.0"), (card) => card.name, name())).toMatchObject({
      ...record,
      schema_version: "0.8.0",
      locators: [{ type: "unspecified", url: url() }],
    });
  });

  it("names the locator of each record, and it is there", async () => {
    const [{ locators }] = await cards("?format=oasf");
    expect((await call(new URL(locators[0].urls[0]).pathname)).status).toBe(200);
  });
});

describe("format=a2a", () => {
  it("has A2A 1.0 agent cards", async () => {
    expect(of(await cards("?format=a2a"), (card) => card.name, agent.email)).toMatchObject({
      description: "Sums up reports.",
      version: "1.4.0-rc.1",
      provider: { organization: "talent-team", url: issuer },
      capabilities: { extensions: [{ params: { did: agent.did } }] },
      securityRequirements: [{ schemes: { oauth2: { list: ["report:read", "report:*"] } } }],
      skills: [
        { id: "report:read", tags: ["summarizer", "report", "read"] },
        { id: "report:*", tags: ["summarizer", "report"] },
      ],
    });
  });

  it("points to documents that are there", async () => {
    const [card] = await cards("?format=a2a");
    const { oauth2, openId } = card.securitySchemes;
    const { oauth2MetadataUrl, flows, description } = oauth2.oauth2SecurityScheme;
    // Its scopes are capabilities, which only a token for a resource carries.
    expect(description).toContain("resource");
    const urls = [
      oauth2MetadataUrl,
      openId.openIdConnectSecurityScheme.openIdConnectUrl,
      card.supportedInterfaces[0].url,
    ];
    for (const url of urls) expect((await call(new URL(url).pathname)).status, url).toBe(200);
    const { body } = await call(new URL(oauth2MetadataUrl).pathname);
    expect(flows.clientCredentials.tokenUrl).toBe(body.token_endpoint);
  });
});

describe("400", () => {
  it.each([
    ["format=xml", "format: must be one of card, oasf, a2a"],
    ["format=", "format: must be one of card, oasf, a2a"],
    ["format=oasf&format=a2a", "format: must be one of card, oasf, a2a"],
    ["format=oasf&oasfVersion=0.7.0", "oasfVersion: must be one of 1.0.0, 0.8.0"],
  ])("%s", async (query, message) => {
    const { status, body } = await call(`${path}?${query}`, { token: organization.token });
    expect([status, body.code, body.message]).toEqual([400, "VALIDATION_ERROR", message]);
  });
});

it("403 without agents:read, 401 without a token", async () => {
  const token = await tokenFor(organization, { scope: "audit:read" });
  const { status, body } = await call(path, { token });
  expect([status, body.details]).toEqual([403, { requiredScope: "agents:read" }]);
  expect((await call(path)).status).toBe(401);
});

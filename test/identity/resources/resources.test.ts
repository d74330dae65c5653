import { describe, expect, it } from "vitest";
import {
  type Answer,
  adminToken,
  call,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
  unique,
} from "../../support/api.ts";
import { domainCalls, newName, proved, standInResolver } from "../../tenancy/domains/_support.ts";

const zone = standInResolver();
const path = "/api/v1/resources";
const scopes = [
  { name: "resume:read", description: "Read resumes" },
  { name: "resume:write", description: "Change resumes" },
];

const urnOf = ({ slug }: Organization) => `urn:agentidp:${slug}:${unique("api")}`;
const register = ({ token }: Organization, json: unknown): Promise<Answer> => call(path, { token, json });

async function registered(organization: Organization, fields: Record<string, unknown> = {}) {
  const answer = await register(organization, { identifier: urnOf(organization), name: "Resumes", scopes, ...fields });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** An organization with a proved domain. */
async function holderOf(name: string): Promise<Organization> {
  const organization = await newOrganization();
  expect((await proved(zone, domainCalls(organization), name)).answer.status).toBe(200);
  return organization;
}

describe("POST /resources", () => {
  it("201: with defaults, under a slug that needs no domain", async () => {
    const organization = await newOrganization();
    const identifier = urnOf(organization);
    const { status, body } = await register(organization, { identifier, name: "Resumes" });
    expect(status).toBe(201);
    expect(body).toEqual({
      resourceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      organizationId: organization.organizationId,
      identifier,
      name: "Resumes",
      scopes: [],
      allowedOrganizations: [],
      servers: [],
      tokenTtlSeconds: null,
      requireDpop: false,
      status: "active",
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: body.createdAt,
    });
    const log = await call("/api/v1/audit?action=resource.created", { token: organization.token });
    expect(log.body.data[0]).toMatchObject({ target: body.resourceId, details: { identifier } });
  });

  it("201 at or below a verified domain, 400 elsewhere, below the domain of another, and for another's slug", async () => {
    const name = newName();
    const [organization, other] = [await holderOf(name), await newOrganization()];
    for (const host of [name, `api.${name}`, `a.b.${name}`]) {
      expect((await register(organization, { identifier: `https://${host}/mcp`, name: "Resumes" })).status).toBe(201);
    }
    for (const identifier of [`https://x${name}`, `https://${name}.evil.com`, "https://api.elsewhere.com"]) {
      expect((await register(organization, { identifier, name: "Resumes" })).status).toBe(400);
    }
    for (const identifier of [`https://new.${name}`, urnOf(organization)]) {
      const answer = await register(other, { identifier, name: "Resumes" });
      expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "identifier"]);
    }
    expect((await domainCalls(organization).remove(name)).body.code).toBe("DOMAIN_IN_USE");
  });

  it("409: an identifier of a loopback host that the organization has, in another spelling too; another organization may have it", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()];
    for (const organization of [one, other]) {
      expect((await domainCalls(organization).add("localhost")).body.status).toBe("verified");
      const answer = await register(organization, { identifier: "http://localhost:3131/q", name: "Queue" });
      expect(answer.status, answer.text).toBe(201);
    }
    for (const identifier of ["http://localhost:3131/q", "http://localhost:3131/q/", "http://localhost:3131/%71"]) {
      const answer = await register(one, { identifier, name: "Queue" });
      expect([identifier, answer.status, answer.body.code]).toEqual([identifier, 409, "RESOURCE_ALREADY_EXISTS"]);
    }
  });

  it("409: an identifier that exists, in another spelling too", async () => {
    const name = newName();
    const organization = await holderOf(name);
    expect((await register(organization, { identifier: `https://${name}/mcp`, name: "One" })).status).toBe(201);
    for (const same of [`https://${name}/mcp`, `https://${name}/mcp/`, `https://${name}:443/mc%70`]) {
      const answer = await register(organization, { identifier: same, name: "Two" });
      expect([answer.status, answer.body.code]).toEqual([409, "RESOURCE_ALREADY_EXISTS"]);
    }
    expect((await register(organization, { identifier: `https://${name}/MCP`, name: "Three" })).status).toBe(201);
  });

  it("attack: a resource that is registered or enabled while its domain is removed rests on no lost domain", async () => {
    const name = newName();
    const organization = await newOrganization();
    const { token } = organization;
    const calls = domainCalls(organization);
    for (let round = 0; round < 6; round++) {
      expect((await proved(zone, calls, name)).answer.status).toBe(200);
      const body = { identifier: `https://${name}/${round}`, name: "Resumes" };
      const disabled = await registered(organization, { identifier: `https://${name}/disabled-${round}` });
      const one = `${path}/${disabled.resourceId}`;
      expect((await call(one, { method: "PATCH", token, json: { status: "disabled" } })).status).toBe(200);
      const [added, enabled, removed] = await Promise.all([
        register(organization, body),
        call(one, { method: "PATCH", token, json: { status: "active" } }),
        calls.remove(name),
      ]);
      const isUsed = added.status === 201 || enabled.status === 200;
      expect([added.status, enabled.status, removed.status, removed.body.code]).toEqual([
        isUsed ? added.status : 400,
        isUsed ? enabled.status : 409,
        isUsed ? 409 : 204,
        isUsed ? "DOMAIN_IN_USE" : undefined,
      ]);
      for (const { status, body } of [added, { ...enabled, status: enabled.status + 1 }]) {
        if (status === 201) await call(`${path}/${body.resourceId}`, { method: "DELETE", token });
      }
      if (isUsed) expect((await calls.remove(name)).status).toBe(204);
    }
  });

  it("50 at once: one is registered", async () => {
    const organization = await newOrganization();
    const body = { identifier: urnOf(organization), name: "Resumes" };
    const answers = await Promise.all(Array.from({ length: 50 }, () => register(organization, body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
  });

  it.each<[string, Record<string, unknown>]>([
    ["a reserved scope", { scopes: [{ name: "agents:read", description: "" }] }],
    ["a reserved prefix", { scopes: [{ name: "tasks:manage", description: "" }] }],
    ["a scope of another form", { scopes: [{ name: "Resume:Read", description: "" }] }],
    ["a scope twice", { scopes: [scopes[0], scopes[0]] }],
    ["65 scopes", { scopes: Array.from({ length: 65 }, (_, n) => ({ name: `a:b${n}`, description: "" })) }],
    [
      "another organization with empty scopes",
      { scopes: [], allowedOrganizations: [{ organizationId: crypto.randomUUID(), scopes: ["a:b"] }] },
    ],
    [
      "an entry with a scope that is not the resource's",
      { allowedOrganizations: [{ organizationId: crypto.randomUUID(), scopes: ["pay:all"] }] },
    ],
    ["an entry without scopes", { allowedOrganizations: [{ organizationId: crypto.randomUUID(), scopes: [] }] }],
    ["a lifetime of 59 seconds", { tokenTtlSeconds: 59 }],
    ["a lifetime of 86,401 seconds", { tokenTtlSeconds: 86_401 }],
    ["an unknown field", { audience: "x" }],
    ["a name of one letter", { name: "x" }],
  ])("400: %s", async (_, fields) => {
    const organization = await theOperator();
    const answer = await register(organization, {
      identifier: urnOf(organization),
      name: "Resumes",
      scopes,
      ...fields,
    });
    expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
  });

  it("ids of other organizations are not looked up", async () => {
    const organization = await newOrganization();
    const allowedOrganizations = [{ organizationId: crypto.randomUUID(), scopes: ["resume:read"] }];
    const resource = await registered(organization, { allowedOrganizations });
    expect(resource).toMatchObject({ allowedOrganizations });
  });
});

describe("reading resources", () => {
  it("GET with agents:read shows not which organizations are allowed; with admin:orgs it does", async () => {
    const organization = await newOrganization();
    const { resourceId } = await registered(organization);
    const narrow = await tokenFor(organization, { scope: "agents:read" });
    const [seen, whole] = await Promise.all([
      call(`${path}/${resourceId}`, { token: narrow }),
      call(`${path}/${resourceId}`, { token: organization.token }),
    ]);
    expect(Object.keys(whole.body).filter((field) => !Object.hasOwn(seen.body, field))).toEqual([
      "allowedOrganizations",
      "servers",
    ]);
  });

  it("404 for another organization, the same bytes as for an id that never was; the operator's admin may read", async () => {
    const [organization, other] = [await newOrganization(), await newOrganization()];
    const { resourceId } = await registered(organization);
    const [foreign, unknown] = await Promise.all(
      [resourceId, crypto.randomUUID()].map((id) => call(`${path}/${id}`, { token: other.token })),
    );
    const { requestId: _, ...body } = foreign?.body ?? {};
    expect(foreign?.status).toBe(404);
    expect(body).toEqual({ ...unknown?.body, requestId: undefined });
    const operator = await adminToken(await theOperator());
    const query = `?organizationId=${organization.organizationId}`;
    expect((await call(`${path}/${resourceId}${query}`, { token: operator })).status).toBe(200);
    expect((await call(`${path}${query}`, { token: operator })).body.data).toHaveLength(1);
    expect((await call(`${path}${query}`, { token: other.token })).status).toBe(404);
  });
});

describe("changing and deleting", () => {
  it("PATCH changes what is named and tells of it; the identifier is no field", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const resource = await registered(organization);
    const one = `${path}/${resource.resourceId}`;
    const changed = await call(one, { method: "PATCH", token, json: { name: "CVs", tokenTtlSeconds: 60 } });
    expect(changed.body).toMatchObject({ name: "CVs", tokenTtlSeconds: 60, scopes });
    expect((await call(one, { method: "PATCH", token, json: { identifier: "urn:x" } })).status).toBe(400);
    expect((await call(one, { method: "PATCH", token, json: {} })).status).toBe(400);
    const disabled = await call(one, { method: "PATCH", token, json: { status: "disabled" } });
    expect(disabled.body.status).toBe("disabled");
    expect((await call(one, { method: "PATCH", token, json: { status: "active" } })).body.status).toBe("active");
    const log = await call("/api/v1/audit?limit=3", { token });
    expect(log.body.data.map(({ action, details }: { action: string; details: object }) => [action, details])).toEqual([
      ["resource.updated", { identifier: resource.identifier, status: "active" }],
      ["resource.disabled", { identifier: resource.identifier, reason: "changed" }],
      [
        "resource.updated",
        {
          identifier: resource.identifier,
          name: { from: "Resumes", to: "CVs" },
          tokenTtlSeconds: { from: null, to: 60 },
        },
      ],
    ]);
  });

  it("400: scopes without those that an entry names", async () => {
    const organization = await newOrganization();
    const allowedOrganizations = [{ organizationId: crypto.randomUUID(), scopes: ["resume:write"] }];
    const { resourceId } = await registered(organization, { allowedOrganizations });
    const json = { scopes: scopes.slice(0, 1) };
    expect((await call(`${path}/${resourceId}`, { method: "PATCH", token: organization.token, json })).status).toBe(
      400,
    );
  });

  it("DELETE frees the identifier for its own organization at once", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const resource = await registered(organization);
    const one = `${path}/${resource.resourceId}`;
    expect((await call(one, { method: "DELETE", token })).status).toBe(204);
    expect((await call(one, { token })).body.code).toBe("RESOURCE_NOT_FOUND");
    expect((await call(one, { method: "DELETE", token })).status).toBe(404);
    await registered(organization, { identifier: resource.identifier });
  });
});

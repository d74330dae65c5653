import { describe, expect, it } from "vitest";
import { adminToken, call, theOperator, unique } from "../../support/api.ts";
import { eventsOf, pathOf } from "../../tenancy/organizations/_support.ts";

const create = async (fields: Record<string, unknown> = {}) => {
  const { token } = await theOperator();
  const slug = unique("acme");
  return call("/api/v1/organizations", {
    token,
    json: { name: "Acme", slug, adminEmail: "admin@acme.example", ...fields },
  });
};

describe("POST /organizations", () => {
  it("answers with the organization and, once, with its first admin", async () => {
    const answer = await create({ slug: "acme-corp" });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const { admin, ...organization } = answer.body;
    expect(organization).toEqual({
      organizationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "Acme",
      slug: "acme-corp",
      planTier: "free",
      maxAgents: null,
      maxTokensPerMonth: null,
      status: "active",
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: organization.createdAt,
    });
    expect(admin).toEqual({
      agentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: "admin@acme.example",
      clientId: admin.agentId,
      credentialId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientSecret: expect.stringMatching(/^sa_sec_/),
    });

    const { token } = await theOperator();
    const read = await call(pathOf(organization), { token });
    expect(read.body).toEqual(organization);
    expect((await call("/api/v1/organizations", { token })).text).not.toContain(admin.clientSecret);
  });

  it("takes a tier and limits, null among them", async () => {
    const answer = await create({ planTier: "pro", maxAgents: 1, maxTokensPerMonth: null });
    expect(answer.body).toMatchObject({ planTier: "pro", maxAgents: 1, maxTokensPerMonth: null });
  });

  it("keeps a name of four-byte characters and markup as it is", async () => {
    const name = `𝒜gents <b>&</b> "Söhne" 🦾`;
    expect((await create({ name })).body.name).toBe(name);
  });

  it("the new admin manages its own organization and is its only member", async () => {
    const { admin, ...organization } = (await create()).body;
    const token = await adminToken(admin);
    const list = await call("/api/v1/organizations", { token });
    expect(list.body).toEqual({ data: [organization], nextCursor: null });
    const members = await call(`${pathOf(organization)}/members`, { token });
    expect(members.body.data).toEqual([{ agentId: admin.agentId, role: "admin" }]);
  });

  it("is recorded in the new organization's chain and in the operator's, with the operator's admin as actor", async () => {
    const operator = await theOperator();
    const { admin, organizationId, slug } = (await create()).body;
    const token = await adminToken(admin);
    const [created] = await eventsOf(token, "organization.created");
    expect(created).toMatchObject({
      organizationId,
      sequence: 1,
      target: organizationId,
      agentId: null,
      outcome: "success",
      actor: { agentId: operator.agentId },
      details: { name: "Acme", slug, planTier: "free", maxAgents: null, maxTokensPerMonth: null },
    });
    expect(await eventsOf(token, "agent.created")).toMatchObject([{ agentId: admin.agentId, sequence: 2 }]);
    expect(await eventsOf(token, "credential.generated")).toMatchObject([{ target: admin.credentialId, sequence: 3 }]);
    const echo = (await eventsOf(operator.token, "organization.created")).at(-1);
    expect(echo).toMatchObject({ organizationId: operator.organizationId, target: organizationId });
    expect(echo.eventId).not.toBe(created.eventId);
  });
});

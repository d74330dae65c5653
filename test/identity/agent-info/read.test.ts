/** GET and POST /agent-info: OpenID Connect Core 5.3. */
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { call, newAgent, newClient, newOrganization, resourceOf, tokenFor } from "../../support/api.ts";

describe.each(["GET", "POST"])("%s /agent-info", (method) => {
  it("200: the agent whose token this is, as it is now", async () => {
    const { token, organizationId, slug } = await newOrganization();
    const client = await newClient(token);
    const own = await tokenFor(client);
    await call(`/api/v1/agents/${client.agentId}`, { token, method: "PATCH", json: { version: "1.1.0" } });
    const agent = (await call(`/api/v1/agents/${client.agentId}`, { token })).body;
    const { status, body, headers } = await call("/agent-info", { token: own, method });
    expect(status).toBe(200);
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(body).toStrictEqual({
      sub: client.agentId,
      agentId: client.agentId,
      email: agent.email,
      email_verified: false,
      email_domain_verified: false,
      agentType: "screener",
      capabilities: ["resume:read"],
      owner: "talent-team",
      deploymentEnv: "production",
      version: "1.1.0",
      organization_id: organizationId,
      organization_slug: slug,
      role: "member",
      scope: "agents:read",
      did: agent.did,
    });
  });

  it("role is that of now and null for an agent that is no member any more; scope is that of the token", async () => {
    const { token, organizationId } = await newOrganization();
    const client = await newClient(token, { grantedScopes: ["agents:read", "audit:read"] });
    const own = await tokenFor(client, { scope: "openid audit:read" });
    const members = `/api/v1/organizations/${organizationId}/members`;
    const read = async () => {
      const { role, scope } = (await call("/agent-info", { token: own, method })).body;
      return { role, scopes: scope.split(" ").sort() };
    };
    await call(members, { token, json: { agentId: client.agentId, role: "admin" } });
    expect(await read()).toEqual({ role: "admin", scopes: ["audit:read", "openid"] });
    await call(`${members}/${client.agentId}`, { token, method: "DELETE" });
    expect(await read()).toEqual({ role: null, scopes: ["audit:read", "openid"] });
  });

  it("needs no scope of the platform", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, { grantedScopes: [] });
    const own = await tokenFor(client);
    expect(decodeJwt(own).scope).toBe("");
    const { status, body } = await call("/agent-info", { token: own, method });
    expect([status, body.scope]).toEqual([200, ""]);
  });

  it("401: without a token, with a token for another audience, and with one that was taken back", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const client = await newClient(token);
    const elsewhere = await tokenFor(client, { resource: await resourceOf(organization) });
    const own = await tokenFor(client);
    await call(`/api/v1/agents/${client.agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
    for (const init of [{}, { token: elsewhere }, { token: own }]) {
      const { status, body, headers } = await call("/agent-info", { ...init, method });
      expect([status, body.code]).toEqual([401, "UNAUTHORIZED"]);
      expect(headers.get("WWW-Authenticate")).toContain("resource_metadata=");
    }
  });
});

it("is the userinfo_endpoint of the OpenID provider metadata, whose claims_supported are all there are", async () => {
  const { token } = await newOrganization();
  await newAgent(token);
  const { body: metadata } = await call("/.well-known/openid-configuration");
  const { pathname } = new URL(metadata.userinfo_endpoint);
  const { body } = await call(pathname, { token });
  expect(metadata.claims_supported).toEqual(expect.arrayContaining(Object.keys(body)));
});

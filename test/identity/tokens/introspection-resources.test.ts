/** RFC 7662 for tokens of registered resources: which agent may introspect them, and when they are not active any more. */
import { env } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import {
  type Body,
  type Client,
  call,
  newClient,
  newOrganization,
  type Organization,
  tokenFor,
  unique,
} from "../../support/api.ts";

const { DB } = env as unknown as Bindings;

let organization: Organization;
let agent: Client & { agentId: string };
let server: Client & { agentId: string };

beforeAll(async () => {
  organization = await newOrganization();
  agent = await newClient(organization.token);
  server = await newClient(organization.token, { grantedScopes: [] });
});

afterEach(() => {
  vi.useRealTimers();
});

const resources = (json: unknown) => call("/api/v1/resources", { token: organization.token, json });

async function newResource(fields: Record<string, unknown> = {}): Promise<Body> {
  const identifier = `urn:agentidp:${organization.slug}:${unique("api")}`;
  const scopes = [{ name: "resume:read", description: "" }];
  const answer = await resources({ identifier, name: "Resumes", scopes, ...fields });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const change = async ({ resourceId }: Body, json: unknown) => {
  const path = `/api/v1/resources/${resourceId}`;
  const answer = await call(path, { method: "PATCH", token: organization.token, json });
  expect(answer.status, answer.text).toBe(200);
};

const introspect = async (token: string, by: Parameters<typeof call>[1] = { token: organization.token }) =>
  (await call("/api/v1/token/introspect", { ...by, form: { token } })).body;

describe("an agent among the servers of a resource", () => {
  it("introspects its tokens, by secret and by access token, and no token for another API", async () => {
    const { identifier } = await newResource({ servers: [server.agentId] });
    const token = await tokenFor(agent, { resource: identifier });
    for (const by of [{ basic: server }, { token: await tokenFor(server) }]) {
      expect(await introspect(token, by)).toMatchObject({ active: true, sub: agent.agentId, aud: identifier });
      const other = await tokenFor(agent, { resource: (await newResource()).identifier });
      expect(await introspect(other, by)).toEqual({ active: false });
      expect(await introspect(await tokenFor(agent), by)).toEqual({ active: false });
    }
  });

  it("does so from the answer to the PATCH that names it on, until the next takes it out", async () => {
    const resource = await newResource();
    const token = await tokenFor(agent, { resource: resource.identifier });
    expect(await introspect(token, { basic: server })).toEqual({ active: false });
    await change(resource, { servers: [server.agentId] });
    expect((await introspect(token, { basic: server })).active).toBe(true);
    await change(resource, { servers: [] });
    expect(await introspect(token, { basic: server })).toEqual({ active: false });
  });

  it("is one of the organization, shown with admin:orgs only", async () => {
    const stranger = await newClient((await newOrganization()).token);
    const identifier = `urn:agentidp:${organization.slug}:${unique("api")}`;
    const refused = await resources({ identifier, name: "Resumes", servers: [stranger.agentId] });
    expect([refused.status, refused.body.details.issues[0].path]).toEqual([400, "servers"]);
    const { resourceId } = await newResource({ servers: [server.agentId] });
    const path = `/api/v1/resources/${resourceId}`;
    expect((await call(path, { token: organization.token })).body.servers).toEqual([server.agentId]);
    expect((await call(path, { token: await tokenFor(agent) })).body).not.toHaveProperty("servers");
  });
});

describe("a token for a resource is not active", () => {
  it.each([
    ["when the resource is disabled", { status: "disabled" }],
    ["when its scope is taken out", { scopes: [{ name: "other:read", description: "" }] }],
    ["when the resource requires DPoP and the token is not bound", { requireDpop: true }],
  ])("%s, at once, and again when that is undone", async (_, json) => {
    const resource = await newResource();
    const token = await tokenFor(agent, { resource: resource.identifier });
    expect((await introspect(token)).active).toBe(true);
    await change(resource, json);
    expect(await introspect(token)).toEqual({ active: false });
    const { scopes } = resource;
    await change(resource, { ...json, status: "active", scopes, requireDpop: false });
    expect((await introspect(token)).active).toBe(true);
  });

  it("when the resource is deleted, nor when the identifier is registered again", async () => {
    const { resourceId, identifier } = await newResource();
    const token = await tokenFor(agent, { resource: identifier });
    const path = `/api/v1/resources/${resourceId}`;
    expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
    expect(await introspect(token)).toEqual({ active: false });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
    await newResource({ identifier });
    expect(await introspect(token)).toEqual({ active: false });
    expect((await introspect(await tokenFor(agent, { resource: identifier }))).active).toBe(true);
  });

  it("from seven days after its domain lapsed, and no new one is issued", async () => {
    const domain = `${unique("acme")}.example`;
    const path = `/api/v1/organizations/${organization.organizationId}/domains`;
    await call(path, { token: organization.token, json: { domain } });
    const lapse = (days: number) =>
      DB.prepare("UPDATE domains SET status = 'lapsed', lapsed_at = ? WHERE domain = ?")
        .bind(Date.now() - days * 86_400_000, domain)
        .run();
    const ask = (resource: string) =>
      call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials", resource } });
    const { identifier } = await newResource({ identifier: `https://api.${domain}` });
    const resource = await newResource();
    await lapse(6.99);
    const token = (await ask(identifier)).body.access_token;
    expect((await introspect(token)).active).toBe(true);
    await lapse(7.01);
    // The event of any change of a resource or a domain drops the copy of the ledger.
    await change(resource, { name: "Other" });
    expect(await introspect(token)).toEqual({ active: false });
    expect((await ask(identifier)).body.error).toBe("invalid_target");
  });
});

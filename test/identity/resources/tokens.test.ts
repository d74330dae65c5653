/**
 * RFC 8707 2: a token for a registered resource is for the organizations, the scopes and the time that its owner names.
 * Attack: a token for a registered resource, asked for by an agent of another organization, or with a scope that the resource
 * does not name for it: `invalid_target`, `invalid_scope`.
 */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  type Client,
  call,
  newClient,
  newOrganization,
  type Organization,
  unique,
} from "../../support/api.ts";

const scopes = ["resume:read", "resume:write"].map((name) => ({ name, description: "" }));
const capabilities = ["resume:read", "resume:write", "payroll:read"];

let owner: Organization;
let stranger: Organization;
let ownAgent: Client;
let otherAgent: Client;

beforeAll(async () => {
  [owner, stranger] = [await newOrganization(), await newOrganization()];
  ownAgent = await newClient(owner.token, { capabilities });
  otherAgent = await newClient(stranger.token, { capabilities });
});

async function newResource(fields: Record<string, unknown> = {}) {
  const identifier = `urn:agentidp:${owner.slug}:${unique("api")}`;
  const json = { identifier, name: "Resumes", scopes, ...fields };
  const answer = await call("/api/v1/resources", { token: owner.token, json });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const change = (resourceId: string, json: unknown) =>
  call(`/api/v1/resources/${resourceId}`, { method: "PATCH", token: owner.token, json });

const ask = (client: Client, resource: string, scope?: string): Promise<Answer> =>
  call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", resource, ...(scope === undefined ? {} : { scope }) },
  });

const claimsOf = ({ body, text }: Answer) => {
  expect(body.access_token, text).toBeTypeOf("string");
  return decodeJwt(body.access_token);
};

describe("an agent of the owner", () => {
  it("gets one audience, as registered, and what fits: its capabilities that the resource knows", async () => {
    const { identifier } = await newResource();
    expect(claimsOf(await ask(ownAgent, identifier))).toMatchObject({
      aud: identifier,
      scope: "resume:read resume:write",
    });
    expect(claimsOf(await ask(ownAgent, identifier, "resume:read"))).toMatchObject({ scope: "resume:read" });
  });

  it("of a resource without scopes gets any capability of its own, and never a platform scope", async () => {
    const { identifier } = await newResource({ scopes: [] });
    expect(claimsOf(await ask(ownAgent, identifier)).scope).toBe(capabilities.join(" "));
    for (const scope of ["agents:read", "openid", "payroll:read agents:read"]) {
      expect((await ask(ownAgent, identifier, scope)).body).toMatchObject({ error: "invalid_scope" });
    }
  });

  it("gets invalid_scope for a capability that the resource does not know, and where nothing fits", async () => {
    const { identifier } = await newResource();
    expect((await ask(ownAgent, identifier, "payroll:read")).body).toMatchObject({ error: "invalid_scope" });
    const narrow = await newClient(owner.token, { capabilities: ["payroll:read"] });
    expect((await ask(narrow, identifier)).body).toMatchObject({ error: "invalid_scope" });
  });

  it("gets invalid_target for a registered resource beside another one", async () => {
    const { identifier } = await newResource();
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    for (const resource of [identifier, "https://elsewhere.example.com"]) form.append("resource", resource);
    const answer = await call("/api/v1/token", { basic: ownAgent, form });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_target"]);
  });

  it("gets a token that lives no longer than the resource allows", async () => {
    const { identifier } = await newResource({ tokenTtlSeconds: 60 });
    const { exp = 0, iat = 0 } = claimsOf(await ask(ownAgent, identifier));
    expect(exp - iat).toBe(60);
  });

  it("gets none without a proof where the resource requires one (RFC 9449)", async () => {
    const { identifier } = await newResource({ requireDpop: true });
    const answer = await ask(ownAgent, identifier);
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_dpop_proof"]);
  });

  it("gets none from the answer of the owner's PATCH on, and again after the next", async () => {
    const { identifier, resourceId } = await newResource();
    claimsOf(await ask(ownAgent, identifier));
    expect((await change(resourceId, { status: "disabled" })).status).toBe(200);
    expect((await ask(ownAgent, identifier)).body.error).toBe("invalid_target");
    await change(resourceId, { status: "active", scopes: scopes.slice(0, 1) });
    expect(claimsOf(await ask(ownAgent, identifier)).scope).toBe("resume:read");
    await call(`/api/v1/resources/${resourceId}`, { method: "DELETE", token: owner.token });
  });
});

describe("an agent of another organization", () => {
  it("gets invalid_target, with the same text for a disabled one", async () => {
    const { identifier } = await newResource();
    const { identifier: disabled, resourceId } = await newResource();
    await change(resourceId, { status: "disabled" });
    const answers = await Promise.all([
      ask(otherAgent, identifier),
      ask(otherAgent, disabled),
      ask(otherAgent, identifier, "resume:read"),
    ]);
    for (const { status, body } of answers) {
      expect([status, body.error, body.error_description]).toEqual([
        400,
        "invalid_target",
        "The client may not have a token for this resource.",
      ]);
    }
    const log = await call("/api/v1/audit?action=token.refused&limit=3", { token: stranger.token });
    expect(log.body.data.map(({ details }: { details: { reason: string } }) => details.reason)).toEqual(
      Array(3).fill("invalid_target"),
    );
  });

  it("that is allowed gets what its entry names, and its own organization's id", async () => {
    const allowedOrganizations = [{ organizationId: stranger.organizationId, scopes: ["resume:read"] }];
    const { identifier } = await newResource({ allowedOrganizations });
    expect(claimsOf(await ask(otherAgent, identifier))).toMatchObject({
      aud: identifier,
      scope: "resume:read",
      organization_id: stranger.organizationId,
    });
    expect((await ask(otherAgent, identifier, "resume:write")).body.error).toBe("invalid_scope");
    const third = await newOrganization();
    expect((await ask(await newClient(third.token, { capabilities }), identifier)).body.error).toBe("invalid_target");
  });
});

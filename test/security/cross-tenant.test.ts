/**
 * Attack: a token of another tenant, or for another resource, sent to a tenant's API that checks as the docs say: refused offline,
 * and by introspection `active: false`. Attack: an allowed organization gives its agent a capability that its entry does not
 * name: `invalid_scope`. Attack: a tenant appends to another's audit chain by introspecting: the event goes to the asker's chain.
 */
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adminToken,
  type Client,
  call,
  issuer,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";

const scopes = ["resume:read", "resume:write"].map((name) => ({ name, description: "" }));

let a: Organization;
let b: Organization;
let resource: { readonly resourceId: string; readonly identifier: string };
let agentOfB: Client;

beforeAll(async () => {
  [a, b] = [await newOrganization(), await newOrganization()];
  const json = { identifier: `urn:agentidp:${a.slug}:resumes`, name: "Resumes", scopes };
  resource = (await call("/api/v1/resources", { token: a.token, json })).body;
  agentOfB = await newClient(b.token, { capabilities: ["resume:read", "resume:write"] });
});

const allow = async (names: readonly string[]) => {
  const allowedOrganizations = names.length > 0 ? [{ organizationId: b.organizationId, scopes: names }] : [];
  const path = `/api/v1/resources/${resource.resourceId}`;
  const answer = await call(path, { method: "PATCH", token: a.token, json: { allowedOrganizations } });
  expect(answer.status, answer.text).toBe(200);
};

const ask = (form: Record<string, string>) =>
  call("/api/v1/token", { basic: agentOfB, form: { grant_type: "client_credentials", ...form } });

/** What an API of A checks offline: issuer, signature, type, audience and scope. */
async function passesOffline(token: string): Promise<boolean> {
  const keys = createLocalJWKSet((await call("/.well-known/jwks.json")).body);
  const checks = { issuer, audience: resource.identifier, typ: "at+jwt" };
  const payload = await jwtVerify(token, keys, checks).then(
    (verified) => verified.payload,
    () => null,
  );
  return String(payload?.scope).split(" ").includes("resume:read");
}

const introspect = async (token: string, by: Organization) =>
  (await call("/api/v1/token/introspect", { token: by.token, form: { token } })).body;

describe("two organizations, one service", () => {
  it("an agent of B gets no token for A's API, by its name, almost its name, or audience", async () => {
    const names = [resource.identifier, `${resource.identifier}/`, resource.identifier.toUpperCase()];
    for (const name of names) {
      for (const form of [{ resource: name }, { resource: name, scope: "resume:read" }, { audience: name }]) {
        const { status, body } = await ask(form);
        expect([form, status, body.error]).toEqual([form, 400, "invalid_target"]);
      }
    }
  });

  it("B's tokens for itself and for this service pass neither A's check nor A's introspection", async () => {
    const json = { identifier: `urn:agentidp:${b.slug}:resumes`, name: "Resumes of B" };
    await call("/api/v1/resources", { token: b.token, json });
    for (const form of [{}, { resource: json.identifier }] as const) {
      const token = await tokenFor(agentOfB, form);
      expect(await passesOffline(token)).toBe(false);
      expect(await introspect(token, a)).toEqual({ active: false });
    }
  });

  it("a capability without resource is invalid_scope, so that no token for this service carries one", async () => {
    const { status, body } = await ask({ scope: "resume:read" });
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
  });
});

describe("B is allowed by A", () => {
  let token: string;
  beforeAll(async () => {
    // A ledger of another organization may be 60 seconds behind, so this API is one that B has not named before.
    const json = { identifier: `urn:agentidp:${a.slug}:shared`, name: "Shared", scopes };
    resource = (await call("/api/v1/resources", { token: a.token, json })).body;
    await allow(["resume:read"]);
    token = await tokenFor(agentOfB, { resource: resource.identifier });
  });

  it("its token passes A's offline check, and carries B's organization and no scope beyond the entry", async () => {
    expect(decodeJwt(token)).toMatchObject({
      aud: resource.identifier,
      scope: "resume:read",
      organization_id: b.organizationId,
    });
    expect(await passesOffline(token)).toBe(true);
    const { status, body } = await ask({ resource: resource.identifier, scope: "resume:write" });
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
  });

  it("A introspects it, with the event in A's chain alone; a third organization does not", async () => {
    const { jti } = decodeJwt(token);
    expect(await introspect(token, a)).toMatchObject({
      active: true,
      aud: resource.identifier,
      scope: "resume:read",
      organization_id: b.organizationId,
      jti,
    });
    expect(await introspect(token, await newOrganization())).toEqual({ active: false });
    const introspections = async ({ token: reader }: Organization) =>
      (await call("/api/v1/audit?action=token.introspected&limit=100", { token: reader })).body.data.filter(
        ({ target }: { target: string }) => target === jti,
      );
    expect(await introspections(a)).toMatchObject([{ agentId: null, details: { active: true } }]);
    expect(await introspections(b)).toEqual([]);
  });

  it("revoked by B it is not active for A", async () => {
    const revoked = await tokenFor(agentOfB, { resource: resource.identifier });
    expect((await introspect(revoked, a)).active).toBe(true);
    await call("/api/v1/token/revoke", { basic: agentOfB, form: { token: revoked } });
    expect(await introspect(revoked, a)).toEqual({ active: false });
  });

  it("A cannot revoke it", async () => {
    await call("/api/v1/token/revoke", { token: a.token, form: { token } });
    expect((await introspect(token, a)).active).toBe(true);
  });

  it("right after A's PATCH it is not active, for A and for B, whether A narrows or ends the entry", async () => {
    for (const names of [["resume:write"], []]) {
      await allow(names);
      expect(await introspect(token, a)).toEqual({ active: false });
      expect(await introspect(token, b)).toEqual({ active: false });
      await allow(["resume:read"]);
      expect((await introspect(token, a)).active).toBe(true);
      expect((await introspect(token, b)).active).toBe(true);
    }
  });

  it("right after the suspension of A it is not active for B", async () => {
    expect((await introspect(token, b)).active).toBe(true);
    const setStatus = async (status: string) => {
      const path = `/api/v1/organizations/${a.organizationId}`;
      const { token: operator } = await theOperator();
      expect((await call(path, { method: "PATCH", token: operator, json: { status } })).status).toBe(200);
    };
    await setStatus("suspended");
    expect(await introspect(token, b)).toEqual({ active: false });
    await setStatus("active");
    a = { ...a, token: await adminToken(a) };
    expect((await introspect(token, b)).active).toBe(true);
  });

  it("a token for a deleted resource stays dead when A registers the same identifier at once", async () => {
    const json = { identifier: resource.identifier, name: "Shared", scopes };
    const path = `/api/v1/resources/${resource.resourceId}`;
    expect((await call(path, { method: "DELETE", token: a.token })).status).toBe(204);
    resource = (await call("/api/v1/resources", { token: a.token, json })).body;
    await allow(["resume:read"]);
    expect(await introspect(token, a)).toEqual({ active: false });
    expect(await introspect(token, b)).toEqual({ active: false });
    const next = await tokenFor(agentOfB, { resource: resource.identifier });
    expect((await introspect(next, a)).active).toBe(true);
  });
});

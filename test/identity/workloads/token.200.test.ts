/** A CI job gets a token for an API, with scope and resource as at the token endpoint, bound to a key when it wants that. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Body, call, issuer, newAgent, newOrganization, type Organization } from "../../support/api.ts";
import { type Issuer, newIssuer, serveIssuers } from "../federation/_support.ts";
import { newPolicy, oidcPolicy } from "./_policies.ts";

let organization: Organization;
let platform: Issuer;
let agentId: string;
let resource: string;

const newResource = async ({ token, slug }: Organization, fields: Record<string, unknown> = {}) => {
  const identifier = `urn:agentidp:${slug}:resumes`;
  const scopes = [{ name: "resume:read", description: "Read resumes" }];
  const answer = await call("/api/v1/resources", { token, json: { identifier, name: "Resumes", scopes, ...fields } });
  expect(answer.status, answer.text).toBe(201);
  return identifier;
};

beforeAll(async () => {
  serveIssuers();
  platform = await newIssuer();
  organization = await newOrganization();
  resource = await newResource(organization);
  ({ agentId } = await newAgent(organization.token, { capabilities: ["resume:read", "resume:write"] }));
  const policy = { issuer: platform.issuer, audience: issuer, claims: { sub: "a-job" } };
  await newPolicy(organization.token, oidcPolicy(agentId, policy));
});
afterAll(() => vi.restoreAllMocks());

const jobToken = () =>
  platform.sign(
    { aud: issuer, sub: "a-job", scope: undefined, client_id: undefined, jti: crypto.randomUUID() },
    { typ: "JWT" },
  );

const exchange = async (fields: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  call("/api/v1/oidc/token", { json: { token: await jobToken(), agentId, ...fields }, headers });

const claimsOf = (token: string): Body => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

describe("POST /oidc/token", () => {
  it("for an API: its resource is the audience, and the scope is what was asked for", async () => {
    const answer = await exchange({ resource, scope: "resume:read" });
    expect([answer.status, answer.body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: "Bearer", expires_in: 3600, scope: "resume:read" },
    ]);
    expect(claimsOf(answer.body.access_token)).toMatchObject({
      sub: agentId,
      client_id: agentId,
      aud: resource,
      scope: "resume:read",
      organization_id: organization.organizationId,
    });
  });

  it("without scope: everything that fits the API", async () => {
    expect((await exchange({ resource })).body.scope).toBe("resume:read");
    expect((await exchange({ resource, scope: "" })).body.scope).toBe("resume:read");
  });

  it("without resource: for this service", async () => {
    for (const fields of [{ scope: "agents:read" }, { scope: "agents:read", resource: "" }]) {
      const { body } = await exchange(fields);
      expect(claimsOf(body.access_token)).toMatchObject({ aud: issuer, scope: "agents:read" });
    }
  });

  it("bound to the key of a DPoP proof", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const proof = { jti: crypto.randomUUID(), htm: "POST", htu: `${issuer}/api/v1/oidc/token` };
    const DPoP = await new SignJWT(proof)
      .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: await exportJWK(publicKey) })
      .setIssuedAt()
      .sign(privateKey);
    const { status, body } = await exchange({ resource, scope: "resume:read" }, { DPoP });
    expect([status, body.token_type]).toEqual([200, "DPoP"]);
    expect(claimsOf(body.access_token).cnf.jkt).toMatch(/^[\w-]{43}$/);
  });
});

describe("what the token endpoint refuses is refused here", () => {
  it.each<[string, () => Promise<Record<string, unknown>>, string]>([
    [
      "the API of another organization",
      async () => ({ resource: await newResource(await newOrganization()) }),
      "invalid_target",
    ],
    ["a scope that the API does not know", async () => ({ resource, scope: "resume:write" }), "invalid_scope"],
    ["a scope that the agent does not have", async () => ({ scope: "audit:read agents:write" }), "invalid_scope"],
  ])("%s", async (_, fields, error) => {
    const answer = await exchange(await fields());
    expect([answer.status, answer.body.error], answer.text).toEqual([400, error]);
  });

  it("an unbound token for an API that demands DPoP", async () => {
    const { token, slug } = organization;
    const identifier = `urn:agentidp:${slug}:bound`;
    const json = { identifier, name: "Bound", requireDpop: true };
    expect((await call("/api/v1/resources", { token, json })).status).toBe(201);
    const answer = await exchange({ resource: identifier });
    expect([answer.status, answer.body.error], answer.text).toEqual([400, "invalid_dpop_proof"]);
  });
});

import { describe, expect, it } from "vitest";
import { agentFields, call, newAgent, newOrganization, theOperator } from "../../support/api.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("POST /agents 201", () => {
  it("answers with every field of the agent", async () => {
    const { token, organizationId } = await newOrganization();
    const fields = agentFields({ description: "Reads résumés 🦊", isPublic: true, version: "2.0.0-rc.1+build.5" });
    const answer = await call("/api/v1/agents", { token, json: fields });
    expect(answer.status, answer.text).toBe(201);
    const { agentId, did, createdAt, updatedAt, publicKeyJwk, ...rest } = answer.body;
    expect(rest).toEqual({
      ...fields,
      organization_id: organizationId,
      grantedScopes: ["agents:read", "delegations:write"],
      dpopRequired: false,
      idTokenSignedResponseAlg: "RS256",
      status: "active",
    });
    expect(agentId).toMatch(uuid);
    expect(did).toBe(`did:web:localhost%3A8787:agents:${agentId}`);
    expect(createdAt).toMatch(iso);
    expect(updatedAt).toBe(createdAt);
    expect(Object.keys(publicKeyJwk).sort()).toEqual(["crv", "kty", "x", "y"]);
  });

  it("gives an agent without a key one of its own, of P-256, without the private part", async () => {
    const { token } = await newOrganization();
    const first = await newAgent(token);
    const second = await newAgent(token);
    expect(first.publicKeyJwk).toEqual({ kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) });
    expect(second.publicKeyJwk.x).not.toBe(first.publicKeyJwk.x);
  });

  it("keeps the e-mail in lower case, with A-labels in its domain; the two spellings are one address", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token, { email: "Bot@MÜNCHEN.example" });
    expect(agent.email).toBe("bot@xn--mnchen-3ya.example");
    for (const email of ["bot@münchen.example", "bot@xn--mnchen-3ya.example"]) {
      const answer = await call("/api/v1/agents", { token, json: agentFields({ email }) });
      expect([answer.status, answer.body.code]).toEqual([409, "AGENT_ALREADY_EXISTS"]);
    }
    for (const email of ["bot@mün chen.example", "bot@münchen.example/x", "bót@acme.example", "bot@münchen"]) {
      const answer = await call("/api/v1/agents", { token, json: agentFields({ email }) });
      expect([email, answer.status]).toEqual([email, 400]);
    }
  });

  it("description, isPublic and grantedScopes have defaults", async () => {
    const { token } = await newOrganization();
    expect(await newAgent(token)).toMatchObject({
      description: null,
      isPublic: false,
      grantedScopes: ["agents:read", "delegations:write"],
    });
  });

  it("the agent can be read and listed at once", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token })).body).toEqual(agent);
    expect((await call("/api/v1/agents", { token })).body.data[0]).toEqual(agent);
  });

  it.each([
    ["EC", { name: "ECDSA", namedCurve: "P-256" }],
    ["OKP", { name: "Ed25519" }],
    [
      "RSA",
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    ],
  ])("takes the agent's own %s key and answers with its public members", async (_, algorithm) => {
    const { token } = await newOrganization();
    const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    const {
      key_ops: _ops,
      ext: _ext,
      alg: _alg,
      ...jwk
    } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as unknown as Record<string, unknown>;
    const agent = await newAgent(token, { publicKeyJwk: { ...jwk, kid: "mine" } });
    expect(agent.publicKeyJwk).toEqual({ ...jwk, kid: "mine" });
  });

  it("keeps the e-mail in lower case", async () => {
    const { token } = await newOrganization();
    expect(await newAgent(token, { email: "Screener@Example.COM" })).toMatchObject({ email: "screener@example.com" });
  });

  it("the same e-mail may be used in another organization", async () => {
    const [one, other] = await Promise.all([newOrganization(), newOrganization()]);
    const email = "shared@example.com";
    const agents = [await newAgent(one.token, { email }), await newAgent(other.token, { email })];
    expect(agents.map((agent) => agent.organization_id)).toEqual([one.organizationId, other.organizationId]);
  });

  it("the caller's own organization may be named", async () => {
    const { token, organizationId } = await newOrganization();
    expect(await newAgent(token, { organization_id: organizationId })).toMatchObject({
      organization_id: organizationId,
    });
  });

  it("an admin of the operator may register in another organization; both audit logs tell of it", async () => {
    const operator = await theOperator();
    const tenant = await newOrganization();
    const agent = await newAgent(operator.token, {
      organization_id: tenant.organizationId,
      grantedScopes: ["webhooks:write", "agents:write"],
    });
    expect(agent).toMatchObject({
      organization_id: tenant.organizationId,
      grantedScopes: ["webhooks:write", "agents:write"],
    });
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token: tenant.token })).body).toEqual(agent);
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token: operator.token })).status).toBe(404);
    for (const { token } of [tenant, operator]) {
      const { body } = await call(`/api/v1/audit?action=agent.created&agentId=${agent.agentId}`, { token });
      expect(body.data).toHaveLength(1);
      expect(body.data[0]).toMatchObject({
        actor: { agentId: operator.agentId },
        target: agent.agentId,
        outcome: "success",
      });
    }
  });

  it("stores markup and prototype names as text", async () => {
    const { token } = await newOrganization();
    const texts = { owner: "__proto__", description: `<script>alert("1")</script>' OR 1=1; --` };
    expect(await newAgent(token, texts)).toMatchObject(texts);
  });

  it("takes every field at its greatest length", async () => {
    const { token } = await newOrganization();
    const fields = {
      email: `${"a".repeat(64)}@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.com`,
      version: `1.0.0-${"9a".repeat(29)}`,
      owner: "o".repeat(128),
      description: "d".repeat(1000),
      capabilities: Array.from({ length: 64 }, (_, index) => `resource-${index}:*`),
    };
    expect(fields.version).toHaveLength(64);
    expect(await newAgent(token, fields)).toMatchObject(fields);
  });
});

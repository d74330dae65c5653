import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import {
  type Body,
  call,
  issuer,
  newAgent,
  newClient,
  newOrganization,
  resourceOf,
  tokenFor,
} from "../../support/api.ts";

const patch = (token: string, agentId: string, json: unknown) =>
  call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });

/** The agent's events, oldest first, without that of its registration and those of its tokens. */
async function changesOf(token: string, agentId: string): Promise<{ action: string; details: Body }[]> {
  const { body } = await call(`/api/v1/audit?agentId=${agentId}&limit=100`, { token });
  const events = body.data.filter(({ action }: Body) => action.startsWith("agent.") && action !== "agent.created");
  return events.map(({ action, details }: Body) => ({ action, details })).reverse();
}

describe("PATCH /agents/{agentId} 200", () => {
  it.each([
    ["email", "renamed@example.com"],
    ["version", "9.9.9"],
    ["capabilities", ["mail:send", "resume:*"]],
    ["owner", "other-team"],
    ["deploymentEnv", "staging"],
    ["description", "New"],
    ["description", null],
    ["grantedScopes", []],
    ["grantedScopes", ["audit:read", "webhooks:write"]],
    ["isPublic", true],
    ["dpopRequired", true],
    ["idTokenSignedResponseAlg", "ES256"],
  ])("changes %s alone, to %j", async (field, value) => {
    const { token } = await newOrganization();
    const agent = await newAgent(token, { description: "Old" });
    const answer = await patch(token, agent.agentId, { [field]: value });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({ ...agent, [field]: value, updatedAt: answer.body.updatedAt });
    expect(Date.parse(answer.body.updatedAt)).toBeGreaterThan(Date.parse(agent.updatedAt));
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token })).body).toEqual(answer.body);
    expect(await changesOf(token, agent.agentId)).toEqual([{ action: "agent.updated", details: { changed: [field] } }]);
  });

  it("the same values again change nothing: same updatedAt, no event", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    const { email, version, capabilities, grantedScopes, status, publicKeyJwk } = agent;
    const answer = await patch(token, agent.agentId, {
      email: email.toUpperCase(),
      version,
      capabilities,
      grantedScopes,
      status,
      publicKeyJwk,
      description: null,
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual(agent);
    expect(await changesOf(token, agent.agentId)).toEqual([]);
  });

  it("fields and status at once: one change, two events, the audit log knows who", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const answer = await patch(token, agentId, { owner: "night-shift", status: "suspended" });
    expect(answer.body).toMatchObject({ owner: "night-shift", status: "suspended" });
    expect(await changesOf(token, agentId)).toEqual([
      { action: "agent.updated", details: { changed: ["owner"] } },
      { action: "agent.suspended", details: {} },
    ]);
  });

  it("a new public key takes the place of the old one; the audit log names the field and no key", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
    const answer = await patch(token, agent.agentId, { publicKeyJwk });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({ ...agent, publicKeyJwk, updatedAt: answer.body.updatedAt });
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token })).body.publicKeyJwk).toEqual(publicKeyJwk);
    expect(await changesOf(token, agent.agentId)).toEqual([
      { action: "agent.updated", details: { changed: ["publicKeyJwk"] } },
    ]);
  });

  it("null in place of a key has the service make and keep a new one, each time another", async () => {
    const { token } = await newOrganization();
    const own = await generateKeyPair("ES256");
    const agent = await newAgent(token, { publicKeyJwk: await exportJWK(own.publicKey) });
    const [first, second] = [
      await patch(token, agent.agentId, { publicKeyJwk: null }),
      await patch(token, agent.agentId, { publicKeyJwk: null }),
    ];
    for (const { status, body } of [first, second]) {
      expect(status).toBe(200);
      expect(body.publicKeyJwk).toEqual({ kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) });
    }
    expect(new Set([agent, first.body, second.body].map(({ publicKeyJwk }) => publicKeyJwk.x)).size).toBe(3);
    const { authentication } = (await call(`/agents/${agent.agentId}/did.json`)).body;
    expect(authentication).toEqual([`${agent.did}#key-3`]);
    expect(await changesOf(token, agent.agentId)).toEqual(
      Array(2).fill({ action: "agent.updated", details: { changed: ["publicKeyJwk"] } }),
    );
  });

  it("RFC 7523 3: after a change of key the agent signs in with the new one and no longer with the old one", async () => {
    const { token } = await newOrganization();
    const [old, fresh] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
    const { agentId } = await newAgent(token, { publicKeyJwk: await exportJWK(old.publicKey) });
    const signIn = async (key: CryptoKey) => {
      const claims = { iss: agentId, sub: agentId, aud: issuer, jti: crypto.randomUUID() };
      const assertion = new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).setIssuedAt().setExpirationTime("1m");
      const answer = await call("/api/v1/token", {
        form: {
          grant_type: "client_credentials",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: await assertion.sign(key),
        },
      });
      return answer.status;
    };
    expect([await signIn(old.privateKey), await signIn(fresh.privateKey)]).toEqual([200, 401]);
    await patch(token, agentId, { publicKeyJwk: await exportJWK(fresh.publicKey) });
    expect([await signIn(old.privateKey), await signIn(fresh.privateKey)]).toEqual([401, 200]);
    await patch(token, agentId, { publicKeyJwk: null });
    expect([await signIn(old.privateKey), await signIn(fresh.privateKey)]).toEqual([401, 401]);
  });

  it("a capability that is taken out is missing from the next token, and stays in the one that is out", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const client = await newClient(token, { capabilities: ["resume:read", "mail:send"] });
    const form = { grant_type: "client_credentials", resource: await resourceOf(organization) };
    const before = (await call("/api/v1/token", { basic: client, form })).body.access_token;
    await patch(token, client.agentId, { capabilities: ["resume:read"], grantedScopes: ["agents:read"] });
    expect((await call("/api/v1/token", { basic: client, form })).body.scope).toBe("resume:read");
    const introspection = await call("/api/v1/token/introspect", { token, form: { token: before } });
    expect(introspection.body.scope).toContain("mail:send");
  });
});

describe("suspending and reactivating", () => {
  it("suspending kills the agent's tokens and sign-ins at once; reactivating allows new ones and revives none", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const old = await tokenFor(client);
    expect((await call("/api/v1/agents", { token: old })).status).toBe(200);

    expect((await patch(token, client.agentId, { status: "suspended" })).body.status).toBe("suspended");
    expect((await call("/api/v1/agents", { token: old })).status).toBe(401);
    const refused = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect([refused.status, refused.body.error]).toEqual([401, "invalid_client"]);

    expect((await patch(token, client.agentId, { status: "active" })).body.status).toBe("active");
    const fresh = await tokenFor(client);
    expect((await call("/api/v1/agents", { token: fresh })).status).toBe(200);
    expect((await call("/api/v1/agents", { token: old })).status).toBe(401);
    expect(await changesOf(token, client.agentId)).toEqual([
      { action: "agent.suspended", details: {} },
      { action: "agent.reactivated", details: {} },
    ]);
  });

  it("an agent may suspend itself; its token is dead after that", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, { grantedScopes: ["agents:write", "agents:read"] });
    const own = await tokenFor(client);
    expect((await patch(own, client.agentId, { status: "suspended" })).status).toBe(200);
    expect((await patch(own, client.agentId, { status: "active" })).status).toBe(401);
  });

  it("reactivating takes no capacity: the organization may be full", async () => {
    const { token } = await newOrganization({ maxAgents: 2 });
    const { agentId } = await newAgent(token);
    await patch(token, agentId, { status: "suspended" });
    expect((await patch(token, agentId, { status: "active" })).status).toBe(200);
  });
});

describe("a member with agents:write", () => {
  it("changes what gives nobody more than its own token carries", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, {
      grantedScopes: ["agents:read", "agents:write"],
      capabilities: ["resume:read", "mail:send"],
    });
    const member = await tokenFor(client);
    const other = await newAgent(token, { capabilities: ["resume:read"], grantedScopes: ["agents:read"] });
    const answer = await patch(member, other.agentId, {
      owner: "member",
      capabilities: ["resume:read", "mail:send"],
      grantedScopes: ["agents:read", "agents:write"],
    });
    expect(answer.status, answer.text).toBe(200);
    const narrowed = await patch(member, other.agentId, { capabilities: ["mail:send"], grantedScopes: [] });
    expect(narrowed.body).toMatchObject({ capabilities: ["mail:send"], grantedScopes: [] });
  });
});

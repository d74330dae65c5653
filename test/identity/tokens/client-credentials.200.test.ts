import { decodeJwt, decodeProtectedHeader } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adminToken,
  type Client,
  call,
  issuer,
  newAgent,
  newClient,
  newCredential,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

let admin: string;
let agent: Client & { agentId: string; credentialId: string };

beforeAll(async () => {
  admin = (await theOperator()).token;
  agent = await newClient(admin, { capabilities: ["resume:read", "resume:write"] });
});

describe("RFC 6749 4.4: the client credentials grant", () => {
  it("answers with a bearer token, its lifetime in seconds and its scope, not to be stored", async () => {
    const answer = await call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials" } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: 3600,
      scope: "resume:read resume:write agents:read tokens:read audit:read webhooks:read",
    });
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it("serves the same endpoint at /api/v1/oauth2/token", async () => {
    const answer = await call("/api/v1/oauth2/token", { basic: agent, form: { grant_type: "client_credentials" } });
    expect(answer.status).toBe(200);
  });

  it("client_secret_post: takes the secret from the body", async () => {
    const form = { grant_type: "client_credentials", client_id: agent.clientId, client_secret: agent.clientSecret };
    expect((await call("/api/v1/token", { form })).status).toBe(200);
  });

  it("RFC 6749 3.2: treats a parameter without a value as if it was left out", async () => {
    const usual = (await call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials" } })).body;
    const form = { grant_type: "client_credentials", scope: "", resource: "", client_secret: "", client_assertion: "" };
    const { status, body } = await call("/api/v1/token", { basic: agent, form });
    expect([status, body.scope]).toEqual([200, usual.scope]);
    expect(decodeJwt(body.access_token).aud).toBe(issuer);
  });

  it("RFC 6749 3.2: ignores parameters that it does not know", async () => {
    const form = { grant_type: "client_credentials", flavour: "mint" };
    expect((await call("/api/v1/token", { basic: agent, form })).status).toBe(200);
  });

  it("RFC 9068 2: is a JWT of type at+jwt, signed with ES256, with exactly the promised claims", async () => {
    const token = await tokenFor(agent, { scope: "resume:read" });
    expect(decodeProtectedHeader(token)).toEqual({
      alg: "ES256",
      typ: "at+jwt",
      kid: expect.stringMatching(/^[\w-]{43}$/),
    });
    const claims = decodeJwt(token);
    expect(claims).toEqual({
      iss: issuer,
      sub: agent.agentId,
      client_id: agent.agentId,
      aud: issuer,
      scope: "resume:read",
      organization_id: (await theOperator()).organizationId,
      agent_type: "screener",
      credential_id: agent.credentialId,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: expect.any(Number),
      exp: (claims.iat ?? 0) + 3600,
    });
  });
});

describe("scope", () => {
  it("grants openid and admin:orgs only when they are asked for by name", async () => {
    const { clientId, clientSecret } = await theOperator();
    const all = await call("/api/v1/token", {
      basic: { clientId, clientSecret },
      form: { grant_type: "client_credentials" },
    });
    expect(all.body.scope.split(" ")).not.toContain("admin:orgs");
    expect(all.body.scope.split(" ")).not.toContain("openid");
    const named = await call("/api/v1/token", {
      basic: { clientId, clientSecret },
      form: { grant_type: "client_credentials", scope: "admin:orgs openid" },
    });
    expect(named.body.scope).toBe("admin:orgs openid");
  });

  it("takes effect on the next token when it is taken away, and leaves tokens that are out", async () => {
    const client = await newClient(admin, { capabilities: ["resume:read", "resume:write"] });
    const before = await tokenFor(client);
    const patch = await call(`/api/v1/agents/${client.agentId}`, {
      method: "PATCH",
      token: admin,
      json: { capabilities: ["resume:read"], grantedScopes: ["agents:read"] },
    });
    expect(patch.status, patch.text).toBe(200);
    const answer = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect(answer.body.scope).toBe("resume:read agents:read");
    expect((await call(`/api/v1/agents/${client.agentId}`, { token: before })).status).toBe(200);
  });
});

describe("RFC 8707 2: resource, and what becomes of it", () => {
  const ask = (...resources: string[]) => {
    const form = new URLSearchParams({ grant_type: "client_credentials", scope: "agents:read" });
    for (const resource of resources) form.append("resource", resource);
    return call("/api/v1/token", { basic: agent, form });
  };

  it("becomes the audience; the token is then refused at this API", async () => {
    const { body } = await ask("https://api.example.com/v1");
    expect(decodeJwt(body.access_token).aud).toBe("https://api.example.com/v1");
    expect((await call("/api/v1/agents", { token: body.access_token })).status).toBe(401);
  });

  it("may be repeated; naming this API among others keeps the token good here", async () => {
    const { body } = await ask("https://api.example.com/v1", issuer);
    expect(decodeJwt(body.access_token).aud).toEqual(["https://api.example.com/v1", issuer]);
    expect((await call("/api/v1/agents", { token: body.access_token })).status).toBe(200);
  });
});

describe("OpenID Connect Core 2: the id_token", () => {
  it("comes with the scope openid, RS256, for the client itself", async () => {
    const { body } = await call("/api/v1/token", {
      basic: agent,
      form: { grant_type: "client_credentials", scope: "openid" },
    });
    expect(decodeProtectedHeader(body.id_token)).toEqual({ alg: "RS256", typ: "JWT", kid: expect.any(String) });
    const registered = await call(`/api/v1/agents/${agent.agentId}`, { token: admin });
    expect(decodeJwt(body.id_token)).toMatchObject({
      iss: issuer,
      sub: agent.agentId,
      aud: agent.agentId,
      email: registered.body.email,
      agent_type: "screener",
      organization_id: (await theOperator()).organizationId,
    });
  });

  it("is no access token", async () => {
    const { body } = await call("/api/v1/token", {
      basic: agent,
      form: { grant_type: "client_credentials", scope: "openid agents:read" },
    });
    expect((await call("/api/v1/agents", { token: body.id_token })).status).toBe(401);
    const introspection = await call("/api/v1/token/introspect", { basic: agent, form: { token: body.id_token } });
    expect(introspection.body).toEqual({ active: false });
  });
});

describe("rotation with overlap", () => {
  it("lets both secrets in until the overlap ends, then only the new one", async () => {
    const { agentId } = await newAgent(admin);
    const first = await newCredential(admin, agentId);
    const second = await call(`/api/v1/agents/${agentId}/credentials/${first.credentialId}/rotate`, {
      token: admin,
      json: { overlapSeconds: 3600 },
    });
    expect(second.status, second.text).toBe(200);
    for (const { clientSecret } of [first, second.body]) {
      const answer = await call("/api/v1/token", {
        basic: { clientId: agentId, clientSecret },
        form: { grant_type: "client_credentials" },
      });
      expect(answer.status).toBe(200);
    }
    const third = await call(`/api/v1/agents/${agentId}/credentials/${first.credentialId}/rotate`, {
      token: admin,
      json: {},
    });
    for (const { clientSecret } of [first, second.body]) {
      const answer = await call("/api/v1/token", {
        basic: { clientId: agentId, clientSecret },
        form: { grant_type: "client_credentials" },
      });
      expect(answer.status).toBe(401);
    }
    expect(await adminToken({ clientId: agentId, clientSecret: third.body.clientSecret }).catch(() => "refused")).toBe(
      "refused",
    );
    expect((await tokenFor({ clientId: agentId, clientSecret: third.body.clientSecret })).length).toBeGreaterThan(100);
  });
});

describe("200 requests at once", () => {
  it("all succeed, and the audit chain holds each of them once, without gap", async () => {
    const client = await newClient(admin);
    const tokens = await Promise.all(Array.from({ length: 200 }, () => tokenFor(client, { scope: "agents:read" })));
    const ids = tokens.map((token) => decodeJwt(token).jti);
    expect(new Set(ids).size).toBe(200);
    const recorded = new Set<string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await call(
        `/api/v1/audit?limit=100&agentId=${client.agentId}&action=token.issued${cursor && `&cursor=${cursor}`}`,
        {
          token: admin,
        },
      );
      for (const event of page.body.data) recorded.add(event.target);
      cursor = page.body.nextCursor;
    }
    expect(recorded).toEqual(new Set(ids));
    expect((await call("/api/v1/audit/verify", { token: admin })).body).toMatchObject({
      verified: true,
      brokenAtEventId: null,
    });
  });
});

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
  resourceOf,
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
      scope: "agents:read",
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
    const token = await tokenFor(agent, { scope: "agents:read" });
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
      scope: "agents:read",
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
  it("grants openid, admin:orgs and delegations:write only when they are asked for by name", async () => {
    const { clientId, clientSecret } = await theOperator();
    const all = await call("/api/v1/token", {
      basic: { clientId, clientSecret },
      form: { grant_type: "client_credentials" },
    });
    expect(all.body.scope).toBe("agents:read agents:write tokens:read audit:read webhooks:read webhooks:write");
    const named = await call("/api/v1/token", {
      basic: { clientId, clientSecret },
      form: { grant_type: "client_credentials", scope: "admin:orgs openid delegations:write" },
    });
    expect(named.body.scope).toBe("admin:orgs openid delegations:write");
  });

  it("takes effect on the next token when it is taken away, and leaves tokens that are out", async () => {
    const client = await newClient(admin, { grantedScopes: ["agents:read", "audit:read"] });
    const before = await tokenFor(client);
    const patch = await call(`/api/v1/agents/${client.agentId}`, {
      method: "PATCH",
      token: admin,
      json: { grantedScopes: ["agents:read"] },
    });
    expect(patch.status, patch.text).toBe(200);
    const answer = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect(answer.body.scope).toBe("agents:read");
    expect((await call(`/api/v1/agents/${client.agentId}`, { token: before })).status).toBe(200);
  });
});

describe("RFC 8707 2: resource, and what becomes of it", () => {
  const ask = (form: Record<string, string>, ...resources: string[]) => {
    const parameters = new URLSearchParams({ grant_type: "client_credentials", ...form });
    for (const resource of resources) parameters.append("resource", resource);
    return call("/api/v1/token", { basic: agent, form: parameters });
  };

  it("becomes the audience; the token carries capabilities and is refused at this API", async () => {
    const resource = await resourceOf(await theOperator());
    const { body } = await ask({}, resource);
    expect(body.scope).toBe("resume:read resume:write");
    expect(decodeJwt(body.access_token)).toMatchObject({ aud: resource, scope: "resume:read resume:write" });
    expect((await call("/api/v1/agents", { token: body.access_token })).status).toBe(401);
  });

  it.each([`${issuer}/`, issuer])("%s is this service", async (resource) => {
    const { body } = await ask({ scope: "agents:read" }, resource);
    expect(decodeJwt(body.access_token).aud).toBe(issuer);
    expect((await call("/api/v1/agents", { token: body.access_token })).status).toBe(200);
  });

  it("may be sent twice with the same value, and with no second one", async () => {
    const resource = await resourceOf(await theOperator());
    expect(decodeJwt((await ask({}, resource, resource)).body.access_token).aud).toBe(resource);
    for (const other of [issuer, "urn:agentidp:operator:other"]) {
      expect((await ask({}, resource, other)).body.error).toBe("invalid_target");
    }
  });

  it("that is not registered is refused with the nearest identifier of the own organization", async () => {
    await resourceOf(await theOperator(), "resumes");
    const { status, body } = await ask({}, "urn:agentidp:operator:resume");
    expect([status, body.error]).toEqual([400, "invalid_target"]);
    expect(body.error_description).toBe(
      "The client may not have a token for this resource. The nearest resource of your organization is urn:agentidp:operator:resumes.",
    );
  });

  it("left out with a capability: invalid_scope that names the parameter", async () => {
    const { status, body } = await ask({ scope: "agents:read resume:read" });
    expect([status, body.error, body.details]).toEqual([400, "invalid_scope", { outside: ["resume:read"] }]);
    expect(body.error_description).toContain("send the identifier of the API that the token is for");
  });

  it("left out by an agent without platform scopes: an empty scope, good for /agent-info", async () => {
    const client = await newClient(admin, { grantedScopes: [] });
    const { body } = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect(body.scope).toBe("");
    expect((await call("/agent-info", { token: body.access_token })).status).toBe(200);
    expect((await call("/api/v1/agents", { token: body.access_token })).status).toBe(403);
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
      email_verified: false,
      email_domain_verified: false,
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

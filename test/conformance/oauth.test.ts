/** RFC 6749, as far as the client credentials grant goes, RFC 6750 and RFC 8707, in the words of their sections. */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  call,
  newClient,
  newOrganization,
  type Organization,
  resourceOf,
  tokenFor,
} from "../support/api.ts";

let tenant: Organization;
let client: Awaited<ReturnType<typeof newClient>>;

beforeAll(async () => {
  tenant = await newOrganization();
  client = await newClient(tenant.token, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] });
});

const grant = { grant_type: "client_credentials" };
const ask = (form: Record<string, string> | URLSearchParams, init = {}) =>
  call("/api/v1/token", { basic: client, form, ...init });

function expectError({ status, body, headers }: Answer, expected: number, error: string): void {
  expect([status, body.error]).toEqual([expected, error]);
  expect(headers.get("Content-Type")).toMatch(/^application\/json/);
}

describe("the OAuth 2.0 Authorization Framework", () => {
  it("RFC 6749 2.3: a client uses no more than one way to authenticate in a request", async () => {
    const { clientId: client_id, clientSecret: client_secret } = client;
    expectError(await ask({ ...grant, client_id, client_secret }), 400, "invalid_request");
  });

  it("RFC 6749 2.3.1: id and secret are form-encoded before they are put into the Basic scheme", async () => {
    const percent = (text: string) =>
      text.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
    const pair = btoa(`${percent(client.clientId)}:${percent(client.clientSecret)}`);
    const answer = await call("/api/v1/token", { form: grant, headers: { Authorization: `Basic ${pair}` } });
    expect(answer.status, answer.text).toBe(200);
  });

  it("RFC 6749 2.3.1: credentials in the request URI are not taken", async () => {
    const query = new URLSearchParams({ client_id: client.clientId, client_secret: client.clientSecret });
    expectError(await call(`/api/v1/token?${query}`, { form: grant }), 401, "invalid_client");
  });

  it("RFC 6749 3.2: the token endpoint takes POST and nothing else", async () => {
    const answer = await call(`/api/v1/token?${new URLSearchParams(grant)}`, { basic: client });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
  });

  it("RFC 6749 3.2: a parameter without a value is treated as if it were left out", async () => {
    const omitted = await ask(grant);
    const empty = await ask({ ...grant, scope: "", resource: "", client_id: "", client_assertion: "", assertion: "" });
    expect(empty.status, empty.text).toBe(200);
    expect(empty.body.scope).toBe(omitted.body.scope);
    expect(decodeJwt(empty.body.access_token).aud).toBe(decodeJwt(omitted.body.access_token).aud);
    expectError(await ask({ grant_type: "" }), 400, "invalid_request");
    for (const path of ["introspect", "revoke"]) {
      expectError(await call(`/api/v1/token/${path}`, { basic: client, form: { token: "" } }), 400, "invalid_request");
    }
  });

  it("RFC 6749 3.2: an unknown parameter is ignored", async () => {
    expect((await ask({ ...grant, color: "green", "": "x" })).status).toBe(200);
  });

  it("RFC 6749 3.2: a parameter is not sent more than once", async () => {
    for (const name of ["grant_type", "scope", "client_id"]) {
      const form = new URLSearchParams({ ...grant, scope: "audit:read", client_id: client.clientId });
      form.append(name, form.get(name) ?? "");
      expectError(await ask(form), 400, "invalid_request");
    }
  });

  it("RFC 6749 3.3: the order of scopes means nothing, their case does", async () => {
    const scopes = async (scope: string) => (await ask({ ...grant, scope })).body.scope?.split(" ").sort();
    expect(await scopes("webhooks:read audit:read")).toEqual(await scopes("audit:read webhooks:read"));
    expectError(await ask({ ...grant, scope: "Audit:read" }), 400, "invalid_scope");
  });

  it("RFC 6749 3.3: scopes are separated by one space and made of printable ASCII", async () => {
    for (const scope of [
      "audit:read  webhooks:read",
      " audit:read",
      'resume:"read"',
      "resume:re\\ad",
      "audit:read\twebhooks:read",
      "résumé:read",
    ]) {
      expectError(await ask({ ...grant, scope }), 400, "invalid_scope");
    }
  });

  it("RFC 6749 3.3: the answer tells the scope that was granted", async () => {
    expect((await ask({ ...grant, scope: "audit:read" })).body.scope).toBe("audit:read");
    expect((await ask(grant)).body.scope).toContain("webhooks:read");
  });

  it("RFC 6749 4.4.2: the client authenticates, and nothing else is needed", async () => {
    expectError(await call("/api/v1/token", { form: grant }), 401, "invalid_client");
    expect((await ask(grant)).status).toBe(200);
  });

  it("RFC 6749 4.4.3: there is no refresh token", async () => {
    expect((await ask({ ...grant, scope: "openid audit:read" })).body).not.toHaveProperty("refresh_token");
  });

  it("RFC 6749 5.1: the answer is JSON with access_token, token_type and expires_in, and is not stored", async () => {
    const { status, headers, body } = await ask(grant);
    expect(status).toBe(200);
    expect(body).toMatchObject({ access_token: expect.any(String), token_type: "Bearer", expires_in: 3600 });
    expect([headers.get("Cache-Control"), headers.get("Pragma")]).toEqual(["no-store", "no-cache"]);
  });

  it("RFC 6749 5.2: every error is one of its codes, described in its characters, and is not stored", async () => {
    const answers = [
      await ask({}),
      await ask({ grant_type: "password" }),
      await ask({ ...grant, scope: "nothing:here" }),
      await ask({ ...grant, resource: "no uri" }),
      await call("/api/v1/token", { form: grant }),
      await ask({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "a.b.c" }),
    ];
    const errors = [
      "invalid_request",
      "unsupported_grant_type",
      "invalid_scope",
      "invalid_target",
      "invalid_client",
      "invalid_grant",
    ];
    expect(answers.map(({ body }) => body.error)).toEqual(errors);
    for (const { body, headers } of answers) {
      expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
      expect(headers.get("Cache-Control")).toBe("no-store");
    }
  });

  it("RFC 6749 5.2: invalid_client is 401, with a challenge for the scheme that was used", async () => {
    const answer = await call("/api/v1/token", { basic: { ...client, clientSecret: "wrong" }, form: grant });
    expectError(answer, 401, "invalid_client");
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Basic realm="/);
  });
});

describe("Bearer Token Usage", () => {
  it("RFC 6750 2.1: the token comes in the Authorization header, whose scheme knows no case", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      const answer = await call("/agent-info", { headers: { Authorization: `${scheme} ${tenant.token}` } });
      expect(answer.status).toBe(200);
    }
  });

  it("RFC 6750 2.2: a token in a form is not taken", async () => {
    const answer = await call("/agent-info", { form: { access_token: tenant.token } });
    expect(answer.status).toBe(401);
  });

  it("RFC 6750 2.3: a token in the request URI is not taken", async () => {
    expect((await call(`/agent-info?access_token=${tenant.token}`)).status).toBe(401);
  });

  it("RFC 6750 3: whoever sends no token is challenged without an error code", async () => {
    const { status, headers } = await call("/agent-info");
    expect(status).toBe(401);
    expect(headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
    expect(headers.get("WWW-Authenticate")).not.toContain("error");
  });

  it("RFC 6750 3.1: an expired, revoked or malformed token is invalid_token, with 401", async () => {
    const revoked = await tokenFor(client);
    await call("/api/v1/token/revoke", { basic: client, form: { token: revoked } });
    for (const token of [revoked, "a.b.c"]) {
      const { status, headers } = await call("/agent-info", { token });
      expect(status).toBe(401);
      expect(headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
    }
  });

  it("RFC 6750 3.1: too little scope is insufficient_scope, with 403 and the scope that is needed", async () => {
    const { status, headers } = await call("/api/v1/webhooks", {
      token: await tokenFor(client, { scope: "audit:read" }),
    });
    expect(status).toBe(403);
    expect(headers.get("WWW-Authenticate")).toContain('error="insufficient_scope"');
    expect(headers.get("WWW-Authenticate")).toContain('scope="webhooks:read"');
  });

  it("RFC 6750 5.3: an answer that holds a token may not be kept by a cache", async () => {
    for (const path of ["/api/v1/token", "/api/v1/oauth2/token"]) {
      expect((await call(path, { basic: client, form: grant })).headers.get("Cache-Control")).toBe("no-store");
    }
  });
});

describe("Resource Indicators", () => {
  const audiences = async (...resources: string[]) => {
    const form = new URLSearchParams(grant);
    for (const resource of resources) form.append("resource", resource);
    const answer = await ask(form);
    return answer.status === 200 ? decodeJwt(answer.body.access_token).aud : answer.body.error;
  };

  it("RFC 8707 2: resource is an absolute URI without a fragment that the server knows, anything else is invalid_target", async () => {
    const known = await resourceOf(tenant);
    expect(await audiences(known)).toBe(known);
    for (const resource of [
      "api",
      "/api",
      "//api.example.com",
      "https://api.example.com/#",
      "https://api.example.com/#a",
      "https://api.example.com/unknown",
    ]) {
      expect(await audiences(resource)).toBe("invalid_target");
    }
  });

  it("RFC 8707 2: the server may refuse several resources, and issues a token for one audience", async () => {
    const known = await resourceOf(tenant);
    expect(await audiences(known, known)).toBe(known);
    expect(await audiences(known, await resourceOf(tenant, "other"))).toBe("invalid_target");
  });
});

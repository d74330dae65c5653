/**
 * Attack: a token for another audience sent to our API: 401, at every route that takes one. Attack: assertion with array `aud`,
 * with another server's endpoint as `aud`: refused, at every endpoint that takes one.
 */
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { call, issuer, newAgent, newOrganization, type Organization, resourceOf, tokenFor } from "../support/api.ts";
import { signedByService } from "./_forging.ts";
import { askWithToken, guarded } from "./_operations.ts";
import { assertionType, newSource } from "./_presentable.ts";

let tenant: Organization;
let resource: string;
let forAnother: string;

beforeAll(async () => {
  tenant = await newOrganization();
  resource = await resourceOf(tenant);
  forAnother = await tokenFor(tenant, { resource });
});

describe("a token for another API", () => {
  it.each(guarded)("is refused at $method $path", async (operation) => {
    const answer = await askWithToken(operation, forAnother);
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([
      401,
      "UNAUTHORIZED",
      `The access token is for ${resource}, not for this service.`,
    ]);
  });

  it.each(["introspect", "revoke"])("authenticates nobody at /token/%s", async (path) => {
    const answer = await call(`/api/v1/token/${path}`, { token: forAnother, form: { token: tenant.token } });
    expect(answer.status).toBe(401);
    expect((await call("/agent-info", { token: tenant.token })).status).toBe(200);
  });

  it("is a live token all the same, for whoever introspects it", async () => {
    const { body } = await call("/api/v1/token/introspect", { token: tenant.token, form: { token: forAnother } });
    expect(body).toMatchObject({ active: true, aud: resource });
  });
});

describe("what is almost our audience is another one", () => {
  const use = async (aud: unknown) =>
    (await call("/agent-info", { token: await signedByService({ ...decodeJwt(tenant.token), aud }) })).status;

  it.each([
    `${issuer}/`,
    `${issuer}/api/v1`,
    `${issuer} `,
    ` ${issuer}`,
    `${issuer}#`,
    issuer.toUpperCase(),
    issuer.replace("http:", "https:"),
    issuer.replace("localhost", "localhost."),
    issuer.replace(":8787", ""),
    `${issuer}.evil.example`,
    "",
    "*",
    "localhost",
    null,
    undefined,
    true,
    [],
    [[issuer]],
    [`${issuer}/`, "https://resumes.example.com"],
    [issuer],
    ["https://resumes.example.com", issuer],
    { 0: issuer, length: 1 },
    { aud: issuer },
  ])("%j", async (aud) => {
    expect(await use(aud)).toBe(401);
  });

  it.each([`${issuer}/api/v1/agents`, "http://localhost.evil.example:8787"])(
    "resource=%s is refused",
    async (resource) => {
      const answer = await call("/api/v1/token", {
        basic: tenant,
        form: { grant_type: "client_credentials", resource },
      });
      expect([answer.status, answer.body.error]).toEqual([400, "invalid_target"]);
    },
  );
});

describe.each([
  ["/api/v1/token", { grant_type: "client_credentials" }],
  ["/api/v1/oauth2/token", { grant_type: "client_credentials" }],
  ["/api/v1/token/introspect", { token: "x" }],
  ["/api/v1/token/revoke", { token: "x" }],
])("a client assertion sent to %s", (path, form) => {
  let agentId: string;
  let privateKey: CryptoKey;

  beforeAll(async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    privateKey = pair.privateKey;
    ({ agentId } = await newAgent(tenant.token, { publicKeyJwk: await exportJWK(pair.publicKey) }));
  });

  async function statusFor(aud: unknown): Promise<number> {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: agentId, sub: agentId, aud, jti: crypto.randomUUID(), iat, exp: iat + 60 } as never;
    const client_assertion = await new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
    const answer = await call(path, {
      form: { ...form, client_assertion_type: assertionType, client_assertion },
      headers: { "CF-Connecting-IP": newSource() },
    });
    return answer.status;
  }

  it("for us, or for that very endpoint, as a string or an array of one, is accepted", async () => {
    for (const aud of [issuer, `${issuer}${path}`]) {
      expect(await statusFor(aud)).toBe(200);
      expect(await statusFor([aud])).toBe(200);
    }
  });

  it("for several, for another server, or for almost us, is refused", async () => {
    const endpoint = `${issuer}${path}`;
    const others = [
      [issuer, issuer],
      [issuer, endpoint],
      [issuer, "https://as.example.com"],
      [],
      "https://as.example.com/token",
      "https://as.example.com",
      `${issuer}/`,
      `${endpoint}/`,
      `${endpoint}?a=b`,
      `${endpoint}#a`,
      `${issuer}/api/v1/agents`,
      `${issuer}.evil.example`,
      issuer.toUpperCase(),
      issuer.replace("http:", "https:"),
      "",
      null,
      undefined,
      { aud: issuer },
    ];
    for (const aud of others) expect(await statusFor(aud), JSON.stringify(aud)).toBe(401);
  });
});

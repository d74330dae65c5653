/** security.md: a token for another audience sent to our API: 401, at every route that takes one. */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { call, issuer, newOrganization, type Organization, tokenFor } from "../support/api.ts";
import { signedByService } from "./forging.ts";
import { askWithToken, guarded } from "./operations.ts";

let tenant: Organization;
let forAnother: string;

beforeAll(async () => {
  tenant = await newOrganization();
  forAnother = await tokenFor(tenant, { resource: "https://resumes.example.com" });
});

describe("a token for another API", () => {
  it.each(guarded)("is refused at $method $path", async (operation) => {
    const answer = await askWithToken(operation, forAnother);
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([
      401,
      "UNAUTHORIZED",
      "The access token is not valid.",
    ]);
  });

  it.each(["introspect", "revoke"])("authenticates nobody at /token/%s", async (path) => {
    const answer = await call(`/api/v1/token/${path}`, { token: forAnother, form: { token: tenant.token } });
    expect(answer.status).toBe(401);
    expect((await call("/agent-info", { token: tenant.token })).status).toBe(200);
  });

  it("is a live token all the same, for whoever introspects it", async () => {
    const { body } = await call("/api/v1/token/introspect", { token: tenant.token, form: { token: forAnother } });
    expect(body).toMatchObject({ active: true, aud: "https://resumes.example.com" });
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
    { 0: issuer, length: 1 },
    { aud: issuer },
  ])("%j", async (aud) => {
    expect(await use(aud)).toBe(401);
  });

  it.each([[issuer], [["https://resumes.example.com", issuer]]])("%j is ours", async (aud) => {
    expect(await use(aud)).toBe(200);
  });

  it.each([`${issuer}/`, `${issuer}/api/v1/agents`, "http://localhost.evil.example:8787"])(
    "resource=%s asks for another audience",
    async (resource) => {
      const token = await tokenFor(tenant, { resource });
      expect((await call("/agent-info", { token })).status).toBe(401);
    },
  );
});

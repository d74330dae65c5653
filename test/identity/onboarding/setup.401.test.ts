import { expect, it } from "vitest";
import { call, setupToken } from "../../support/api.ts";

const json = { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" };

it.each([
  ["another token", "another-set-up-token-of-the-very-same-kind"],
  ["the token without its last character", setupToken.slice(0, -1)],
  ["the token and one character more", `${setupToken}0`],
  ["the token in capitals", setupToken.toUpperCase()],
])("%s is refused", async (_, token) => {
  const answer = await call("/api/v1/setup", { token, json });
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ code: "UNAUTHORIZED", message: "This is not the set-up token." });
  expect(answer.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
});

it.each([
  ["no token", {}],
  ["the token by Basic", { Authorization: `Basic ${btoa(`setup:${setupToken}`)}` }],
])("%s is refused, and RFC 6750 3.1 wants no error code for it", async (_, headers) => {
  const answer = await call("/api/v1/setup", { json, headers });
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({
    code: "UNAUTHORIZED",
    message: "This needs the set-up token, as a bearer token.",
  });
  expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer resource_metadata="/);
});

it("the token is asked for before the body is looked at", async () => {
  const answer = await call("/api/v1/setup", { token: "wrong", json: { unknown: true } });
  expect(answer.status).toBe(401);
});

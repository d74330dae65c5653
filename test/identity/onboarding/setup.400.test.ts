import { expect, it } from "vitest";
import { call, setupToken } from "../../support/api.ts";

const fields = { organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" };

it.each([
  ["no organizationName", { organizationName: undefined }, "organizationName"],
  ["a name of one character", { organizationName: "O" }, "organizationName"],
  ["a name with a line break", { organizationName: "Oper\r\nator" }, "organizationName"],
  ["a slug in capitals", { slug: "Operator" }, "slug"],
  ["an e-mail that is none", { adminEmail: "admin" }, "adminEmail"],
  ["an unknown field", { planTier: "pro" }, "planTier"],
])("%s is refused by name", async (_, change, path) => {
  const answer = await call("/api/v1/setup", { token: setupToken, json: { ...fields, ...change } });
  expect(answer.status).toBe(400);
  expect(answer.body.code).toBe("VALIDATION_ERROR");
  expect(answer.body.details.issues.map((issue: { path: string }) => issue.path)).toEqual([path]);
});

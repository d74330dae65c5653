import { expect, it } from "vitest";
import { call, newOrganization, theOperator } from "../../support/api.ts";
import { pathOf } from "./_support.ts";

it.each<[string, unknown, string, string]>([
  ["an empty body", {}, "", "must name at least one field"],
  ["a slug", { slug: "another" }, "slug", "is not a known field"],
  ["an adminEmail", { adminEmail: "other@acme.example" }, "adminEmail", "is not a known field"],
  ["an organizationId", { organizationId: "x" }, "organizationId", "is not a known field"],
  ["the status deleted", { status: "deleted" }, "status", "must be active or suspended"],
  ["a name with a tab", { name: "Ac\tme" }, "name", "must not hold control characters"],
  ["a name of null", { name: null }, "name", "must be a text"],
  ["maxAgents -1", { maxAgents: -1 }, "maxAgents", "must be at least 1"],
])("%s is refused by name", async (_, json, path, message) => {
  const { token } = await theOperator();
  const answer = await call(pathOf(await newOrganization()), { method: "PATCH", token, json });
  expect(answer.status, answer.text).toBe(400);
  expect(answer.body.code).toBe("VALIDATION_ERROR");
  expect(answer.body.details.issues).toMatchObject([{ path, message }]);
});

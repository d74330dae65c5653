import { expect, it } from "vitest";
import { call, theOperator, unique } from "../../support/api.ts";

const post = async (change: Record<string, unknown>) => {
  const { token } = await theOperator();
  const json = { name: "Acme", slug: unique("acme"), adminEmail: "admin@acme.example", ...change };
  return call("/api/v1/organizations", { token, json });
};

it.each<[string, Record<string, unknown>, string, string]>([
  ["no name", { name: undefined }, "name", "must be a text"],
  ["a name of 1 character", { name: "A" }, "name", "must have at least 2 characters"],
  ["a name of 101 characters", { name: "A".repeat(101) }, "name", "must have at most 100 characters"],
  ["a name with NUL", { name: "Ac\0me" }, "name", "must not hold control characters"],
  ["a name with half a character", { name: "Acme \ud800" }, "name", "must not hold control characters"],
  ["a slug of 1 character", { slug: "a" }, "slug", "must have at least 2 characters"],
  ["a slug of 51 characters", { slug: "a".repeat(51) }, "slug", "must have at most 50 characters"],
  ["an e-mail that is none", { adminEmail: "acme.example" }, "adminEmail", "must be an e-mail address"],
  [
    "an e-mail of 255 characters",
    { adminEmail: `${"a".repeat(242)}@acme.example` },
    "adminEmail",
    "must have at most 254 characters",
  ],
  ["an unknown tier", { planTier: "gold" }, "planTier", "must be one of free, pro, enterprise"],
  ["maxAgents 0", { maxAgents: 0 }, "maxAgents", "must be at least 1"],
  ["maxAgents as text", { maxAgents: "10" }, "maxAgents", "must be a whole number or null"],
  [
    "maxTokensPerMonth with a fraction",
    { maxTokensPerMonth: 1.5 },
    "maxTokensPerMonth",
    "must be a whole number or null",
  ],
  ["a status", { status: "active" }, "status", "is not a known field"],
  [
    "an organizationId",
    { organizationId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" },
    "organizationId",
    "is not a known field",
  ],
  ["isOperator", { isOperator: true }, "isOperator", "is not a known field"],
])("%s is refused by name", async (_, change, path, message) => {
  const answer = await post(change);
  expect(answer.status, answer.text).toBe(400);
  expect(answer.body.code).toBe("VALIDATION_ERROR");
  expect(answer.body.details.issues).toMatchObject([{ path, message }]);
});

it.each(["Acme", "acme_corp", "-acme", "acme-", "acme--corp", "acme corp", "äcme", "acme\n"])(
  "the slug %j is refused",
  async (slug) => {
    const answer = await post({ slug });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toMatchObject([
      { path: "slug", message: "must be lower-case letters and digits, in words joined by single hyphens" },
    ]);
  },
);

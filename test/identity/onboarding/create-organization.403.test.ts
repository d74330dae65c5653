import { expect, it } from "vitest";
import { call, demotedToken, newOrganization, theOperator, tokenFor } from "../../support/api.ts";

const json = { name: "Acme", slug: "acme", adminEmail: "admin@acme.example" };
const post = (token: string) => call("/api/v1/organizations", { token, json });

it("an admin of another organization may not create one", async () => {
  const answer = await post((await newOrganization()).token);
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({
    code: "FORBIDDEN",
    message: "Only the operator's organization may create organizations.",
  });
});

it("an operator's agent that is no admin any more may not", async () => {
  const answer = await post(await demotedToken(await theOperator()));
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "admin:orgs" } });
});

it("the operator's admin may not with a token that lacks admin:orgs", async () => {
  const answer = await post(await tokenFor(await theOperator(), { scope: "agents:write" }));
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "admin:orgs" } });
  expect(answer.headers.get("WWW-Authenticate")).toContain('error="insufficient_scope"');
});

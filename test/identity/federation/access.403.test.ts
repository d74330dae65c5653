import { expect, it } from "vitest";
import { call, demotedToken, newClient, newOrganization, tokenFor } from "../../support/api.ts";
import { newPartner, partnerFields, partnersPath, pathOf, verify } from "./_support.ts";

it("a token without admin:orgs manages no partners, and may have tokens checked", async () => {
  const { token } = await newOrganization();
  const partner = await newPartner(token);
  const agent = await tokenFor(await newClient(token));
  const answers = await Promise.all([
    call("/api/v1/federation/trust", { token: agent, json: partnerFields() }),
    call(partnersPath, { token: agent }),
    call(pathOf(partner), { token: agent }),
    call(pathOf(partner), { method: "PATCH", token: agent, json: { name: "Other" } }),
    call(pathOf(partner), { method: "DELETE", token: agent }),
  ]);
  for (const { status, body } of answers) {
    expect([status, body.code, body.details]).toEqual([403, "FORBIDDEN", { requiredScope: "admin:orgs" }]);
  }
  const verified = await verify(agent, "not a token");
  expect([verified.status, verified.body]).toEqual([200, { valid: false }]);
});

it("an admin that is demoted reads and changes nothing with its token", async () => {
  const organization = await newOrganization();
  const partner = await newPartner(organization.token);
  const member = await demotedToken(organization);
  const answers = await Promise.all([
    call(partnersPath, { token: member }),
    call(pathOf(partner), { token: member }),
    call("/api/v1/federation/trust", { token: member, json: partnerFields() }),
    call(pathOf(partner), { method: "PATCH", token: member, json: { name: "Other" } }),
    call(pathOf(partner), { method: "DELETE", token: member }),
  ]);
  for (const { status, body } of answers) {
    expect([status, body.code, body.details]).toEqual([403, "FORBIDDEN", { requiredScope: "admin:orgs" }]);
  }
});

it("nobody verifies anonymously", async () => {
  const answer = await call("/api/v1/federation/verify", { json: { token: "a.b.c" } });
  expect([answer.status, answer.body.code]).toEqual([401, "UNAUTHORIZED"]);
});

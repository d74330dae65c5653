/** A service without an account at Stripe. */
import { expect, it } from "vitest";
import { adminToken, call, newClient, newOrganization, theOperator, tokenFor } from "../../support/api.ts";

const upgrade = (token: string, json: unknown, path = "tiers/upgrade") => call(`/api/v1/${path}`, { token, json });

it.each(["tiers/upgrade", "billing/upgrade"])("POST /%s answers BILLING_NOT_CONFIGURED", async (path) => {
  const { token } = await newOrganization({ planTier: "free" });
  const { status, body } = await upgrade(token, { target_tier: "pro" }, path);
  expect([status, body.code]).toEqual([503, "BILLING_NOT_CONFIGURED"]);
});

it("so does the customer portal", async () => {
  const token = await adminToken(await newOrganization({ planTier: "free" }));
  const { status, body } = await call("/api/v1/billing/portal", { method: "POST", token });
  expect([status, body.code]).toEqual([503, "BILLING_NOT_CONFIGURED"]);
});

it("so does Stripe's webhook, whatever is sent", async () => {
  const { status, body } = await call("/api/v1/billing/webhook", { json: { id: "evt_1" } });
  expect([status, body.code]).toEqual([503, "BILLING_NOT_CONFIGURED"]);
});

it("what needs no Stripe is told all the same", async () => {
  const { token } = await theOperator();
  const present = await upgrade(token, { target_tier: "pro" });
  expect([present.status, present.body.code]).toEqual([400, "TIER_UPGRADE_NOT_REQUIRED"]);
  const unknown = await upgrade(token, { target_tier: "platinum" });
  expect([unknown.status, unknown.body.details.received]).toEqual([400, "platinum"]);
  expect(unknown.body.details.issues).toEqual([
    { path: "target_tier", message: "must be pro or enterprise", received: "platinum" },
  ]);
});

it.each([{}, { target_tier: 5 }, { target_tier: null }, { target_tier: "pro", organizationId: "x" }, []])(
  "the body %j is a VALIDATION_ERROR",
  async (json) => {
    const { token } = await newOrganization({ planTier: "free" });
    const { status, body } = await upgrade(token, json);
    expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
  },
);

it("a member may not upgrade, and the scope for it cannot be lent", async () => {
  const organization = await newOrganization({ planTier: "free" });
  const member = await newClient(organization.token, { grantedScopes: ["agents:write"] });
  const ofMember = await upgrade(await tokenFor(member), { target_tier: "pro" });
  expect([ofMember.status, ofMember.body.code]).toEqual([403, "FORBIDDEN"]);

  const lent = await call("/api/v1/oauth2/token/delegate", {
    token: await adminToken(organization),
    json: { delegateeAgentId: member.agentId, scopes: ["admin:orgs"], ttlSeconds: 600 },
  });
  expect([lent.status, lent.body.details.outside]).toEqual([400, ["admin:orgs"]]);
});

it("GET /billing/usage shows what was used, and no subscription", async () => {
  const { token } = await newOrganization({ planTier: "pro" });
  const { status, body } = await call("/api/v1/billing/usage", { token });
  expect(status).toBe(200);
  expect(body).toMatchObject({ tier: "pro", subscription: null, usage: { agentCount: 1, calls: 1, tokens: 1 } });
  expect((await call("/api/v1/billing/usage")).status).toBe(401);
});

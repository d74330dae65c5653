import { expect, it } from "vitest";
import { call, newOrganization } from "../../support/api.ts";
import { eventsOf, newPartner, pathOf, trust } from "./_support.ts";

it("answers with the partner, and reads it back", async () => {
  const { token } = await newOrganization();
  const before = Date.now();
  const answer = await trust(token, { name: "Acme", issuer: "https://idp.acme.example" });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    partnerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: "Acme",
    issuer: "https://idp.acme.example",
    jwksUri: null,
    jwks: null,
    audiences: [],
    requireScopes: false,
    allowedOrganizations: null,
    status: "active",
    expiresAt: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updatedAt: answer.body.createdAt,
  });
  expect(Date.parse(answer.body.createdAt)).toBeGreaterThanOrEqual(before);
  expect((await call(pathOf(answer.body), { token })).body).toEqual(answer.body);
});

it("takes every field", async () => {
  const { token } = await newOrganization();
  const fields = {
    name: "Bücher & Söhne 😀",
    issuer: "https://idp.acme.example:8443/tenants/one/",
    jwksUri: "https://keys.acme.example/one?v=1",
    audiences: ["https://api.tenant.example", "api://0f5e"],
    requireScopes: true,
    allowedOrganizations: ["their-one", "their-two"],
  };
  const partner = await newPartner(token, { ...fields, expiresAt: "2099-01-31T12:00:00+02:00" });
  expect(partner).toMatchObject({ ...fields, expiresAt: "2099-01-31T10:00:00.000Z" });
  expect((await call(pathOf(partner), { token })).body).toEqual(partner);
});

it("takes null for what is left out", async () => {
  const { token } = await newOrganization();
  const partner = await newPartner(token, { jwksUri: null, allowedOrganizations: null, expiresAt: null });
  expect(partner).toMatchObject({ jwksUri: null, allowedOrganizations: null, expiresAt: null });
});

it("two organizations may have the same partner, each its own", async () => {
  const [one, two] = [await newOrganization(), await newOrganization()];
  const issuer = "https://idp.shared.example";
  const ofOne = await newPartner(one.token, { issuer });
  const ofTwo = await newPartner(two.token, { issuer });
  expect(ofOne.partnerId).not.toBe(ofTwo.partnerId);
});

it("is in the audit log", async () => {
  const { token, agentId } = await newOrganization();
  const partner = await newPartner(token, { name: "Acme", allowedOrganizations: ["their-one"] });
  expect(await eventsOf(token, "partner.created")).toMatchObject([
    {
      action: "partner.created",
      outcome: "success",
      agentId: null,
      actor: { agentId },
      target: partner.partnerId,
      details: {
        name: "Acme",
        issuer: partner.issuer,
        jwksUri: null,
        jwks: null,
        audiences: [],
        requireScopes: false,
        allowedOrganizations: ["their-one"],
        expiresAt: null,
      },
    },
  ]);
});

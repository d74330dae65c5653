/** Reading, changing and deleting partners. */
import { describe, expect, it } from "vitest";
import { type Answer, call, newOrganization } from "../../support/api.ts";
import { eventsOf, newPartner, partnersPath, pathOf, trust } from "./_support.ts";

const nobody = { partnerId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" };

const patch = (token: string, partner: { partnerId: string }, json: unknown) =>
  call(pathOf(partner), { method: "PATCH", token, json });
const remove = (token: string, partner: { partnerId: string }) => call(pathOf(partner), { method: "DELETE", token });

const withoutRequestId = ({ status, body }: Answer) => [status, { ...body, requestId: null }];

describe("list", () => {
  it("newest first, a page at a time, of one's own organization", async () => {
    const { token } = await newOrganization();
    await newPartner((await newOrganization()).token);
    const partners = [await newPartner(token), await newPartner(token), await newPartner(token)].toReversed();
    const first = await call(`${partnersPath}?limit=2`, { token });
    expect(first.body.data).toEqual(partners.slice(0, 2));
    await newPartner(token);
    const second = await call(`${partnersPath}?limit=2&cursor=${first.body.nextCursor}`, { token });
    expect(second.body).toEqual({ data: partners.slice(2), nextCursor: null });
  });

  it("a cursor of another organization is refused", async () => {
    const [one, two] = [await newOrganization(), await newOrganization()];
    await newPartner(one.token);
    await newPartner(one.token);
    const { nextCursor } = (await call(`${partnersPath}?limit=1`, { token: one.token })).body;
    const answer = await call(`${partnersPath}?cursor=${nextCursor}`, { token: two.token });
    expect([answer.status, answer.body.details.issues]).toEqual([
      400,
      [{ path: "cursor", message: "is not a cursor of this list" }],
    ]);
  });
});

describe("a partner of another organization does not exist", () => {
  it.each<[string, (token: string, partner: { partnerId: string }) => Promise<Answer>]>([
    ["GET", (token, partner) => call(pathOf(partner), { token })],
    ["PATCH", (token, partner) => patch(token, partner, { name: "Other" })],
    ["DELETE", remove],
  ])("%s", async (_, ask) => {
    const [owner, stranger] = [await newOrganization(), await newOrganization()];
    const partner = await newPartner(owner.token);
    const foreign = await ask(stranger.token, partner);
    expect([foreign.status, foreign.body.code]).toEqual([404, "PARTNER_NOT_FOUND"]);
    expect(withoutRequestId(foreign)).toEqual(withoutRequestId(await ask(stranger.token, nobody)));
    expect((await call(pathOf(partner), { token: owner.token })).body).toEqual(partner);
  });
});

describe("change", () => {
  it("every field but the issuer, and back to null", async () => {
    const { token } = await newOrganization();
    const partner = await newPartner(token);
    const fields = {
      name: "Renamed",
      jwksUri: "https://keys.acme.example/jwks",
      audiences: ["https://api.tenant.example"],
      requireScopes: true,
      allowedOrganizations: ["their-one"],
      expiresAt: "2099-01-01T00:00:00.000Z",
      status: "suspended",
    };
    const changed = await patch(token, partner, fields);
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toEqual({ ...partner, ...fields, updatedAt: changed.body.updatedAt });
    expect(Date.parse(changed.body.updatedAt)).toBeGreaterThan(Date.parse(partner.updatedAt));
    expect((await call(pathOf(partner), { token })).body).toEqual(changed.body);

    const { name, audiences, requireScopes } = partner;
    const nothing = { jwksUri: null, allowedOrganizations: null, expiresAt: null };
    const back = { name, audiences, requireScopes, ...nothing, status: "active" };
    expect((await patch(token, partner, back)).body).toMatchObject(back);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ["nothing", {}, "", "must name at least one field"],
    ["the issuer", { issuer: "https://other.example" }, "issuer", "is not a known field"],
    ["an inward address", { jwksUri: "https://10.0.0.1/" }, "jwksUri", "must name a host, not an IP address"],
    ["an end in the past", { expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt", "must be in the future"],
    ["an unknown status", { status: "deleted" }, "status", "must be active or suspended"],
  ])("%s is refused", async (_, json, path, message) => {
    const { token } = await newOrganization();
    const answer = await patch(token, await newPartner(token), json);
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toMatchObject([{ path, message }]);
  });

  it("is in the audit log, from and to; a change to what is there already is none", async () => {
    const { token, agentId } = await newOrganization();
    const partner = await newPartner(token);
    expect((await patch(token, partner, { name: partner.name, status: "active" })).body).toEqual(partner);
    await patch(token, partner, { name: partner.name, status: "suspended", expiresAt: "2099-01-01T00:00:00Z" });
    expect(await eventsOf(token, "partner.updated")).toMatchObject([
      {
        actor: { agentId },
        target: partner.partnerId,
        details: {
          issuer: partner.issuer,
          status: { from: "active", to: "suspended" },
          expiresAt: { from: null, to: "2099-01-01T00:00:00.000Z" },
        },
      },
    ]);
  });

  it("10 at once: all are made, one after the other", async () => {
    const { token } = await newOrganization();
    const partner = await newPartner(token);
    const names = Array.from({ length: 10 }, (_, n) => `Acme ${n}`);
    const answers = await Promise.all(names.map((name) => patch(token, partner, { name })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const events = await eventsOf(token, "partner.updated");
    const steps = events.map(({ details }) => details.name);
    expect(steps.map(({ from }) => from)).toEqual(["Acme", ...steps.slice(0, -1).map(({ to }) => to)]);
    expect(steps.map(({ to }) => to).toSorted()).toEqual(names);
  });
});

describe("delete", () => {
  it("204, once; the same issuer may be trusted anew", async () => {
    const { token } = await newOrganization();
    const partner = await newPartner(token);
    const answers = await Promise.all([remove(token, partner), remove(token, partner), remove(token, partner)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404, 404]);
    expect((await call(pathOf(partner), { token })).body.code).toBe("PARTNER_NOT_FOUND");
    expect(await eventsOf(token, "partner.deleted")).toMatchObject([
      { target: partner.partnerId, details: { issuer: partner.issuer, name: partner.name } },
    ]);
    expect((await trust(token, { issuer: partner.issuer })).status).toBe(201);
  });
});

import { describe, expect, it } from "vitest";
import { call, newClient, newOrganization, theOperator, unique } from "../../support/api.ts";
import { domainCalls, newHolder, newName, standInResolver } from "./_support.ts";

const zone = standInResolver();
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("POST /organizations/{orgId}/domains", () => {
  it("201: pending, with a record of 256 random bits that is new for each row", async () => {
    const [one, other] = [await newHolder(), await newHolder()];
    const name = newName();
    const [first, second] = [await one.add(name), await other.add(name)];
    expect(first.status, first.text).toBe(201);
    expect(first.body).toEqual({
      organizationId: one.organization.organizationId,
      domain: name,
      status: "pending",
      challenge: {
        type: "dns-txt",
        name: `_agentidp-challenge.${name}`,
        value: expect.stringMatching(/^agentidp-verify=[A-Za-z0-9_-]{43}$/),
      },
      createdAt: expect.stringMatching(isoTime),
      verifiedAt: null,
      lastCheckedAt: null,
      lapsedAt: null,
    });
    expect(second.status).toBe(201);
    expect(second.body.challenge.value).not.toBe(first.body.challenge.value);
    expect(zone.asked).toEqual([]);
    expect((await one.remove(name)).status).toBe(204);
    expect((await one.add(name)).body.challenge.value).not.toBe(first.body.challenge.value);
  });

  it.each([
    ["Bücher.Acme-Shop.COM", "xn--bcher-kva.acme-shop.com"],
    ["UPPER.acme-upper.com", "upper.acme-upper.com"],
  ])("201: %s is kept as %s", async (given, kept) => {
    const holder = await newHolder();
    expect((await holder.add(given)).body.domain).toBe(kept);
    expect((await holder.read(kept)).status).toBe(200);
    expect((await holder.read(encodeURIComponent(given))).status).toBe(200);
  });

  it.each([
    "",
    "com",
    "co.uk",
    "github.io",
    "workers.dev",
    "acme",
    "acme..com",
    ".acme.com",
    "acme.com.",
    "-acme.com",
    "acme.com/path",
    "acme.com:8443",
    "https://acme.com",
    "user@acme.com",
    "*.acme.com",
    "acme .com",
    "192.168.0.1",
    "0x7f.1",
    "[2001:db8::1]",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(130)}com`,
    42,
    null,
  ])("400: %j", async (domain) => {
    const holder = domainCalls(await theOperator());
    const answer = await holder.add(domain);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
    expect(answer.body.details.issues[0].path).toBe("domain");
  });

  it("400: a domain that the organization has already, in another spelling too", async () => {
    const holder = await newHolder();
    const name = newName();
    await holder.add(name);
    expect((await holder.add(name.toUpperCase())).body.code).toBe("VALIDATION_ERROR");
  });

  it("403: 21 domains in one organization", async () => {
    const holder = await newHolder({ planTier: "pro" });
    const answers = [];
    for (let n = 0; n < 21; n++) answers.push(await holder.add(`n${n}.acme-many.com`));
    expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(201), 403]);
    expect(answers.at(-1)?.body).toMatchObject({
      code: "FREE_TIER_LIMIT_EXCEEDED",
      details: { limit: "maxDomains", max: 20, current: 20 },
    });
  });

  it("403 and 404: who is no admin, and what belongs to others", async () => {
    const organization = await newOrganization();
    const stranger = await newHolder();
    const root = `/api/v1/organizations/${organization.organizationId}/domains`;
    const foreign = await call(root, { token: stranger.organization.token, json: { domain: newName() } });
    expect([foreign.status, foreign.body.code]).toEqual([404, "ORGANIZATION_NOT_FOUND"]);
    const member = await newClient(organization.token, { grantedScopes: ["agents:read"] });
    const token = (await call("/api/v1/token", { basic: member, form: { grant_type: "client_credentials" } })).body;
    const refused = await call(root, { token: token.access_token, json: { domain: newName() } });
    expect([refused.status, refused.body.details.requiredScope]).toEqual([403, "admin:orgs"]);
  });

  it("201: an admin of the operator's organization, recorded in the tenant's log", async () => {
    const organization = await newOrganization();
    const name = newName();
    const added = await domainCalls(organization, undefined, await theOperator()).add(name);
    expect(added.status, added.text).toBe(201);
    const log = await call("/api/v1/audit?action=domain.added", { token: organization.token });
    expect(log.body.data).toHaveLength(1);
    expect(log.body.data[0]).toMatchObject({
      actor: { agentId: (await theOperator()).agentId },
      details: { domain: name },
    });
  });

  it("GET: pages, newest first; 404 for what is not there", async () => {
    const holder = await newHolder();
    const names = [newName(), newName(), newName()];
    for (const name of names) await holder.add(name);
    const first = await holder.list("?limit=2");
    expect(first.body.data.map((one: { domain: string }) => one.domain)).toEqual([names[2], names[1]]);
    const second = await holder.list(`?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body.data.map((one: { domain: string }) => one.domain)).toEqual([names[0]]);
    expect(second.body.nextCursor).toBe(null);
    for (const answer of [await holder.read("none.acme.com"), await holder.verify("none.acme.com")]) {
      expect([answer.status, answer.body.code]).toEqual([404, "DOMAIN_NOT_FOUND"]);
    }
    expect((await holder.remove("none.acme.com")).status).toBe(404);
  });

  it("in development names of this machine are verified when added, while no resolver is set", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()].map((each) => domainCalls(each, {}));
    for (const name of ["localhost", "127.0.0.1", "app.localhost", "acme.test", "acme.example"]) {
      expect((await one?.add(name))?.body.status).toBe("verified");
    }
    expect((await other?.add("localhost"))?.body.status).toBe("verified");
    expect((await other?.add("acme.test"))?.body.status).toBe("pending");
    expect((await other?.add("acme-real.com"))?.body.status).toBe("pending");
  });

  it("in development a name is verified when added only where another organization does not use it by a name above", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()];
    const name = `${unique("acme")}.example`;
    expect((await domainCalls(one, {}).add(name)).body.status).toBe("verified");
    const json = { identifier: `https://api.${name}/v1`, name: "Resumes" };
    const resource = await call("/api/v1/resources", { token: one.token, json });
    expect(resource.status, resource.text).toBe(201);
    expect((await domainCalls(other, {}).add(`api.${name}`)).body.status).toBe("pending");
    const path = `/api/v1/resources/${resource.body.resourceId}`;
    expect((await call(path, { token: one.token })).body.status).toBe("active");
  });

  it("400: a name that the organization has, in every spelling, verified or pending, with a resolver and without", async () => {
    for (const holder of [await newHolder(), domainCalls(await newOrganization(), {})]) {
      const name = `${unique("bücher")}.example`;
      expect((await holder.add(name)).status).toBe(201);
      for (const again of [name, name.toUpperCase(), new URL(`https://${name}`).hostname]) {
        const answer = await holder.add(again);
        expect([again, answer.status, answer.body.code]).toEqual([again, 400, "VALIDATION_ERROR"]);
      }
    }
  });
});

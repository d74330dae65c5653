/** Subscriptions: create, read, list, change, delete. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { webhookEventNames as webhookEvents } from "../../../src/events/catalogue.ts";
import { type Answer, type Client, call, newClient, newOrganization, tokenFor } from "../../support/api.ts";
import {
  bindings,
  deliveriesOf,
  eventsOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  patch,
  pathOf,
  read,
  runQueue,
  sharedTenant,
  subscribe,
  type Tenant,
  takeOver,
  waiting,
  webhooksPath,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const fields = (overrides: Record<string, unknown> = {}) => ({
  name: "Directory sync",
  url: "https://hooks.acme.example/agentidp?key=abc",
  events: ["agent.created", "tier.changed"],
  ...overrides,
});

const create = async (tenant: Tenant, overrides: Record<string, unknown> = {}) =>
  call(webhooksPath, { token: await tenant.token(), json: fields(overrides) });

const shared = sharedTenant();

const nobody = { id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" };

describe("create", () => {
  it("answers with the record and, this once, with the signing secret", async () => {
    const tenant = await newTenant();
    const answer = await create(tenant);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const { signingSecret, ...record } = answer.body;
    const now = new Date().toISOString();
    expect(record).toEqual({
      id: record.id,
      organization_id: tenant.organizationId,
      ...fields(),
      active: true,
      failure_count: 0,
      created_at: now,
      updated_at: now,
    });
    expect(signingSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await read(tenant, record)).toEqual(record);
    const list = await call(webhooksPath, { token: await tenant.token() });
    expect(list.body).toEqual({ data: [record], nextCursor: null });
  });

  it("keeps the secret sealed, and tells the audit log neither it nor the path of the URL", async () => {
    const tenant = await newTenant();
    const { id, signingSecret } = (await create(tenant)).body;
    const { results } = await bindings.DB.prepare("SELECT * FROM webhook_secrets WHERE subscription_id = ?")
      .bind(id)
      .all();
    expect(results).toMatchObject([{ private_sealed: expect.stringMatching(/^v1\.test-1\./), expires_at: null }]);
    expect(JSON.stringify(results)).not.toContain(signingSecret);
    const [event] = await eventsOf(tenant, "webhook.created");
    expect(event).toMatchObject({
      target: id,
      details: { name: "Directory sync", origin: "https://hooks.acme.example", active: true },
    });
    expect(JSON.stringify(event)).not.toMatch(/whsec_|key=abc/);
  });

  it("can begin paused", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver, { active: false });
    expect(webhook.active).toBe(false);
    await happen(tenant);
    await runQueue();
    expect([receiver.received, await deliveriesOf(tenant, webhook)]).toEqual([[], []]);
  });

  it.each(["<script>alert(1)</script>", "'; DROP TABLE webhook_deliveries; --", "😀 ünïcode 漢字", "__proto__"])(
    "takes the name %j as text",
    async (name) => {
      const { tenant } = await shared();
      const { status, body } = await create(tenant, { name });
      expect([status, body.name, (await read(tenant, body)).name]).toEqual([201, name, name]);
    },
  );

  it.each<[string, Record<string, unknown>, string, string]>([
    ["no name", { name: undefined }, "name", "must be a text"],
    ["an empty name", { name: "" }, "name", "must not be empty"],
    ["a long name", { name: "x".repeat(101) }, "name", "must have at most 100 characters"],
    ["a name of half a megabyte", { name: "x".repeat(200_000) }, "name", "must have at most 100 characters"],
    ["a line break in the name", { name: "a\r\nX-Evil: 1" }, "name", "must not hold control characters"],
    ["half a character in the name", { name: "a\ud800" }, "name", "must not hold control characters"],
    ["no url", { url: undefined }, "url", "must be an https URL"],
    ["a url that is none", { url: "hooks" }, "url", "must be an absolute https URL"],
    ["this service", { url: "http://localhost:8787/api/v1/token" }, "url", "must not be this service itself"],
    ["no events", { events: undefined }, "events", "must be a list of events"],
    ["an empty list of events", { events: [] }, "events", "must name at least one event"],
    ["an event twice", { events: ["agent.created", "agent.created"] }, "events", "must name each event once"],
    ["an unknown event", { events: ["agent.exploded"] }, "events.0", `must be one of ${webhookEvents.join(", ")}`],
    ["the event of a test", { events: ["webhook.test"] }, "events.0", `must be one of ${webhookEvents.join(", ")}`],
    ["an active that is no boolean", { active: "yes" }, "active", "must be true or false"],
    ["a secret of the caller's", { signingSecret: "whsec_mine" }, "signingSecret", "is not a known field"],
    ["an organization", { organization_id: nobody.id }, "organization_id", "is not a known field"],
  ])("refuses %s", async (_, overrides, path, message) => {
    const { status, body } = await create((await shared()).tenant, overrides);
    expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(body.details.issues).toContainEqual(expect.objectContaining({ path, message }));
  });

  it("stops at 100 for an organization, also in a race", async () => {
    const tenant = await newTenant();
    await tenant.token();
    const answers: Answer[] = [];
    for (let round = 0; round < 6; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 17 }, () => create(tenant)))));
    }
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(100);
    expect(refused.map(({ status, body }) => [status, body.code, body.details])).toEqual([
      ...Array.from({ length: 2 }, () => [
        403,
        "FREE_TIER_LIMIT_EXCEEDED",
        { limit: "maxWebhooks", max: 100, current: 100 },
      ]),
    ]);
  });
});

it("lists the newest first, a page at a time", async () => {
  const tenant = await newTenant();
  const ids: string[] = [];
  for (let count = 0; count < 3; count++) ids.unshift((await create(tenant)).body.id);
  const token = await tenant.token();
  const first = await call(`${webhooksPath}?limit=2`, { token });
  const second = await call(`${webhooksPath}?limit=2&cursor=${first.body.nextCursor}`, { token });
  expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(ids);
  expect(second.body.nextCursor).toBe(null);
});

describe("change", () => {
  it("every field, with what was and what is in the audit log", async () => {
    const tenant = await newTenant();
    const { signingSecret: _, ...webhook } = (await create(tenant)).body;
    const changes = { name: "Renamed", url: "https://other.example/hook", events: ["token.issued"], active: false };
    const changed = await patch(tenant, webhook, changes);
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toEqual({ ...webhook, ...changes, updated_at: changed.body.updated_at });
    expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(Date.parse(webhook.updated_at));
    expect(await read(tenant, webhook)).toEqual(changed.body);
    const [event] = await eventsOf(tenant, "webhook.updated");
    expect(event.details).toEqual({
      name: { from: "Directory sync", to: "Renamed" },
      url: { from: "https://hooks.acme.example", to: "https://other.example" },
      events: { from: ["agent.created", "tier.changed"], to: ["token.issued"] },
      active: { from: true, to: false },
    });
  });

  it("to what it is already changes nothing", async () => {
    const tenant = await newTenant();
    const { signingSecret: _, ...webhook } = (await create(tenant)).body;
    expect((await patch(tenant, webhook, fields({ active: true }))).body).toEqual(webhook);
    expect(await eventsOf(tenant, "webhook.updated")).toEqual([]);
  });

  it("of different fields at the same time loses none", async () => {
    const tenant = await newTenant();
    const webhook = (await create(tenant)).body;
    await Promise.all([
      patch(tenant, webhook, { name: "Renamed" }),
      patch(tenant, webhook, { events: ["token.issued"] }),
      patch(tenant, webhook, { active: false }),
    ]);
    expect(await read(tenant, webhook)).toMatchObject({ name: "Renamed", events: ["token.issued"], active: false });
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ["nothing", {}, "", "must name at least one field"],
    ["the id", { id: nobody.id }, "id", "is not a known field"],
    ["the failure count", { failure_count: 0 }, "failure_count", "is not a known field"],
    ["to an inward address", { url: "https://10.0.0.1/" }, "url", "must name a host, not an IP address"],
    ["to a null name", { name: null }, "name", "must be a text"],
  ])("refuses %s", async (_, json, path, message) => {
    const { tenant, webhook } = await shared();
    const { status, body } = await patch(tenant, webhook, json);
    expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(body.details.issues[0]).toMatchObject({ path, message });
  });
});

describe("delete", () => {
  it("takes its secrets and deliveries along, and nothing is sent any more", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    const token = await tenant.token();
    const deleted = await call(pathOf(webhook), { method: "DELETE", token });
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect(waiting().length).toBe(1);
    await runQueue();
    expect(receiver.received).toEqual([]);
    for (const table of ["webhook_deliveries", "webhook_secrets"]) {
      const { results } = await bindings.DB.prepare(`SELECT id FROM ${table} WHERE subscription_id = ?`)
        .bind(webhook.id)
        .all();
      expect(results).toEqual([]);
    }
    for (const path of ["", "/deliveries"]) {
      expect((await call(`${pathOf(webhook)}${path}`, { token })).body.code).toBe("WEBHOOK_NOT_FOUND");
    }
    expect((await call(pathOf(webhook), { method: "DELETE", token })).body.code).toBe("WEBHOOK_NOT_FOUND");
    expect(await eventsOf(tenant, "webhook.deleted")).toMatchObject([{ target: webhook.id }]);
  });

  it("while an attempt is under way leaves nothing behind", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const webhook = await subscribe(
      tenant,
      newReceiver(async () => {
        await call(pathOf(webhook), { method: "DELETE", token });
        return new Response("no", { status: 500 });
      }),
    );
    await happen(tenant);
    await runQueue();
    const { results } = await bindings.DB.prepare("SELECT id FROM webhook_deliveries WHERE subscription_id = ?")
      .bind(webhook.id)
      .all();
    expect(results).toEqual([]);
  });
});

describe("access", () => {
  const stranger = sharedTenant();
  let granted: Promise<Client> | undefined;
  const reader = () => {
    granted ??= newOrganization().then(({ token }) =>
      newClient(token, { grantedScopes: ["webhooks:read", "webhooks:write"] }),
    );
    return granted;
  };

  const requests: readonly [method: string, path: string, scope: string, json?: unknown][] = [
    ["POST", "", "webhooks:write", fields()],
    ["GET", "", "webhooks:read"],
    ["GET", "/{id}", "webhooks:read"],
    ["PATCH", "/{id}", "webhooks:write", { name: "Other" }],
    ["DELETE", "/{id}", "webhooks:write"],
    ["POST", "/{id}/rotate-secret", "webhooks:write"],
    ["POST", "/{id}/test", "webhooks:write"],
    ["GET", "/{id}/deliveries", "webhooks:read"],
    ["GET", "/{id}/deliveries/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", "webhooks:read"],
    ["POST", "/{id}/deliveries/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10/redeliver", "webhooks:write"],
  ];

  it.each(requests)("%s %s needs %3$s", async (method, path, scope, json) => {
    const other = scope === "webhooks:read" ? "webhooks:write" : "webhooks:read";
    const caller = await reader();
    const ask = async (granted: string) =>
      call(`${webhooksPath}${path.replace("{id}", nobody.id)}`, {
        method,
        token: await tokenFor(caller, { scope: granted }),
        ...(json ? { json } : {}),
      });
    const refused = await ask(other);
    expect([refused.status, refused.body.code, refused.body.details]).toEqual([
      403,
      "FORBIDDEN",
      { requiredScope: scope },
    ]);
    expect([200, 201, 404]).toContain((await ask(scope)).status);
  });

  it.each(requests.filter(([, path]) => path !== ""))(
    "%s %s of another organization answers as for one that never was",
    async (method, path, _, json) => {
      const { tenant: owner, webhook } = await shared();
      const token = await (await stranger()).tenant.token();
      const ask = async (id: string) => {
        const { status, body } = await call(`${webhooksPath}${path.replace("{id}", id)}`, {
          method,
          token,
          ...(json ? { json } : {}),
        });
        return [status, { ...body, requestId: null }];
      };
      const foreign = await ask(webhook.id);
      expect(foreign).toMatchObject([404, { code: "WEBHOOK_NOT_FOUND" }]);
      expect(foreign).toEqual(await ask(nobody.id));
      expect(await read(owner, webhook)).toMatchObject({ id: webhook.id, name: webhook.name });
    },
  );
});

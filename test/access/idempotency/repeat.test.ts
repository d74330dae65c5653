/**
 * `Idempotency-Key`: a repeated request makes nothing twice and gets the first answer, byte for byte. Attacks: the kept answer to a key
 * goes to another agent or organization, or to a token or an agent that can do less than the first; a delegatee looks for the keys of
 * its delegator.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { sendTo } from "../../failures/support/send.ts";
import { exchanged, lend, newParties } from "../../identity/delegation/_parties.ts";
import { scrape } from "../../platform/telemetry/_scrape.ts";
import {
  type Answer,
  agentFields,
  type Body,
  type Call,
  call,
  newAdmin,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
  unique,
} from "../../support/api.ts";
import { appendEvents, ledger } from "../../tenancy/audit/_chains.ts";

const bindings = env as unknown as Bindings;
const { DB } = bindings;

let tenant: Organization;
let other: Organization;
/** Another admin of the tenant. */
let colleague: string;
let operator: Organization;

const everyScope = "agents:read agents:write delegations:write audit:read webhooks:read webhooks:write admin:orgs";

beforeAll(async () => {
  operator = await theOperator();
  [tenant, other] = await Promise.all([newOrganization(), newOrganization()]);
  colleague = await tokenFor(await newAdmin(tenant, everyScope.split(" ")), { scope: everyScope });
});

const withKey = (key: string, init: Call): Call => ({
  method: "POST",
  ...init,
  headers: { ...init.headers, "Idempotency-Key": key },
});

const isReplayed = ({ headers }: Answer) => headers.get("Idempotency-Replayed");

const problemOf = ({ status, body }: Answer) => [status, body?.code];

function expectReplay(again: Answer, first: Answer): void {
  expect([again.status, again.text]).toStrictEqual([first.status, first.text]);
  expect(isReplayed(again)).toBe("true");
  expect(isReplayed(first)).toBeNull();
  for (const name of ["ETag", "Cache-Control", "Content-Type"])
    expect(again.headers.get(name)).toBe(first.headers.get(name));
}

describe("registering an agent", () => {
  it("fifty at once make one agent", async () => {
    const init = withKey(crypto.randomUUID(), { token: tenant.token, json: agentFields() });
    const answers = await Promise.all(Array.from({ length: 50 }, () => call("/api/v1/agents", init)));
    const inProgress = answers.filter(({ status }) => status === 409);
    for (const answer of inProgress) {
      expect(problemOf(answer)).toStrictEqual([409, "IDEMPOTENCY_IN_PROGRESS"]);
      expect(answer.headers.get("Retry-After")).toBe("1");
    }
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length + inProgress.length).toBe(50);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect(made.filter((answer) => isReplayed(answer) === null)).toHaveLength(1);
    const again = await call("/api/v1/agents", init);
    expect([again.status, again.text, isReplayed(again)]).toStrictEqual([201, made[0]?.text, "true"]);
    const { results } = await DB.prepare("SELECT id FROM agents WHERE email = ?").bind(again.body.email).all();
    expect(results).toStrictEqual([{ id: again.body.agentId }]);
    const created = await call(`/api/v1/audit?action=agent.created&agentId=${again.body.agentId}`, {
      token: tenant.token,
    });
    expect(created.body.data).toHaveLength(1);
  });

  it("keeps a refusal that the records decide, and none that another request may not meet", async () => {
    const { email } = await newAgent(tenant.token);
    const taken = withKey(crypto.randomUUID(), { token: tenant.token, json: agentFields({ email }) });
    const first = await call("/api/v1/agents", taken);
    expect([...problemOf(first), isReplayed(first)]).toStrictEqual([409, "AGENT_ALREADY_EXISTS", null]);
    const again = await call("/api/v1/agents", taken);
    expect([...problemOf(again), isReplayed(again)]).toStrictEqual([409, "AGENT_ALREADY_EXISTS", "true"]);
    expect(again.body.requestId).not.toBe(first.body.requestId);

    const small = await newOrganization({ maxAgents: 1 });
    const key = crypto.randomUUID();
    const full = withKey(key, { token: small.token, json: agentFields() });
    expect(problemOf(await call("/api/v1/agents", full))).toStrictEqual([403, "FREE_TIER_LIMIT_EXCEEDED"]);
    const raise = { method: "PATCH", token: operator.token, json: { maxAgents: 2 } };
    expect((await call(`/api/v1/organizations/${small.organizationId}`, raise)).status).toBe(200);
    const now = await call("/api/v1/agents", full);
    expect([now.status, isReplayed(now)], now.text).toStrictEqual([201, null]);

    const invalid = withKey(crypto.randomUUID(), { token: tenant.token, json: { ...agentFields(), version: 1 } });
    expect(problemOf(await call("/api/v1/agents", invalid))).toStrictEqual([400, "VALIDATION_ERROR"]);
    const repaired = await call("/api/v1/agents", { ...invalid, json: agentFields() });
    expect([repaired.status, isReplayed(repaired)]).toStrictEqual([201, null]);
  });

  it.each([
    ["too long", "k".repeat(256)],
    ["with a blank", "two words"],
  ])("a key that is %s is 400", async (_, key) => {
    const answer = await call("/api/v1/agents", withKey(key, { token: tenant.token, json: agentFields() }));
    expect(problemOf(answer)).toStrictEqual([400, "VALIDATION_ERROR"]);
    const [issue] = answer.body.details.issues;
    expect(issue.path).toBe("Idempotency-Key");
    expect(issue.message).toBe("must be 1 to 255 visible ASCII characters, such as a UUID");
  });

  it("takes every visible character, and 255 of them", async () => {
    const visible = Array.from({ length: 94 }, (_, n) => String.fromCharCode(0x21 + n)).join("");
    const init = withKey(visible.padEnd(255, "~"), { token: tenant.token, json: agentFields() });
    const first = await call("/api/v1/agents", init);
    expect(first.status, first.text).toBe(201);
    expectReplay(await call("/api/v1/agents", init), first);
  });
});

describe("the authority of the first caller", () => {
  const register = (token: string, init: Call) => call("/api/v1/agents", { ...init, token });

  it("a token with fewer scopes does not get the answer, one with more does", async () => {
    const client = await newAdmin(tenant, ["agents:read", "agents:write", "audit:read"]);
    const [some, fewer, more] = await Promise.all(
      ["agents:write agents:read", "agents:write", "agents:write agents:read audit:read"].map((scope) =>
        tokenFor(client, { scope }),
      ),
    );
    const init = withKey(crypto.randomUUID(), { json: agentFields() });
    const first = await register(some!, init);
    expect(first.status, first.text).toBe(201);
    const refused = await register(fewer!, init);
    expect([...problemOf(refused), refused.body.details]).toStrictEqual([
      403,
      "FORBIDDEN",
      { requiredScope: "agents:read" },
    ]);
    expect(refused.text).not.toContain(first.body.agentId);
    expectReplay(await register(more!, init), first);
  });

  it("neither does an agent that is no admin any more, nor one that has lost a capability", async () => {
    const client = await newAdmin(tenant, ["agents:read", "agents:write"]);
    const token = await tokenFor(client, { scope: "agents:write agents:read" });
    const init = withKey(crypto.randomUUID(), { json: agentFields() });
    expect((await register(token, init)).status).toBe(201);
    const member = { method: "PATCH", token: tenant.token, json: { capabilities: ["resume:write"] } };
    expect((await call(`/api/v1/agents/${client.agentId}`, member)).status).toBe(200);
    expect(problemOf(await register(token, init))).toStrictEqual([403, "FORBIDDEN"]);
    const back = { ...member, json: { capabilities: ["resume:read"] } };
    expect((await call(`/api/v1/agents/${client.agentId}`, back)).status).toBe(200);
    expect(isReplayed(await register(token, init))).toBe("true");
    const role = { token: tenant.token, json: { agentId: client.agentId, role: "member" } };
    expect((await call(`/api/v1/organizations/${tenant.organizationId}/members`, role)).status).toBe(201);
    const demoted = await register(token, init);
    expect(problemOf(demoted)).toStrictEqual([403, "FORBIDDEN"]);
    expect(demoted.body.message).toContain("authority");
  });
});

it("an agent that acts for another by a delegation does not learn its keys, nor the other its", async () => {
  const parties = await newParties(tenant.token);
  const scopes = ["audit:read", "agents:read"];
  const acting = await exchanged(parties.delegatee, (await lend(parties, { scopes })).delegationToken);
  const key = crypto.randomUUID();
  const json = { delegateeAgentId: parties.delegatee.agentId, scopes: ["audit:read"], ttlSeconds: 900 };
  const send = (token: string, sent: string, ttlSeconds = 900) =>
    call("/api/v1/oauth2/token/delegate", withKey(sent, { token, json: { ...json, ttlSeconds } }));
  const first = await send(parties.token, key);
  expect(first.status, first.text).toBe(201);
  const refused = await send(acting, crypto.randomUUID());
  expect(problemOf(refused)).toStrictEqual([403, "FORBIDDEN"]);
  for (const ttlSeconds of [900, 901]) {
    const { status, body } = await send(acting, key, ttlSeconds);
    expect([status, { ...body, requestId: "" }]).toStrictEqual([403, { ...refused.body, requestId: "" }]);
  }
  expectReplay(await send(parties.token, key), first);
});

it("an erased agent is not made again: its request stays, without its answer and its body", async () => {
  const json = agentFields();
  const init = withKey(crypto.randomUUID(), { token: tenant.token, json });
  const { agentId } = (await call("/api/v1/agents", init)).body;
  const path = `/api/v1/agents/${agentId}`;
  expect((await call(path, { method: "DELETE", token: tenant.token })).status).toBe(204);
  expect(isReplayed(await call("/api/v1/agents", init))).toBe("true");
  expect((await call(`${path}/erase`, { method: "POST", token: tenant.token })).status).toBe(200);
  const late = await call("/api/v1/agents", init);
  expect(problemOf(late)).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
  expect(late.body.message).toContain("erased");
  const row = "SELECT answer, body_hash, proof, network FROM idempotent_requests WHERE about = ?";
  const { results } = await DB.prepare(row).bind(agentId).all();
  expect(results).toStrictEqual([{ answer: null, body_hash: "", proof: null, network: null }]);
});

/** A request, another body for the same path, and the audit event of what it makes, or how else that is counted. */
interface Repeatable {
  readonly path: string;
  readonly json?: object;
  readonly other?: object;
  readonly by?: Organization;
  readonly made: string | (() => number);
  readonly send?: typeof call;
}

/** Stripe, which gives every request another page. */
let stripeCalls = 0;
let isPaid = false;

const stripeSettings = {
  STRIPE_SECRET_KEY: "sk_test_repeated",
  STRIPE_WEBHOOK_SECRET: "whsec_repeated",
  STRIPE_PRICE_PRO: "price_Pro",
  STRIPE_PRICE_ENTERPRISE: "price_Enterprise",
};

function stripe(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const { pathname } = new URL(input instanceof Request ? input.url : String(input));
  const now = Math.floor(Date.now() / 1000);
  if (pathname === "/v1/subscriptions") {
    const period = { current_period_start: now, current_period_end: now + 2_592_000 };
    const subscription = { id: "sub_1", status: "active", created: now, cancel_at: null, cancel_at_period_end: false };
    const items = { object: "list", data: [{ price: { id: "price_Pro" }, ...period }], has_more: false };
    const data = isPaid ? [{ object: "subscription", ...subscription, items }] : [];
    return Promise.resolve(Response.json({ object: "list", data, has_more: false, url: pathname }));
  }
  if (init.method !== "POST") return Promise.resolve(Response.json({ object: "list", data: [], has_more: false }));
  if (pathname !== "/v1/customers") stripeCalls += 1;
  const url = `https://stripe.example/${stripeCalls}`;
  return Promise.resolve(Response.json({ id: `id_${crypto.randomUUID()}`, object: "any", url }));
}

/** Sends a request to a service with Stripe. */
const sendWithStripe: typeof call = async (path, init = {}) => {
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(stripe as typeof fetch);
  try {
    return await sendTo({ ...bindings, ...stripeSettings } as Bindings, path, init);
  } finally {
    fetched.mockRestore();
  }
};

async function upgradeOf(path: string): Promise<Repeatable> {
  isPaid = false;
  const by = await newOrganization({ planTier: "free" });
  const json = { target_tier: "pro" };
  return { path, json, other: { target_tier: "enterprise" }, by, made: () => stripeCalls, send: sendWithStripe };
}

/** Every repeatable operation of the document. */
const operations: Readonly<Record<string, () => Promise<Repeatable>>> = {
  registerAgent: async () => ({ path: "/agents", json: agentFields(), other: agentFields(), made: "agent.created" }),
  createCredential: async () => ({
    path: `/agents/${(await newAgent(tenant.token)).agentId}/credentials`,
    json: {},
    other: { expiresAt: "2099-01-01T00:00:00.000Z" },
    made: "credential.generated",
  }),
  rotateCredential: async () => {
    const { agentId, credentialId } = await newClient(tenant.token);
    const path = `/agents/${agentId}/credentials/${credentialId}/rotate`;
    return { path, json: { overlapSeconds: 60 }, other: { overlapSeconds: 0 }, made: "credential.rotated" };
  },
  createOrganization: async () => {
    const of = (slug: string) => ({ name: slug, slug, adminEmail: `admin@${slug}.example` });
    const [json, other] = [of(unique("made")), of(unique("made"))];
    return { path: "/organizations", json, other, by: operator, made: "organization.created" };
  },
  trustPartner: async () => {
    const of = (name: string) => ({ name, issuer: `https://${name}.example.com` });
    return { path: "/federation/trust", json: of("partner-1"), other: of("partner-2"), made: "partner.created" };
  },
  createTrustPolicy: async () => {
    const { agentId } = await newAgent(tenant.token);
    const json = { provider: "github", agentId, repository: "acme/agents", ref: "refs/heads/main" };
    return {
      path: "/oidc/trust-policies",
      json,
      other: { ...json, repository: "acme/other" },
      made: "trust_policy.created",
    };
  },
  createDelegation: async () => {
    const { agentId } = await newAgent(tenant.token);
    const json = { delegateeAgentId: agentId, scopes: ["agents:read"], ttlSeconds: 600 };
    const other = { ...json, ttlSeconds: 601 };
    return { path: "/oauth2/token/delegate", json, other, made: "delegation.created" };
  },
  registerResource: async () => {
    const of = (name: string) => ({ identifier: `urn:agentidp:${tenant.slug}:${name}`, name });
    return { path: "/resources", json: of("one"), other: of("two"), made: "resource.created" };
  },
  addDomain: async () => ({
    path: `/organizations/${tenant.organizationId}/domains`,
    json: { domain: "one.example.com" },
    other: { domain: "two.example.com" },
    made: "domain.added",
  }),
  acceptAuditGap: async () => {
    const { organizationId } = await newOrganization();
    const { sequence: kept } = await ledger(organizationId).flush();
    await appendEvents(organizationId, 3);
    const { sequence } = await ledger(organizationId).flush();
    const sql = "DELETE FROM audit_events WHERE organization_id = ? AND sequence BETWEEN ? AND ?";
    await DB.prepare(sql)
      .bind(organizationId, kept + 1, sequence - 1)
      .run();
    const json = { organizationId, fromSequence: kept + 1, toSequence: sequence - 1, reason: "A restore lost them" };
    return {
      path: "/audit/gaps",
      json,
      other: { ...json, reason: "Another" },
      by: operator,
      made: "audit.gap_accepted",
    };
  },
  createWebhook: async () => {
    const of = (name: string) => ({ name, url: "https://hooks.example.com/in", events: ["agent.created"] });
    return { path: "/webhooks", json: of("one"), other: of("two"), made: "webhook.created" };
  },
  rotateWebhookSecret: async () => {
    const json = { name: "rotated", url: "https://hooks.example.com/in", events: ["agent.created"] };
    const { body } = await call("/api/v1/webhooks", { token: tenant.token, json });
    return { path: `/webhooks/${body.id}/rotate-secret`, made: "webhook.secret_rotated" };
  },
  upgradeTier: () => upgradeOf("/tiers/upgrade"),
  upgradeTierByBilling: () => upgradeOf("/billing/upgrade"),
  openBillingPortal: async () => {
    const upgrade = await upgradeOf("/billing/upgrade");
    const bought = await sendWithStripe(`/api/v1${upgrade.path}`, {
      token: upgrade.by?.token ?? "",
      json: upgrade.json,
    });
    expect(bought.status, bought.text).toBe(200);
    isPaid = true;
    return { path: "/billing/portal", by: upgrade.by!, made: () => stripeCalls, send: sendWithStripe };
  },
};

const eventsOf = async (token: string, action: string): Promise<number> =>
  (await call(`/api/v1/audit?limit=100&action=${action}`, { token })).body.data.length;

describe("every repeatable operation", () => {
  let document: Body;

  beforeAll(async () => {
    document = (await call("/openapi.json")).body;
  });

  it("is in the document with the header, its answer and its errors, and in this table", () => {
    const all = Object.values<Body>(document.paths).flatMap((item) => Object.values<Body>(item));
    const keyed = all.filter(({ parameters = [] }) => parameters.some(({ name }: Body) => name === "Idempotency-Key"));
    expect(keyed.map(({ operationId }) => operationId).sort()).toStrictEqual(Object.keys(operations).sort());
    expect(keyed.filter((operation) => operation["x-sdk-retry"] === "keyed")).toHaveLength(14);
    expect(all.filter((operation) => operation["x-sdk-retry"] === "keyed")).toHaveLength(14);
    for (const { operationId, responses } of keyed) {
      const success = responses[200] ?? responses[201];
      expect(Object.keys(success.headers), operationId).toContain("Idempotency-Replayed");
      const conflict = responses[409].$ref
        ? document.components.responses[responses[409].$ref.split("/").at(-1)]
        : responses[409];
      const examples = Object.keys(conflict.content["application/json"].examples);
      expect(examples, operationId).toEqual(
        expect.arrayContaining(["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"]),
      );
    }
  });

  it.each(Object.entries(operations))("%s", async (_, prepare) => {
    const { path, json, other: otherBody, by = tenant, made, send = call } = await prepare();
    const madeSoFar = () => (typeof made === "string" ? eventsOf(by.token, made) : made());
    const before = await madeSoFar();
    const key = crypto.randomUUID();
    const request = (token: string, body = json, to = path) =>
      send(`/api/v1${to}`, withKey(key, { token, ...(body === undefined ? {} : { json: body }) }));

    const first = await request(by.token);
    expect(first.status, first.text).toBeLessThan(300);
    expectReplay(await request(by.token), first);
    if (otherBody) expect(problemOf(await request(by.token, otherBody))).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    const upper = path.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => id.toUpperCase());
    expectReplay(await request(by.token, json, upper), first);
    expect(await madeSoFar()).toBe(before + 1);

    // The key of another agent and of another organization is another request, whatever it gets.
    for (const token of [other.token, ...(by === tenant ? [colleague] : [])]) {
      const own = await request(token);
      expect(isReplayed(own)).toBeNull();
      expect(own.text).not.toBe(first.text);
      expect(String(own.body.code)).not.toMatch(/^IDEMPOTENCY_/);
    }
  });
});

it("the metric has what requests with a key got", async () => {
  const outcomes = ["first", "replayed", "reused", "in_progress"];
  await vi.waitUntil(
    async () => {
      const { value } = await scrape();
      return outcomes.every((outcome) => value("agentidp_idempotent_requests_total", { outcome }) > 0);
    },
    { timeout: 60_000, interval: 200 },
  );
});

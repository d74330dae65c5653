/**
 * Attack: a copy of D1 or of an object's storage, taken after an agent was decommissioned and erased, or its organization deleted: no
 * e-mail, owner, sealed key or hash of it, searched by value in everything.
 */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  adminToken,
  agentFields,
  type Body,
  call,
  newClient,
  newCredential,
  theOperator,
  tokenFor,
  unique,
} from "../../support/api.ts";
import {
  advance,
  bindings,
  deliveriesOf,
  giveBack,
  newReceiver,
  newTenant,
  post,
  runCron,
  runQueue,
  subscribe,
  type Tenant,
  takeOver,
} from "../../tenancy/webhooks/_support.ts";
import { dump, ledgers, placesOf } from "./_dump.ts";

beforeEach(takeOver);
afterEach(giveBack);

const everything = ["agent.created", "agent.updated", "agent.decommissioned", "agent.erased", "credential.generated"];

/** Runs the alarms of the ledgers, a minute after their last use. */
async function runAlarms(): Promise<void> {
  for (const again of [1, 2]) {
    advance(again * 66_000);
    for (const ledger of await ledgers()) await runDurableObjectAlarm(ledger);
  }
}

async function verdict(tenant: Tenant): Promise<unknown> {
  return (await call("/api/v1/audit/verify", { token: await tenant.token() })).body.verified;
}

const column = async (query: string, ...values: string[]): Promise<string[]> =>
  (
    await bindings.DB.prepare(query)
      .bind(...values)
      .raw<string[]>()
  )
    .flat()
    .filter((value) => value !== null);

/** Sealed keys and hashes of an agent, as D1 has them. */
const secretsOf = async (agentId: string): Promise<string[]> => [
  ...(await column("SELECT private_sealed FROM agent_keys WHERE agent_id = ?", agentId)),
  ...(await column("SELECT secret_hash FROM credentials WHERE agent_id = ?", agentId)),
  ...(await column("SELECT previous_secret_hash FROM credentials WHERE agent_id = ?", agentId)),
  ...(await column(
    "SELECT value ->> 'secretHash' FROM credentials, json_each(earlier_secrets) WHERE agent_id = ?",
    agentId,
  )),
];

/** Creates something by a request that can be repeated: its answer is kept. */
async function create(token: string, path: string, json: unknown): Promise<Body> {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  const answer = await call(`/api/v1${path}`, { token, json, headers });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const answersAbout = (agentId: string, condition = "1") =>
  column(`SELECT answer FROM idempotent_requests WHERE (about = ?1 OR agent_id = ?1) AND ${condition}`, agentId);

const texts = {
  email: "zoe.o'neil+quux-7f3a@erase-me.example",
  owner: 'Zoë "Quux" O\'Neil <zoë\\quux@people.example>',
  description: "Ask Zoë Quux,\nroom 7f3a.",
};

it("an agent that was made, used, erased and deleted is nowhere by value, and the chain verifies before and after", async () => {
  const tenant = await newTenant();
  const token = await tenant.token();
  // The receiver responds with what it got, and the service keeps the response.
  const receiver = newReceiver(({ body }) => new Response(body));
  const failing = newReceiver(({ body }) => new Response(body, { status: 500 }));
  const webhook = await subscribe(tenant, receiver, { events: everything });
  const retried = await subscribe(tenant, failing, { events: everything });

  const grantedScopes = ["agents:read", "delegations:write"];
  const { agentId } = await create(token, "/agents", agentFields({ ...texts, grantedScopes }));
  const client = { agentId, ...(await create(token, `/agents/${agentId}/credentials`, {})) };
  const path = `/api/v1/agents/${client.agentId}`;
  const second = await newCredential(token, client.agentId);
  for (let round = 0; round < 3; round++) {
    const rotated = await call(`${path}/credentials/${second.credentialId}/rotate`, {
      token,
      json: { overlapSeconds: 3600 },
    });
    expect(rotated.status, rotated.text).toBe(200);
  }
  const policy = {
    provider: "oidc",
    agentId: client.agentId,
    issuer: "https://idp.example",
    audience: "a",
    claims: { email: texts.email },
  };
  const made = await call("/api/v1/oidc/trust-policies", { token, json: policy });
  expect(made.status, made.text).toBe(201);
  const own = await tokenFor(client, { scope: "agents:read delegations:write" });
  await call("/api/v1/token", {
    basic: { ...client, clientSecret: "wrong" },
    form: { grant_type: "client_credentials" },
    headers: { "CF-Connecting-IP": "198.51.100.77" },
  });
  const colleague = await newClient(token);
  const lent = { delegateeAgentId: colleague.agentId, scopes: ["agents:read"], ttlSeconds: 900 };
  await create(own, "/oauth2/token/delegate", lent);
  const later = "later-quux-7f3a@erase-me.example";
  expect((await call(path, { method: "PATCH", token, json: { email: later } })).status).toBe(200);
  await runQueue();
  expect(await verdict(tenant)).toBe(true);

  const secrets = await secretsOf(client.agentId);
  expect(secrets).toHaveLength(1 + 2 + 1 + 2);
  const sealed = await answersAbout(agentId, "sealed");
  expect(sealed).toHaveLength(2);
  const searched = [...Object.values(texts), later, ...secrets, ...sealed];
  const before = await dump();
  expect(placesOf(before, searched)).toEqual(
    expect.arrayContaining([
      "D1 agent_keys",
      "D1 agents",
      "D1 credentials",
      "D1 idempotent_requests",
      "D1 trust_policies",
      "D1 webhook_deliveries",
    ]),
  );
  expect(placesOf(before, ["198.51.100.77"])).toContain("ledger windows");

  expect((await call(path, { method: "DELETE", token })).status).toBe(204);
  expect(await answersAbout(agentId, "sealed")).toEqual([]);
  expect(await answersAbout(agentId)).toHaveLength(1);
  await runQueue();
  const erased = await call(`${path}/erase`, { method: "POST", token });
  expect(erased.status, erased.text).toBe(200);
  expect(erased.body).toMatchObject({
    agentId: client.agentId,
    status: "decommissioned",
    email: `erased+${client.agentId}@invalid`,
    owner: "erased",
    description: null,
  });
  // The request itself has removed the kept answers, and has changed the deliveries, also those that are still to be sent.
  expect(await answersAbout(agentId)).toEqual([]);
  for (const each of [webhook, retried]) {
    const shown = JSON.stringify(await deliveriesOf(tenant, each));
    expect(shown).toContain(`erased+${client.agentId}@invalid`);
    expect(placesOf([shown], searched)).toEqual([]);
  }
  const sentBefore = receiver.received.length;
  await runQueue();
  const created = (await deliveriesOf(tenant, webhook)).find(({ event_type }) => event_type === "agent.created");
  expect((await post(tenant, webhook, `deliveries/${created.id}/redeliver`)).status).toBe(202);
  await runQueue();
  const sent = receiver.received.slice(sentBefore);
  expect(sent.map(({ headers }) => headers["x-sentryagent-event"])).toEqual(["agent.erased", "agent.created"]);
  expect(
    placesOf(
      sent.map(({ body }) => body),
      searched,
    ),
  ).toEqual([]);

  await runCron();
  await runAlarms();
  await runCron();
  const after = await dump();
  expect(placesOf(after, searched)).toEqual([]);
  expect(placesOf(after, ["198.51.100.77"])).toEqual(["D1 audit_events"]);
  expect(await column("SELECT id FROM agents WHERE status = 'decommissioned' AND cleared_at IS NULL")).toEqual([]);
  expect(await verdict(tenant)).toBe(true);
});

it("an attempt that is under way while its agent is erased can store the response; the next scheduled run removes it", async () => {
  const tenant = await newTenant();
  const token = await tenant.token();
  const email = "echo-7f3a@erase-me.example";
  const client = await newClient(token, { email });
  const path = `/api/v1/agents/${client.agentId}`;
  const receiver = newReceiver(async ({ body }) => {
    expect((await call(`${path}/erase`, { method: "POST", token })).status).toBe(200);
    return new Response(body);
  });
  const webhook = await subscribe(tenant, receiver, { events: ["agent.decommissioned"] });
  expect((await call(path, { method: "DELETE", token })).status).toBe(204);
  await runQueue();
  const shown = async () => placesOf([JSON.stringify(await deliveriesOf(tenant, webhook))], [email]);
  expect(await shown()).toHaveLength(1);
  await runCron();
  expect(await shown()).toEqual([]);
  expect(await column("SELECT id FROM agents WHERE id = ? AND cleared_at IS NULL", client.agentId)).toEqual([]);
});

it("a deleted organization has no e-mail, owner, sealed value or hash left, and no webhook", async () => {
  const tenant = await newTenant();
  const other = await newTenant();
  const token = await tenant.token();
  const failing = newReceiver(() => new Response("later", { status: 503 }));
  const webhook = await subscribe(tenant, failing, { events: everything });
  await subscribe(other, newReceiver(), { events: everything });
  const { agentId } = await create(token, "/agents", agentFields(texts));
  const client = { agentId, ...(await newCredential(token, agentId)) };
  const kept = await newClient(await other.token(), { email: "kept-7f3a@example.com" });
  await runQueue();
  const searched = [
    ...Object.values(texts),
    ...(await secretsOf(client.agentId)),
    ...(await secretsOf(tenant.clientId)),
    ...(await column("SELECT private_sealed FROM webhook_secrets WHERE subscription_id = ?", webhook.id)),
    failing.url,
  ];
  // The answer to a request of the operator describes the first admin of an organization.
  const operator = await theOperator();
  const operatorToken = await adminToken(operator);
  const slug = unique("ended");
  const ended = await create(operatorToken, "/organizations", {
    name: slug,
    slug,
    adminEmail: "ended@erase-me.example",
  });
  expect(await answersAbout(ended.admin.agentId)).toHaveLength(1);
  const endIt = { method: "DELETE", token: operatorToken };
  expect((await call(`/api/v1/organizations/${ended.organizationId}`, endIt)).status).toBe(204);
  const path = `/api/v1/organizations/${tenant.organizationId}`;
  const domains = [`proved-${tenant.organizationId}.example`, `pending-${tenant.organizationId}.example`];
  for (const domain of domains) {
    const added = await call(`${path}/domains`, { token, json: { domain } });
    expect(added.status, added.text).toBe(201);
  }
  await bindings.DB.prepare("UPDATE domains SET status = 'verified' WHERE domain = ?").bind(domains[0]).run();
  expect((await call(path, { method: "DELETE", token })).status).toBe(204);
  await runCron();
  expect(await column("SELECT domain FROM domains WHERE organization_id = ?", tenant.organizationId)).toEqual([]);
  await runAlarms();
  const removed = await column(
    "SELECT details ->> 'domain' FROM audit_events WHERE organization_id = ? AND action = 'domain.removed'",
    tenant.organizationId,
  );
  expect(removed.sort()).toEqual([...domains].sort());
  const after = await dump();
  expect(placesOf(after, searched)).toEqual([]);
  expect(placesOf(after, [webhook.id])).toEqual(["D1 audit_events"]);
  const requests = "SELECT route FROM idempotent_requests WHERE organization_id = ?";
  expect(await column(requests, tenant.organizationId)).toEqual([]);
  expect(await answersAbout(ended.admin.agentId)).toEqual([]);
  expect(await column("SELECT id FROM organizations WHERE status = 'deleted' AND cleared_at IS NULL")).toEqual([]);
  // Nothing of another organization.
  expect(placesOf(after, ["kept-7f3a@example.com"])).toContain("D1 agents");
  expect(await tokenFor(kept)).toMatch(/^ey/);
  const sent = failing.received.length;
  advance(86_400_000);
  await runQueue();
  await runCron();
  expect(failing.received.length).toBe(sent);
});

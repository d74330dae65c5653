/** No event holds the e-mail or the owner of an agent, whichever event it is. The log shows the e-mail beside its events. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { auditEventNames } from "../../../src/events/catalogue.ts";
import { runCron } from "../../assurance/controls/_cron.ts";
import { browserAfter, signIn } from "../../identity/console/_browser.ts";
import {
  delegate,
  delegationTokenType,
  exchangeGrant,
  lend,
  verify as verifyDelegation,
} from "../../identity/delegation/_parties.ts";
import {
  adminToken,
  type Body,
  type Call,
  call,
  newAgent,
  newClient,
  newOrganization,
  setupToken,
  theOperator,
} from "../../support/api.ts";
import { domainCalls, newName, proved, standInResolver, withResolver } from "../domains/_support.ts";
import { handOver, newReceiver, takeMessages, takeOver } from "../webhooks/_support.ts";
import { changeLedger, dayMs, ledger } from "./_chains.ts";
import { eventsOf, tamper, verify } from "./_log.ts";

const { DB, ORG_LEDGER } = env as unknown as { DB: D1Database; ORG_LEDGER: DurableObjectNamespace };
const zone = standInResolver();

afterEach(() => {
  vi.useRealTimers();
});

let people = 0;
/** An address and an owner that no other request sends. Each has the text `pxq`, which nothing else in the tests has. */
const person = () => {
  const name = `pxq${++people}`;
  return { email: `jane.${name}@${name}-home.example`, owner: `Jane ${name}` };
};

async function must(status: number, path: string, init: Call): Promise<Body> {
  const answer = await call(path, { headers: { "User-Agent": `fleet/1.0 (+mailto:${person().email})` }, ...init });
  expect([answer.status, answer.status === status ? "" : answer.text]).toEqual([status, ""]);
  return answer.body;
}

/** Every stored event, as text, with those that only a ledger has yet. */
async function storedEvents(): Promise<{ action: string; text: string }[]> {
  const { results: organizations } = await DB.prepare("SELECT id FROM organizations").all<{ id: string }>();
  for (const { id } of organizations) await ledger(id).flush();
  const { results } = await DB.prepare("SELECT * FROM audit_events").all<{ action: string }>();
  return results.map((row) => ({ action: row.action, text: JSON.stringify(row) }));
}

describe("the events of every action in the catalogue", () => {
  it("agents, their credentials, tokens and delegations, organizations, partners, resources and keys", async () => {
    const operator = await theOperator();
    const name = `Acme (${person().email})`;
    const tenant = await newOrganization({ adminEmail: person().email, name });
    const { token, organizationId, slug } = tenant;
    const post = (path: string, json: unknown, status = 201) => must(status, `/api/v1${path}`, { token, json });
    const patch = (path: string, json: unknown) => must(200, `/api/v1${path}`, { token, json, method: "PATCH" });
    const remove = (path: string) => must(204, `/api/v1${path}`, { token, method: "DELETE" });

    const scopes = ["agents:read", "tokens:read", "audit:read", "webhooks:read", "delegations:write"];
    const one = await newClient(token, { ...person(), grantedScopes: scopes });
    const other = await newClient(token, { ...person(), grantedScopes: ["agents:read", "tokens:read"] });
    const agent = `/agents/${one.agentId}`;
    await patch(agent, person());
    await patch(agent, { status: "suspended", ...person() });
    await patch(agent, { status: "active" });
    await must(200, `/api/v1/sdk/scaffold/${one.agentId}`, { token });
    await post(`/organizations/${organizationId}/members`, { agentId: other.agentId, role: "admin" });
    await remove(`/organizations/${organizationId}/members/${other.agentId}`);

    const form = { grant_type: "client_credentials", scope: "audit:read agents:read" };
    const { access_token: lent } = await must(200, "/api/v1/token", { basic: one, form });
    await must(401, "/api/v1/token", { basic: { ...one, clientSecret: person().email }, form });
    const refusedScope = { grant_type: "client_credentials", scope: `admin:orgs ${person().email}` };
    await must(400, "/api/v1/token", { basic: one, form: refusedScope });
    await must(400, "/api/v1/token", { basic: one, form: { ...form, resource: `urn:x:${person().email}` } });

    const delegation = await lend({ token: lent, delegatee: other });
    await verifyDelegation(token, delegation.delegationToken);
    const exchange = { subject_token: delegation.delegationToken, subject_token_type: delegationTokenType };
    await must(200, "/api/v1/token", { basic: other, form: { grant_type: exchangeGrant, ...exchange } });
    await remove(`/oauth2/token/delegate/${delegation.chainId}`);
    expect((await delegate(lent, other.agentId, { scopes: [person().email] })).status).toBe(400);

    await must(200, "/api/v1/token/introspect", { token, form: { token: lent } });
    await must(401, "/api/v1/token/introspect", { basic: { ...one, clientSecret: "wrong" }, form: { token: lent } });
    await must(200, "/api/v1/token/revoke", { token, form: { token: lent } });
    const repeatable = { "Idempotency-Key": crypto.randomUUID() };
    const byOldSecret = { basic: { ...one, clientId: one.agentId }, json: {}, headers: repeatable };
    await must(200, `/api/v1${agent}/credentials/${one.credentialId}/rotate`, byOldSecret);
    await must(200, `/api/v1${agent}/credentials/${one.credentialId}/rotate`, byOldSecret);
    await remove(`${agent}/credentials/${one.credentialId}`);

    const claims = { email: person().email, sub: `mailto:${person().email}` };
    const policy = { provider: "oidc", issuer: "https://idp.example.com", audience: person().email, claims };
    const { policyId } = await post("/oidc/trust-policies", { ...policy, agentId: one.agentId });
    await remove(`/oidc/trust-policies/${policyId}`);
    const partnership = { name: person().email, issuer: "https://partner.example.com", audiences: [person().email] };
    const { partnerId } = await post("/federation/trust", partnership);
    await patch(`/federation/partners/${partnerId}`, { name: person().email });
    const foreign = `e30.${btoa(JSON.stringify({ iss: `https://${person().email}.example` }))}.x`;
    await post("/federation/verify", { token: foreign }, 200);
    await remove(`/federation/partners/${partnerId}`);

    const resource = { identifier: `urn:agentidp:${slug}:api`, name: `API (${person().email})` };
    const { resourceId } = await post("/resources", resource);
    await patch(`/resources/${resourceId}`, { name: person().email });
    await patch(`/resources/${resourceId}`, { status: "disabled" });
    await remove(`/resources/${resourceId}`);
    await remove(agent);
    await must(200, `/api/v1${agent}/erase`, { token, method: "POST" });

    const organization = `/api/v1/organizations/${organizationId}`;
    const byOperator = async (json: unknown) =>
      must(200, organization, { token: await adminToken(operator), json, method: "PATCH" });
    await byOperator({ name: person().email, planTier: "pro" });
    await byOperator({ status: "suspended" });
    await byOperator({ status: "active" });
    await must(204, organization, { token: await adminToken(operator), method: "DELETE" });
    await must(201, "/api/v1/setup", { token: setupToken, json: { recoverAgentId: operator.agentId } });
    const rotate = (json: unknown) => must(200, "/api/v1/keys/rotate", { token: operator.token, json });
    await rotate({});
    await rotate({ compromised: true });
  });

  it("domains", async () => {
    const [holder, asker] = [await newOrganization(), await newOrganization()].map((made) => domainCalls(made));
    const name = newName();
    await proved(zone, holder!, name);
    await proved(zone, asker!, name);
    expect((await asker!.remove(name)).status).toBe(204);
    const lapsing = newName();
    const { challenge } = await proved(zone, holder!, lapsing);
    zone.publish(challenge.name, "another text");
    await tamper("UPDATE domains SET misses = 2 WHERE domain = ?", lapsing);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + dayMs });
    await runCron(withResolver);
  });

  it("webhooks, and refusals that are only counted", async () => {
    takeOver();
    const { token, organizationId, ...client } = await newOrganization();
    const receiver = newReceiver(() => new Response(null, { status: 410 }));
    const fields = { name: `To ${person().email}`, url: receiver.url, events: ["agent.created"] };
    const { id } = await must(201, "/api/v1/webhooks", { token, json: fields });
    const path = `/api/v1/webhooks/${id}`;
    await must(200, path, { token, method: "PATCH", json: { name: person().email } });
    await must(200, `${path}/rotate-secret`, { token, method: "POST" });
    await newAgent(token, person());
    await handOver(takeMessages());
    await must(204, path, { token, method: "DELETE" });

    const form = { grant_type: "client_credentials" };
    const wrong = { clientId: client.clientId, clientSecret: person().email };
    for (let n = 0; n < 12; n++) await call("/api/v1/token", { basic: wrong, form });
    vi.setSystemTime(Date.now() + 61_000);
    const stub = ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));
    await runInDurableObject(stub, (instance) => (instance as unknown as { alarm(): Promise<void> }).alarm());
  });

  it("an accepted gap, and an export", async () => {
    const { token, organizationId } = await newOrganization();
    const { sequence: kept } = await ledger(organizationId).flush();
    await newAgent(token, person());
    const { sequence: head } = await ledger(organizationId).flush();
    await tamper("DELETE FROM audit_events WHERE organization_id = ? AND sequence > ?", organizationId, kept);
    await tamper("UPDATE audit_chains SET sequence = ? WHERE organization_id = ?", kept, organizationId);
    const gap = { organizationId, fromSequence: kept + 1, toSequence: head, reason: `Lost; ask ${person().email}` };
    await must(201, "/api/v1/audit/gaps", { token: await adminToken(await theOperator()), json: gap });
    await must(200, `/api/v1/organizations/${organizationId}/export`, { token });
  });

  it("the console", async () => {
    const client = await newClient((await newOrganization()).token, person());
    const { clientId, clientSecret } = client;
    const first = browserAfter(await signIn({ clientId, clientSecret }, { "User-Agent": person().email }));
    const form = { grant_type: "client_credentials", scope: "agents:read" };
    const { access_token: token } = await must(200, "/api/v1/token", { basic: client, form });
    await must(201, "/api/v1/console/links", { token, method: "POST" });
    expect((await first.send("/session", { method: "DELETE" })).status).toBe(204);
  });

  it("hold no e-mail and no owner", async () => {
    const stored = await storedEvents();
    expect([...new Set(stored.map(({ action }) => action))].sort()).toEqual([...auditEventNames].sort());
    expect(people).toBeGreaterThan(30);
    expect(stored.filter(({ text }) => /pxq/i.test(text))).toEqual([]);
  });
});

describe("the e-mail of an agent", () => {
  it("stands beside the events of a page as the agent's record has it now, and not in them", async () => {
    const { token, agentId: adminId } = await newOrganization({ adminEmail: "admin@acme.example" });
    const { agentId } = await newAgent(token, { email: "first@acme.example" });
    const path = `/api/v1/agents/${agentId}`;
    await call(path, { method: "PATCH", token, json: { email: "second@acme.example", owner: "Jane" } });
    const answer = await call(`/api/v1/audit?agentId=${agentId}&action=agent.updated`, { token });
    expect(answer.body.data[0].details).toEqual({ changed: ["email", "owner"] });
    expect(JSON.stringify(answer.body.data)).not.toContain("@");
    expect(answer.body.agents).toEqual({
      [agentId]: { email: "second@acme.example" },
      [adminId]: { email: "admin@acme.example" },
    });
  });

  it("is not shown of an agent of another organization", async () => {
    const operator = await theOperator();
    const tenant = await newOrganization();
    const answer = await call("/api/v1/audit?action=organization.created", { token: tenant.token });
    expect(answer.body.data[0].actor.agentId).toBe(operator.agentId);
    expect(answer.body.agents).toEqual({});
  });

  it("stands in an export that asks for it, once an agent, in lines that are no events", async () => {
    const { token, agentId: adminId, email } = (await newOrganization()) as Body;
    const made = await newAgent(token);
    const events = await eventsOf(token);
    const lines = (await call("/api/v1/audit/export?agents=true", { token })).text.trim().split("\n");
    const all = lines.map((line) => JSON.parse(line));
    expect(all.filter((line) => !("type" in line))).toEqual(events);
    expect(
      all
        .filter((line) => "type" in line)
        .map((line) => JSON.stringify(line))
        .sort(),
    ).toEqual(
      [
        JSON.stringify({ type: "agent", agentId: adminId, email }),
        JSON.stringify({ type: "agent", agentId: made.agentId, email: made.email }),
      ].sort(),
    );
  });
});

/** RFC 8785, for events: their texts and names are plain. */
const canonical = (value: Body): string =>
  Array.isArray(value)
    ? `[${value.map(canonical)}]`
    : value !== null && typeof value === "object"
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)}}`
      : JSON.stringify(value);

describe("an event of an earlier version", () => {
  it("has the e-mail, still shows it and verifies", async () => {
    const { token, organizationId } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { hash: _, ...last } = (await eventsOf(token)).at(-1);
    const old = { ...last, details: { email: "jane.doe@acme.example", ...last.details } };
    const hash = createHash("sha256").update(canonical(old)).digest("hex");
    const set = "UPDATE audit_events SET details = ?, hash = ? WHERE event_id = ?";
    await tamper(set, JSON.stringify(old.details), hash, last.eventId);
    await changeLedger(organizationId, ({ sql }) => sql.exec("UPDATE chain_head SET hash = ?", hash));
    // The next event follows the old one.
    await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token, json: { version: "2.0.0" } });
    expect((await eventsOf(token)).at(-2)).toEqual({ ...old, hash });
    expect(await verify(token)).toMatchObject({ verified: true, brokenAtEventId: null });
  });
});

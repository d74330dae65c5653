/** Which events are told, to whom, and what of them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { webhookEventNames as webhookEvents } from "../../../src/events/catalogue.ts";
import { adminToken, type Body, call, newAgent, newClient, theOperator, tokenFor } from "../../support/api.ts";
import { giveBack, newReceiver, newTenant, type Receiver, runQueue, subscribe, takeOver, waiting } from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const bodiesOf = ({ received }: Receiver): Body[] => received.map(({ body }) => JSON.parse(body));

/** What an agent and its credential and tokens go through. */
async function aLife(token: string) {
  const agent = await newClient(token);
  const path = `/api/v1/agents/${agent.agentId}`;
  const accessToken = await tokenFor(agent);
  await call("/api/v1/token/revoke", { token, form: { token: accessToken } });
  await call(`${path}/credentials/${agent.credentialId}/rotate`, { token, json: {} });
  await call(path, { method: "PATCH", token, json: { owner: "another-team" } });
  await call(path, { method: "PATCH", token, json: { status: "suspended" } });
  await call(path, { method: "PATCH", token, json: { status: "active" } });
  await call(`${path}/credentials/${agent.credentialId}`, { method: "DELETE", token });
  await call(path, { method: "DELETE", token });
  return { agent, accessToken };
}

describe("a receiver of everything", () => {
  it("is told of each change once, in the form that the documentation promises", async () => {
    const tenant = await newTenant();
    const { organizationId } = tenant;
    const token = await tenant.token();
    const receiver = newReceiver();
    await subscribe(tenant, receiver, { events: webhookEvents });
    const { agent } = await aLife(token);
    const { agentId, credentialId } = agent;
    const delegation = await call("/api/v1/oauth2/token/delegate", {
      token,
      json: { delegateeAgentId: (await newAgent(token)).agentId, scopes: ["agents:read"], ttlSeconds: 600 },
    });
    const { chainId } = delegation.body;
    await call(`/api/v1/oauth2/token/delegate/${chainId}`, { method: "DELETE", token });
    // Tokens are told of when the ledger hands its events to D1; whoever reads the log makes it do so.
    await call("/api/v1/audit", { token });
    await runQueue();

    const bodies = bodiesOf(receiver).filter(({ data }) => data.agentId === agentId);
    const events = bodies.map(({ event }) => event);
    expect(events.toSorted()).toEqual(
      [
        "agent.created",
        "credential.generated",
        "token.issued",
        "token.revoked",
        "credential.rotated",
        "agent.updated",
        "agent.suspended",
        "agent.reactivated",
        "credential.revoked",
        "agent.decommissioned",
      ].toSorted(),
    );
    for (const body of bodies) {
      expect(Object.keys(body)).toEqual(["id", "event", "timestamp", "organization_id", "data"]);
      expect(body.organization_id).toBe(organizationId);
      expect(body.timestamp).toBe(new Date(body.timestamp).toISOString());
    }
    const dataOf = (event: string) => bodies.find((body) => body.event === event)?.data;
    expect(dataOf("agent.created")).toMatchObject({ agentId, organization_id: organizationId, status: "active" });
    expect(dataOf("agent.decommissioned")).toMatchObject({ agentId, status: "decommissioned" });
    for (const event of ["credential.generated", "credential.rotated", "credential.revoked"]) {
      expect(dataOf(event)).toEqual({ credentialId, agentId });
    }
    const scope = expect.stringMatching(/^([a-z]+:[a-z]+ ?)+$/);
    expect(dataOf("token.issued")).toEqual({ agentId, scope });
    expect(dataOf("token.revoked")).toEqual({ agentId, scope });

    const told = bodiesOf(receiver);
    expect(
      told.filter(({ event }) => event.startsWith("delegation.")).map(({ event, data }) => [event, data.chainId]),
    ).toEqual([
      ["delegation.created", chainId],
      ["delegation.revoked", chainId],
    ]);
    const ids = told.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(waiting()).toEqual([]);
  });

  it("is never told a secret or a token", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const receiver = newReceiver();
    const { signingSecret } = await subscribe(tenant, receiver, { events: webhookEvents });
    const { agent, accessToken } = await aLife(token);
    await call("/api/v1/audit", { token });
    await runQueue();
    expect(receiver.received.length).toBeGreaterThan(8);
    for (const { body, headers } of receiver.received) {
      for (const secret of [signingSecret, agent.clientSecret, accessToken, "sa_sec_", "whsec_", "eyJ", '"d":']) {
        expect(body).not.toContain(secret);
        expect(JSON.stringify(headers)).not.toContain(secret);
      }
    }
  });

  it("finds each event in the audit log under its id", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const receiver = newReceiver();
    await subscribe(tenant, receiver, { events: ["agent.created", "token.issued"] });
    await tokenFor(await newClient(token));
    await call("/api/v1/audit", { token });
    await runQueue();
    expect(receiver.received.length).toBe(2);
    for (const { id, event, timestamp } of bodiesOf(receiver)) {
      const answer = await call(`/api/v1/audit/${id}`, { token });
      expect(answer.body).toMatchObject({ eventId: id, action: event, timestamp });
    }
    expect((await call("/api/v1/audit/verify", { token })).body).toMatchObject({ verified: true });
  });
});

describe("who is told", () => {
  it("only who asked for the event, and only of its own organization", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    const token = await one.token();
    const [all, some, foreign] = [newReceiver(), newReceiver(), newReceiver()];
    await subscribe(one, all, { events: ["agent.created", "agent.updated"] });
    await subscribe(one, some, { events: ["agent.updated"] });
    await subscribe(other, foreign, { events: ["agent.created", "agent.updated"] });
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token, json: { owner: "another-team" } });
    await runQueue();
    expect(all.received.map(({ headers }) => headers["x-sentryagent-event"])).toEqual([
      "agent.created",
      "agent.updated",
    ]);
    expect(some.received.map(({ headers }) => headers["x-sentryagent-event"])).toEqual(["agent.updated"]);
    expect(foreign.received).toEqual([]);
    // One event has one id, whoever is told of it.
    expect(some.received[0]?.headers["webhook-id"]).toBe(all.received[1]?.headers["webhook-id"]);
  });

  it("the organization that it happened to, and not the operator who did it and has it in the log too", async () => {
    const operator = await theOperator();
    const [tenant, ofOperator] = [await newTenant(), { ...operator, token: () => adminToken(operator) }];
    const [told, untold] = [newReceiver(), newReceiver()];
    await subscribe(tenant, told);
    await subscribe(ofOperator, untold);
    const token = await ofOperator.token();
    const { agentId } = await newAgent(token, { organization_id: tenant.organizationId });
    await runQueue();
    expect(bodiesOf(told).map(({ organization_id, data }) => [organization_id, data.agentId])).toEqual([
      [tenant.organizationId, agentId],
    ]);
    expect(untold.received).toEqual([]);
    const { body } = await call(`/api/v1/audit?action=agent.created&agentId=${agentId}`, { token });
    expect(body.data.length).toBe(1);
  });

  it("two webhooks with one address are told both", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const receiver = newReceiver();
    await subscribe(tenant, receiver);
    await subscribe(tenant, receiver);
    await newAgent(token);
    await runQueue();
    expect(receiver.received.length).toBe(2);
  });

  it("an organization that has no webhook for tokens pays nothing for them", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    await subscribe(tenant, newReceiver(), { events: ["agent.created"] });
    await tokenFor(await newClient(token));
    await runQueue();
    await call("/api/v1/audit", { token });
    expect(waiting()).toEqual([]);
  });

  it("a token that was refused, introspected or checked is nobody's business", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const receiver = newReceiver();
    await subscribe(tenant, receiver, { events: ["token.issued", "token.revoked"] });
    const agent = await newClient(token);
    await call("/api/v1/token", {
      basic: { ...agent, clientSecret: "wrong" },
      form: { grant_type: "client_credentials" },
    });
    await call("/api/v1/token/introspect", { token, form: { token } });
    await call("/api/v1/audit", { token });
    await runQueue();
    expect(receiver.received).toEqual([]);
  });
});

describe("tokens", () => {
  it("are told of once, however often the ledger and the relay hand the event on", async () => {
    const tenant = await newTenant();
    const token = await tenant.token();
    const receiver = newReceiver();
    await subscribe(tenant, receiver, { events: ["token.issued", "token.revoked"] });
    const agent = await newClient(token);
    const tokens = [await tokenFor(agent), await tokenFor(agent), await tokenFor(agent)];
    await call("/api/v1/token/revoke", { token, form: { token: tokens[0]! } });
    await Promise.all([call("/api/v1/audit", { token }), call("/api/v1/audit", { token })]);
    await call("/api/v1/audit", { token });
    await runQueue();
    expect(bodiesOf(receiver).map(({ event }) => event)).toEqual([
      "token.issued",
      "token.issued",
      "token.issued",
      "token.revoked",
    ]);
    const { body } = await call("/api/v1/audit?action=token.issued&limit=100", { token });
    expect(body.data.filter((event: Body) => event.agentId === agent.agentId).length).toBe(3);
  });
});

/** Whatever takes something from either party ends the delegation at once, for good, and lists say so. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DomainEvent, EventName } from "../../../src/events/catalogue.ts";
import { delegationSubscriber } from "../../../src/identity/delegation/service.ts";
import type { Ledger } from "../../../src/ledger/contract.ts";
import type { Context } from "../../../src/platform/context.ts";
import { openDatabase } from "../../../src/platform/db/client.ts";
import { type EventId, newId, type OrganizationId } from "../../../src/platform/ids.ts";
import {
  adminToken,
  type Body,
  type Client,
  call,
  newCredential,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { exchange, exchanged, lend, list, newParties, type Parties, use, verify } from "./_parties.ts";

const { ORG_LEDGER, DB } = env as unknown as { ORG_LEDGER: DurableObjectNamespace; DB: D1Database };

let operator: Organization;
let tenant: Organization;
let admin: string;
let parties: Parties;
let delegation: Body;
let made: string;

beforeAll(async () => {
  operator = await theOperator();
  tenant = await newOrganization({ planTier: "enterprise" });
});

beforeEach(async () => {
  admin = await adminToken(tenant);
  parties = await newParties(admin);
  delegation = await lend(parties, { scopes: ["audit:read"] });
  made = await exchanged(parties.delegatee, delegation.delegationToken);
  expect(await use(made)).toBe(200);
});

const organizationOf = ({ organizationId }: Organization) => organizationId as OrganizationId;

const patch = (agentId: string, json: Record<string, unknown>) =>
  call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: admin, json });
const change = (json: Record<string, unknown>) =>
  call(`/api/v1/organizations/${tenant.organizationId}`, { method: "PATCH", token: operator.token, json });
const decommission = (agentId: string) => call(`/api/v1/agents/${agentId}`, { method: "DELETE", token: admin });
const revokeCredential = ({ agentId, credentialId }: Parties["delegator"]) =>
  call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token: admin });
const revokeToken = (client: Client, token: string) => call("/api/v1/token/revoke", { basic: client, form: { token } });
const recordedEnd = () =>
  DB.prepare("SELECT revoked_at FROM delegations WHERE id = ?").bind(delegation.chainId).first<number>("revoked_at");

/** Nothing is left of the delegation: not for a verifier, not at the token endpoint, not in the access token, not in the list. */
async function expectEnded(error: "invalid_grant" | "invalid_client" = "invalid_grant"): Promise<void> {
  const { body } = await verify(admin, delegation.delegationToken);
  expect(body).toMatchObject({ valid: false, chainId: delegation.chainId, revokedAt: expect.any(String) });
  expect(Date.parse(body.revokedAt)).toBe(await recordedEnd());
  expect((await exchange(parties.delegatee, delegation.delegationToken)).body.error).toBe(error);
  expect(await use(made)).toBe(401);
  const introspect = (token: string) => call("/api/v1/token/introspect", { token: admin, form: { token } });
  expect((await introspect(delegation.delegationToken)).body).toEqual({ active: false });
  expect((await introspect(made)).body).toEqual({ active: false });
}

describe("ends at once", () => {
  it.each([
    ["the delegator is suspended", () => patch(parties.delegator.agentId, { status: "suspended" }), "invalid_grant"],
    ["the delegator is decommissioned", () => decommission(parties.delegator.agentId), "invalid_grant"],
    ["the delegatee is suspended", () => patch(parties.delegatee.agentId, { status: "suspended" }), "invalid_client"],
    ["the delegatee is decommissioned", () => decommission(parties.delegatee.agentId), "invalid_client"],
    [
      "the scope is taken from the delegator",
      () => patch(parties.delegator.agentId, { grantedScopes: ["agents:read", "webhooks:read"] }),
      "invalid_grant",
    ],
    ["the delegator's credential is revoked", () => revokeCredential(parties.delegator), "invalid_grant"],
    ["the token that made it is revoked", () => revokeToken(parties.delegator, parties.token), "invalid_grant"],
  ] as const)("%s", async (_, cause, error) => {
    const answer = await cause();
    expect(answer.status, answer.text).toBeLessThan(300);
    await expectEnded(error);
  });

  it("only with the token that made it: revoking another token, or the same one twice, changes nothing more", async () => {
    const other = await tokenFor(parties.delegator);
    expect((await revokeToken(parties.delegator, other)).status).toBe(200);
    expect((await verify(admin, delegation.delegationToken)).body).toMatchObject({ valid: true, revokedAt: null });
    await revokeToken(parties.delegator, parties.token);
    const { body } = await verify(admin, delegation.delegationToken);
    await revokeToken(parties.delegator, parties.token);
    expect((await verify(admin, delegation.delegationToken)).body).toEqual(body);
    await expectEnded();
  });

  it("a platform scope is taken from the delegator", async () => {
    delegation = await lend(parties, { scopes: ["agents:read"] });
    made = await exchanged(parties.delegatee, delegation.delegationToken);
    expect((await patch(parties.delegator.agentId, { grantedScopes: ["tokens:read"] })).status).toBe(200);
    await expectEnded();
  });

  it("the organization is suspended; nothing comes back with it", async () => {
    expect((await change({ status: "suspended" })).status).toBe(200);
    expect(await use(made)).toBe(401);
    expect((await exchange(parties.delegatee, delegation.delegationToken)).body.error).toBe("invalid_client");
    expect((await change({ status: "active" })).status).toBe(200);
    admin = await adminToken(tenant);
    await expectEnded();
  });

  it("the trust policy behind the delegator's token is deleted", async () => {
    const ledger = ORG_LEDGER.get(ORG_LEDGER.idFromName(tenant.organizationId)) as unknown as Ledger;
    const policy = await call("/api/v1/oidc/trust-policies", {
      token: admin,
      json: { provider: "github", agentId: parties.delegator.agentId, repository: "acme/resumes", branch: "main" },
    });
    expect(policy.status, policy.text).toBe(201);
    const { policyId } = policy.body;
    const lent = await ledger.delegate({
      delegatorAgentId: parties.delegator.agentId,
      credentialId: policyId,
      delegateeAgentId: parties.delegatee.agentId,
      resourceKey: null,
      scopes: ["audit:read"],
      ttlSeconds: 900,
      tokenId: crypto.randomUUID(),
    } as unknown as Parameters<Ledger["delegate"]>[0]);
    await DB.prepare("UPDATE delegations SET credential_id = ? WHERE id = ?").bind(policyId, delegation.chainId).run();
    const { chainId } = lent as { chainId: Parameters<Ledger["checkDelegation"]>[0] };
    // Each with an event of its own: two under one id never get from the ledger to D1.
    const check = () => ledger.checkDelegation(chainId, { ...emptyEvent(), action: "delegation.verified" } as never);
    expect((await check()).active).toBe(true);
    const deleted = await call(`/api/v1/oidc/trust-policies/${policyId}`, { method: "DELETE", token: admin });
    expect(deleted.status).toBe(204);
    expect((await check()).active).toBe(false);
    expect(await recordedEnd()).toEqual(expect.any(Number));
  });

  it("is in both parties' lists", async () => {
    await patch(parties.delegator.agentId, { grantedScopes: ["agents:read", "webhooks:read"] });
    for (const token of [parties.token, parties.delegateeToken]) {
      expect((await list(token)).body.data).toMatchObject([{ chainId: delegation.chainId, status: "revoked" }]);
    }
  });
});

describe("nothing comes back", () => {
  it("suspended and reactivated", async () => {
    for (const { agentId } of [parties.delegator, parties.delegatee]) {
      await patch(agentId, { status: "suspended" });
      await patch(agentId, { status: "active" });
      await expectEnded();
    }
    const again = await lend({ ...parties, token: await tokenFor(parties.delegator) });
    expect((await verify(admin, again.delegationToken)).body.valid).toBe(true);
  });

  it("the organization is suspended and reactivated, and the record of the end comes later and more than once", async () => {
    const occurredAtMs = Date.now();
    await scheduler.wait(20);
    const later = await lend(parties, { scopes: ["webhooks:read"] });
    const told = (action: EventName, target: string): DomainEvent => ({
      id: newId<EventId>(occurredAtMs),
      organizationId: organizationOf(tenant),
      action,
      outcome: "success",
      agentId: null,
      actor: { agentId: null, ip: "", userAgent: "" },
      target,
      details: {},
      occurredAtMs,
    });
    const hand = (...events: readonly DomainEvent[]) =>
      delegationSubscriber.handle({ db: openDatabase(DB) } as Context, organizationOf(tenant), events);

    await hand(
      told("organization.suspended", operator.organizationId),
      told("organization.updated", tenant.organizationId),
    );
    expect(await recordedEnd()).toBeNull();
    await hand(told("organization.suspended", tenant.organizationId));
    await hand(
      told("organization.deleted", tenant.organizationId),
      told("organization.suspended", tenant.organizationId),
    );
    expect(await recordedEnd()).toBe(occurredAtMs);
    expect((await list(parties.token)).body.data).toMatchObject([
      { chainId: later.chainId, status: "active" },
      { chainId: delegation.chainId, status: "revoked", revokedAt: new Date(occurredAtMs).toISOString() },
    ]);
  });

  it("a scope taken and given back", async () => {
    await patch(parties.delegator.agentId, { grantedScopes: ["agents:read", "webhooks:read"] });
    await patch(parties.delegator.agentId, { grantedScopes: ["agents:read", "webhooks:read", "audit:read"] });
    await expectEnded();
    expect((await verify(admin, (await lend(parties)).delegationToken)).body.valid).toBe(true);
  });
});

describe("what has nothing to do with it leaves it alone", () => {
  it.each([
    [
      "a scope that was not lent is taken",
      () => patch(parties.delegator.agentId, { grantedScopes: ["agents:read", "audit:read"] }),
    ],
    ["the delegatee loses a scope", () => patch(parties.delegatee.agentId, { grantedScopes: ["agents:read"] })],
    ["the delegatee's credential is revoked", () => revokeCredential(parties.delegatee)],
    [
      "another credential of the delegator is revoked",
      async () => {
        const { credentialId } = await newCredential(admin, parties.delegator.agentId);
        return revokeCredential({ ...parties.delegator, credentialId });
      },
    ],
    [
      "another token of the delegator is revoked",
      async () => revokeToken(parties.delegator, await tokenFor(parties.delegator)),
    ],
    [
      "another agent is suspended",
      async () => {
        const other = await newParties(admin);
        return patch(other.delegator.agentId, { status: "suspended" });
      },
    ],
    ["a loss of the scope that is refused, as the e-mail beside it is taken", () => refusedBeside({})],
    ["a suspension that is refused likewise", () => refusedBeside({ status: "suspended" })],
    ["a change that is refused", () => patch(parties.delegator.agentId, { capabilities: [] })],
  ])("%s", async (_, cause) => {
    await cause();
    expect((await verify(admin, delegation.delegationToken)).body.valid).toBe(true);
    expect(await recordedEnd()).toBe(null);
  });
});

/** A change of the delegator that cannot be, as it takes the delegatee's e-mail too. */
async function refusedBeside(json: Record<string, unknown>): Promise<void> {
  const { email } = (await call(`/api/v1/agents/${parties.delegatee.agentId}`, { token: admin })).body;
  const answer = await patch(parties.delegator.agentId, {
    grantedScopes: ["agents:read", "tokens:read"],
    ...json,
    email,
  });
  expect([answer.status, answer.body.code]).toEqual([409, "AGENT_ALREADY_EXISTS"]);
  expect(await use(made)).toBe(200);
}

const emptyEvent = () => ({
  id: crypto.randomUUID(),
  organizationId: tenant.organizationId,
  outcome: "success",
  agentId: parties.delegator.agentId,
  actor: { agentId: null, ip: "", userAgent: "test" },
  target: delegation.chainId,
  details: {},
  occurredAtMs: Date.now() + 1_000,
});

describe("while a change is being written", () => {
  const ledger = () => ORG_LEDGER.get(ORG_LEDGER.idFromName(tenant.organizationId)) as unknown as Ledger;
  const newHoldId = () => crypto.randomUUID() as Parameters<Ledger["withdraw"]>[1];
  const request = () =>
    ({
      delegatorAgentId: parties.delegator.agentId,
      credentialId: parties.delegator.credentialId,
      delegateeAgentId: parties.delegatee.agentId,
      resourceKey: null,
      scopes: ["audit:read"],
      ttlSeconds: 900,
      tokenId: crypto.randomUUID(),
    }) as unknown as Parameters<Ledger["delegate"]>[0];

  it("neither party lends or gets: what came into being now would outlive the cut-off", async () => {
    await ledger().withdraw([{ kind: "agent", agentId: request().delegatorAgentId }], newHoldId());
    expect(await ledger().delegate(request())).toEqual({ outcome: "inactive" });
    const other = await newParties(admin);
    const toWithdrawn = { ...request(), delegatorAgentId: other.delegator.agentId, credentialId: null };
    await ledger().withdraw([{ kind: "agent", agentId: request().delegateeAgentId }], newHoldId());
    expect(await ledger().delegate(toWithdrawn as never)).toEqual({ outcome: "delegatee_unavailable" });
  });

  it("the event of a delegation does not lift what is held for its delegator", async () => {
    await ledger().withdraw([{ kind: "agent", agentId: request().delegatorAgentId }], newHoldId());
    await ledger().record([{ ...emptyEvent(), action: "delegation.created" } as never]);
    expect(await ledger().delegate(request())).toEqual({ outcome: "inactive" });
  });
});

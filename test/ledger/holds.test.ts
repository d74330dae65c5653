/** Changes in progress: meanwhile the ledger answers nothing from memory, and refuses what is being revoked. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HeldTarget } from "../../src/ledger/contract.ts";
import type { Held, Holds } from "../../src/ledger/holds.ts";
import { type AgentId, type CredentialId, newId, type Scope, type TokenId } from "../../src/platform/ids.ts";
import {
  atOnce,
  changeInD1,
  clockAt,
  DB,
  delegateTo,
  type Member,
  newHoldId,
  newMember,
  newMemberWithLedger,
  noon,
  openPrincipals,
  theAgent,
  theCredential,
  theOrganization,
} from "./_support.ts";

/** How long the ledger keeps a hold whose change never comes. */
const holdMs = 60_000;

/** Whether the organization, the agent and its credential are refused. */
const refused = (holds: Holds, member: Member) =>
  [theOrganization, theAgent(member), theCredential(member)].map((target) => holds.refuses(target));

const plainChange = ({ agentId }: Member): Held => ({ kind: "change", agentId });
const theScope = ({ agentId }: Member): HeldTarget => ({
  kind: "scopes",
  agentId,
  scopes: ["agents:read" as Scope],
});

describe("while a change is in progress", () => {
  it.each<[string, (member: Member) => Held]>([
    ["a change of the agent", plainChange],
    ["a change of the organization", () => ({ kind: "change", agentId: null })],
    ["a revocation of the organization", () => theOrganization],
    ["a revocation of the agent", theAgent],
    ["a revocation of a credential", theCredential],
    ["a revocation of scopes", theScope],
  ])("every request reads the record from D1, for a minute and not longer: %s", async (_, target) => {
    const { start, change, member } = await openPrincipals();
    await start(async (principals, version) => {
      principals.hold(newHoldId(), [target(member)], noon);
      for (const [ms, next] of [
        [0, "2.0.0"],
        [1, "3.0.0"],
        [holdMs, "4.0.0"],
        [holdMs + 1, "5.0.0"],
      ] as const) {
        await change(next);
        expect(await version(noon + ms)).toBe(next);
      }
      // The last read was kept.
      await change("6.0.0");
      expect(await version(noon + holdMs + 1)).toBe("5.0.0");
    });
  });

  it("that is no revocation, nothing is refused", async () => {
    const { start, member } = await openPrincipals();
    await start((principals, _, holds) => {
      principals.hold(newHoldId(), [plainChange(member)], noon);
      principals.hold(newHoldId(), [{ kind: "change", agentId: null }], noon);
      principals.hold(newHoldId(), [theScope(member)], noon);
      expect(refused(holds, member)).toEqual([false, false, false]);
    });
  });
});

describe("what is being revoked", () => {
  it.each<[string, (member: Member) => Held, boolean[]]>([
    ["an organization", () => theOrganization, [true, false, false]],
    ["an agent", theAgent, [false, true, false]],
    ["a credential", theCredential, [false, false, true]],
  ])("%s is refused for a minute, also after a restart", async (_, targetOf, expected) => {
    const { start, member } = await openPrincipals();
    await start((principals, _, holds) => {
      principals.hold(newHoldId(), [targetOf(member)], noon);
      expect(refused(holds, member)).toEqual(expected);
    });
    await start((principals, _, holds) => {
      principals.releaseExpired(noon + holdMs);
      expect(refused(holds, member)).toEqual(expected);
      expect(refused(holds, { ...member, agentId: "x" as AgentId, credentialId: "x" as CredentialId })).toEqual([
        expected[0],
        false,
        false,
      ]);
      principals.releaseExpired(noon + holdMs + 1);
      expect(refused(holds, member)).toEqual([false, false, false]);
    });
  });

  it("is accepted again when its own change is complete, and no other change releases it", async () => {
    const { start, member, rows } = await openPrincipals();
    const [own, other, plain] = [newHoldId(), newHoldId(), newHoldId()];
    await start((principals, _, holds) => {
      principals.hold(own, [theAgent(member)], noon);
      principals.hold(other, [theAgent(member)], noon + 1);
      principals.hold(plain, [plainChange(member)], noon + 2);
      principals.release(plain, true, noon + 3);
      principals.release(newHoldId(), true, noon + 3);
      principals.forget(member.agentId);
      principals.forget(null);
      principals.release(other, true, noon + 4);
      expect(refused(holds, member)[1]).toBe(true);
      principals.release(own, true, noon + 5);
      expect(refused(holds, member)[1]).toBe(false);
    });
    expect(await rows("change_holds")).toEqual([]);
  });

  it("a hold with several targets refuses each, revokes each again at its end, and ends as one", async () => {
    const { start, member, rows } = await openPrincipals();
    const { agentId, credentialId } = member;
    const ofTargets = [
      `agent:${agentId}`,
      `unbound:${agentId}`,
      `credential:${credentialId}`,
      `scope:${agentId}:agents:read`,
    ];
    const targets: HeldTarget[] = [
      theAgent(member),
      { kind: "unbound", agentId },
      { kind: "credential", agentId, credentialId },
      theScope(member),
    ];
    const hold = newHoldId();
    await start((principals) => principals.hold(hold, targets, noon));
    // Also after a restart, which reads the targets from storage.
    await start((principals, _, holds, revocations) => {
      const cutOffs = () => ofTargets.map((key) => revocations.cutOffAt([key], noon + 1));
      expect(refused(holds, member)).toEqual([false, true, true]);
      expect(cutOffs()).toEqual([null, null, null, null]);
      principals.release(hold, true, noon + 30_000);
      expect(refused(holds, member)).toEqual([false, false, false]);
      expect(cutOffs()).toEqual(Array(4).fill(noon + 30_000));
    });
    expect(await rows("change_holds")).toEqual([]);
  });

  it("each of several holds has its own minute", async () => {
    const { start, member, rows } = await openPrincipals();
    await start((principals, _, holds) => {
      principals.hold(newHoldId(), [theAgent(member)], noon);
      principals.hold(newHoldId(), [theCredential(member)], noon + 20_000);
      principals.releaseExpired(noon + holdMs + 1);
      expect(refused(holds, member)).toEqual([false, false, true]);
      principals.releaseExpired(noon + holdMs + 20_001);
      expect(refused(holds, member)).toEqual([false, false, false]);
    });
    expect(await rows("change_holds")).toEqual([]);
  });

  it.each([
    ["is revoked again when its change is complete", true, 30_000, noon + 30_000],
    ["is not revoked again when its change did not take place", false, 30_000, null],
    ["is revoked again at the deadline", true, holdMs + 1, noon + holdMs + 1],
  ])("%s", async (_, written, ms, cutOffMs) => {
    const { start, member } = await openPrincipals();
    await start(async (principals, version, _, revocations) => {
      const hold = newHoldId();
      principals.hold(hold, [theAgent(member)], noon);
      if (ms > holdMs) await version(noon + ms);
      else principals.release(hold, written, noon + ms);
      expect(revocations.cutOffAt([`agent:${member.agentId}`], noon + 1)).toBe(cutOffMs);
    });
  });
});

/** A resource of the organization in D1, as its registration leaves it. */
async function newResource(organizationId: string): Promise<string> {
  const id = crypto.randomUUID();
  const key = `urn:agentidp:${organizationId}:api`;
  await DB.prepare(
    `INSERT INTO resources (id, organization_id, identifier, key, shared, name, scopes, allowed_organizations, require_dpop, status,
      created_at, updated_at) VALUES (?1, ?2, ?3, ?3, 0, 'API', '[]', '[]', 0, 'active', ?4, ?4)`,
  )
    .bind(id, organizationId, key, noon)
    .run();
  return id;
}

/** What the ledger of a resource's organization gets of an agent's token. */
const tokenFor = ({ agentId, credentialId }: Member) => ({
  facts: {
    tokenId: newId<TokenId>(noon),
    agentId,
    credentialId,
    signingKeyId: "key-1",
    bound: false,
    chainId: null,
    expiresAt: noon / 1000 + 3600,
  },
  subjectAgentId: agentId,
  scopes: ["resume:read" as Scope],
  isBound: false,
  issuedAt: noon / 1000,
});

describe("in the ledger", () => {
  beforeEach(() => clockAt(noon));
  afterEach(() => void vi.useRealTimers());

  const changed = (member: Member, action: string, holdId?: string) =>
    ({
      id: crypto.randomUUID(),
      ...member,
      action,
      actor: { agentId: null, ip: "203.0.113.7", userAgent: "test" },
      target: member.agentId,
      outcome: "success",
      occurredAtMs: Date.now(),
      details: {},
      ...(holdId ? { holdId } : {}),
    }) as never;

  it.each<[string, (member: Member) => HeldTarget, string]>([
    ["the organization", () => theOrganization, "change_in_progress"],
    ["the agent", theAgent, "change_in_progress"],
    ["the credential", theCredential, "credential_revoked"],
  ])("attack: no token while %s is being revoked and D1 does not have it yet", async (_, targetOf, reason) => {
    const { issue, revoke, member, restart } = await newMemberWithLedger();
    expect((await issue()).outcome).toBe("issued");
    await revoke(targetOf(member));
    const refusal = { outcome: "refused", reason, ...(reason === "change_in_progress" ? { isProven: true } : {}) };
    expect(await atOnce(3, () => issue())).toEqual([refusal, refusal, refusal]);
    await restart();
    clockAt(noon + holdMs);
    expect(await issue()).toEqual(refusal);
    clockAt(noon + holdMs + 1);
    expect((await issue()).outcome).toBe("issued");
  });

  it("attack: the event of another change does not end the refusal, and no token survives suspension and reactivation", async () => {
    const { issue, revoke, ledger, member, accepts, factsOf } = await newMemberWithLedger();
    const before = factsOf(await issue());
    const hold = newHoldId();
    await revoke(theAgent(member), hold);
    for (const action of ["credential.generated", "agent.updated", "agent.suspended"]) {
      await ledger.record([changed(member, action), changed(member, action, newHoldId())]);
    }
    expect(await issue()).toEqual({ outcome: "refused", reason: "change_in_progress", isProven: true });
    await changeInD1("agents", member.agentId, "status = 'suspended'");
    await ledger.record([changed(member, "agent.suspended", hold)]);
    expect(await issue()).toEqual({ outcome: "refused", reason: "agent_suspended", isProven: true });
    await changeInD1("agents", member.agentId, "status = 'active'");
    await ledger.record([changed(member, "agent.reactivated")]);
    const after = factsOf(await issue());
    expect([await accepts(before), await accepts(after)]).toEqual([false, true]);
  });

  it("a crash after the write: at the deadline the record is read anew and decides", async () => {
    const { issue, revoke, member, crash } = await newMemberWithLedger();
    expect((await issue()).outcome).toBe("issued");
    await revoke(theAgent(member));
    await changeInD1("agents", member.agentId, "status = 'suspended'");
    expect(await issue()).toEqual({ outcome: "refused", reason: "change_in_progress", isProven: true });
    await crash();
    clockAt(noon + holdMs + 1);
    expect(await issue()).toEqual({ outcome: "refused", reason: "agent_suspended", isProven: true });
  });

  it("attack: a delegation that is made while its scope is being revoked ends with the hold", async () => {
    const { revoke, ledger, member } = await newMemberWithLedger();
    await changeInD1("agents", member.agentId, `granted_scopes = '["agents:read"]'`);
    const delegatee = await newMember({}, member);
    const delegate = () => delegateTo(ledger, member, delegatee);
    type ChainId = Awaited<ReturnType<typeof delegate>>;
    const check = async (chainId: ChainId) =>
      (await ledger.checkDelegation(chainId, changed(member, "delegation.verified"))).endedAtMs;
    const hold = newHoldId();
    await revoke(theScope(member), hold);
    const [first, second] = [await delegate(), await delegate()];
    expect(await check(first)).toBeNull();
    clockAt(noon + 1_000);
    await ledger.record([changed(member, "agent.updated", hold)]);
    expect([await check(first), await check(second)]).toEqual([noon + 1_000, noon + 1_000]);
    // The same when the event never comes.
    await revoke(theScope(member));
    const third = await delegate();
    expect(await check(third)).toBeNull();
    clockAt(noon + 1_000 + holdMs + 1);
    expect(await check(third)).toBe(noon + 1_000 + holdMs + 1);
  });

  it("a change that did not take place releases its hold", async () => {
    const { issue, revoke, ledger, member, rows } = await newMemberWithLedger();
    const hold = newHoldId();
    await revoke(theAgent(member), hold);
    await ledger.releaseHold(newHoldId());
    expect((await issue()).outcome).toBe("refused");
    await ledger.releaseHold(hold);
    expect((await issue()).outcome).toBe("issued");
    expect(await rows("change_holds")).toEqual([]);
  });

  it("a resource is read from D1 while a change of it, or of its organization, is in progress, and its event may never come", async () => {
    const { ledger, member, restart } = await newMemberWithLedger();
    const { organizationId } = member;
    const resourceId = await newResource(organizationId);
    const token = { ...tokenFor(member), organizationId, key: `urn:agentidp:${organizationId}:api` };
    const setStatus = (status: string) => changeInD1("resources", resourceId, `status = '${status}'`);
    expect(await ledger.acceptsToken(token)).toBe(true);
    for (const announce of [
      () => ledger.expectResourceChange(newHoldId()),
      () => ledger.expectChange(null, newHoldId()),
      () => ledger.withdraw([theOrganization], newHoldId()),
    ]) {
      await announce();
      expect(await ledger.acceptsToken(token)).toBe(true);
      await setStatus("disabled");
      expect(await ledger.acceptsToken(token)).toBe(false);
      await restart();
      await setStatus("active");
      expect(await ledger.acceptsToken(token)).toBe(true);
      clockAt(Date.now() + holdMs + 1);
      await ledger.checkDelegation(crypto.randomUUID() as never, changed(member, "delegation.verified"));
      expect(await ledger.acceptsToken(token)).toBe(true);
    }
  });

  it("a change of a resource holds nothing else", async () => {
    const { issue, ledger } = await newMemberWithLedger();
    await ledger.expectResourceChange(newHoldId());
    expect((await issue()).outcome).toBe("issued");
  });

  it("a secret that was valid is refused as revoked once D1 has the revocation", async () => {
    const { issue, revoke, member } = await newMemberWithLedger();
    expect((await issue()).outcome).toBe("issued");
    await revoke(theCredential(member));
    await changeInD1("credentials", member.credentialId, `revoked_at = ${noon}`);
    expect(await issue()).toEqual({ outcome: "refused", reason: "credential_revoked" });
    clockAt(noon + holdMs + 1);
    expect(await issue()).toEqual({ outcome: "refused", reason: "credential_revoked" });
  });

  it("the id of a hold is in no audit event", async () => {
    const { ledger, member, rows } = await newMemberWithLedger();
    const hold = newHoldId();
    await ledger.record([changed(member, "agent.suspended", hold)]);
    const [row] = await rows("pending_events");
    expect(row?.event).toContain("agent.suspended");
    expect(row?.event).not.toContain(hold);
  });
});

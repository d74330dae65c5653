/** Revocation at the ledger: once it has answered, nothing issued before is accepted, also after races, crashes and restarts. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Scope } from "../../src/platform/ids.ts";
import {
  atOnce,
  changeInD1,
  clockAt,
  delegateTo,
  newHoldId,
  newMember,
  newMemberWithLedger,
  noon,
  theAgent,
} from "./_support.ts";

beforeEach(() => clockAt(noon));
afterEach(() => void vi.useRealTimers());

it("attack: tokens that race with a suspension are refused once it has answered", async () => {
  const { issue, factsOf, accepts, revoke, restart, member } = await newMemberWithLedger();
  // Now the agent is in memory, so that the requests before the suspension are not overtaken while it is read.
  await issue();
  const outcomes = await Promise.all([
    ...Array.from({ length: 10 }, () => issue()),
    revoke(theAgent(member)).then(() => null),
    ...Array.from({ length: 5 }, () => issue()),
  ]);
  const tokens = outcomes.flatMap((one) => (one?.outcome === "issued" ? [factsOf(one)] : []));
  expect(tokens.length).toBeGreaterThan(0);
  expect(await atOnce(tokens.length, (index) => accepts(tokens[index]!))).not.toContain(true);
  await restart();
  expect(await accepts(tokens[0]!)).toBe(false);
  clockAt(noon + 60_001);
  expect(await accepts(tokens[0]!)).toBe(false);
  expect(await accepts(factsOf(await issue()))).toBe(true);
});

it("attack: after a crash and with a clock that is behind, a suspension ends earlier tokens", async () => {
  const { issue, factsOf, accepts, revoke, crash, member } = await newMemberWithLedger();
  const token = factsOf(await issue());
  await crash();
  clockAt(noon - 2_000);
  expect(await accepts(token)).toBe(true);
  await revoke(theAgent(member));
  expect(await accepts(token)).toBe(false);
  // The suspension never reached D1, so the agent may sign in again. The old token stays refused.
  clockAt(noon + 60_001);
  expect(await accepts(token)).toBe(false);
  expect(await accepts(factsOf(await issue()))).toBe(true);
});

it("attack: after a crash and with a clock that is behind, a revoked scope ends earlier delegations", async () => {
  const { ledger, revoke, crash, member } = await newMemberWithLedger();
  await changeInD1("agents", member.agentId, `granted_scopes = '["agents:read"]'`);
  const delegatee = await newMember({}, member);
  const event = {
    id: crypto.randomUUID(),
    ...member,
    action: "delegation.verified",
    occurredAtMs: noon,
    details: {},
  };
  const chainId = await delegateTo(ledger, member, delegatee);
  const check = async () => {
    const { active, endedAtMs } = await ledger.checkDelegation(chainId, event as never);
    return [active, endedAtMs];
  };
  await crash();
  clockAt(noon - 2_000);
  expect(await check()).toEqual([true, null]);
  await revoke({ kind: "scopes", agentId: member.agentId, scopes: ["agents:read" as Scope] });
  expect(await check()).toEqual([false, noon]);
});

it("a token is revoked by the first of several revocations, and one event says so", async () => {
  const { issue, factsOf, accepts, ledger, crash, rows, member } = await newMemberWithLedger();
  const [token, another] = [factsOf(await issue()), factsOf(await issue())];
  const event = {
    id: crypto.randomUUID(),
    organizationId: member.organizationId,
    action: "token.revoked",
    outcome: "success",
    agentId: member.agentId,
    actor: { agentId: member.agentId, ip: "203.0.113.7", userAgent: "test" },
    target: token.tokenId,
    details: {},
    occurredAtMs: noon,
  } as unknown as Parameters<typeof ledger.revokeToken>[1];
  await atOnce(10, () => ledger.revokeToken(token, event));
  await crash();
  await ledger.revokeToken(token, event);
  expect([await accepts(token), await accepts(another)]).toEqual([false, true]);
  const revoked = (await rows("pending_events")).filter((row) => String(row.event).includes("token.revoked"));
  expect(revoked).toHaveLength(1);
});

it("no token is signed with a dropped key, and none of it is accepted", async () => {
  const { issue, factsOf, accepts, ledger, restart } = await newMemberWithLedger();
  const token = factsOf(await issue());
  await ledger.dropSigningKey("key-1");
  await restart();
  expect(await accepts(token)).toBe(false);
  expect((await issue()).outcome).toBe("signing_key_dropped");
  const next = factsOf(await issue({ signingKeyId: "key-2" }));
  expect(await accepts({ ...next, signingKeyId: "key-2" })).toBe(true);
});

it("a suspended and reactivated agent: its old tokens are refused and its first new one is accepted, within one millisecond", async () => {
  const { issue, factsOf, accepts, ledger, revoke, member } = await newMemberWithLedger();
  const before = factsOf(await issue());
  const holdId = newHoldId();
  await revoke(theAgent(member), holdId);
  await changeInD1("agents", member.agentId, "status = 'suspended'");
  const changed = (action: string) =>
    ({
      id: crypto.randomUUID(),
      ...member,
      action,
      outcome: "success",
      occurredAtMs: noon,
      details: {},
      holdId,
    }) as never;
  await ledger.record([changed("agent.suspended")]);
  expect(await issue()).toMatchObject({ outcome: "refused", reason: "agent_suspended" });
  await changeInD1("agents", member.agentId, "status = 'active'");
  await ledger.record([changed("agent.reactivated")]);
  const after = factsOf(await issue());
  expect([await accepts(before), await accepts(after)]).toEqual([false, true]);
});

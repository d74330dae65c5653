/** Changes that are under way: meanwhile nothing is answered from memory, and what is being revoked is refused. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RevocationTarget } from "../../src/ledger/contract.ts";
import type { Principals } from "../../src/ledger/principals.ts";
import type { AgentId, CredentialId, DelegationId, Scope } from "../../src/platform/ids.ts";
import {
  atOnce,
  changeInD1,
  clockAt,
  type Member,
  newMemberWithLedger,
  noon,
  openPrincipals,
  theAgent,
  theCredential,
  theOrganization,
} from "./_support.ts";

/** How long a change may take. */
const holdMs = 30_000;

/** Whether the organization, the agent and its credential are refused. */
const refused = (principals: Principals, member: Member, atMs = noon) =>
  [theOrganization, theAgent(member), theCredential(member)].map((subject) =>
    principals.isWithdrawn(subject as Parameters<Principals["isWithdrawn"]>[0], atMs),
  );

describe("while a change is under way", () => {
  it("everything comes from D1, for half a minute and not longer", async () => {
    const { start, change, member } = await openPrincipals();
    await start(async (principals, version) => {
      principals.expectChange(member.agentId, noon);
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

  it.each<[string, (principals: Principals, member: Member) => void]>([
    ["a change of the organization", (principals) => principals.expectChange(null, noon)],
    ["a revocation of the organization", (principals) => principals.withdraw(theOrganization, noon)],
    ["a revocation of the agent", (principals, member) => principals.withdraw(theAgent(member), noon)],
    ["a revocation of a credential", (principals, member) => principals.withdraw(theCredential(member), noon)],
    [
      "a revocation of scopes",
      (principals, { agentId }) =>
        principals.withdraw({ kind: "scopes", agentId, scopes: ["resume:read" as Scope] }, noon),
    ],
  ])("%s keeps the agent out of memory too", async (_, begin) => {
    const { start, change, member } = await openPrincipals();
    await start(async (principals, version) => {
      begin(principals, member);
      for (const next of ["2.0.0", "3.0.0"]) {
        await change(next);
        expect(await version(noon + holdMs)).toBe(next);
      }
    });
  });

  it("that is no revocation, nothing is refused", async () => {
    const { start, member } = await openPrincipals();
    await start((principals) => {
      principals.expectChange(member.agentId, noon);
      principals.expectChange(null, noon);
      principals.withdraw({ kind: "scopes", agentId: member.agentId, scopes: ["resume:read" as Scope] }, noon);
      principals.withdraw({ kind: "delegation", chainId: "delegation-1" as DelegationId }, noon);
      expect(refused(principals, member)).toEqual([false, false, false]);
    });
  });
});

describe("what is being revoked", () => {
  it.each<[string, (member: Member) => RevocationTarget, boolean[]]>([
    ["an organization", () => theOrganization, [true, false, false]],
    ["an agent", theAgent, [false, true, false]],
    ["a credential", theCredential, [false, false, true]],
  ])("%s is refused for half a minute, also after a restart", async (_, subjectOf, expected) => {
    const { start, member } = await openPrincipals();
    await start((principals) => {
      principals.withdraw(subjectOf(member), noon);
      expect(refused(principals, member)).toEqual(expected);
    });
    await start((principals) => {
      expect(refused(principals, member)).toEqual(expected);
      expect(refused(principals, member, noon + holdMs)).toEqual(expected);
      expect(refused(principals, member, noon + holdMs + 1)).toEqual([false, false, false]);
      expect(refused(principals, { ...member, agentId: "x" as AgentId, credentialId: "x" as CredentialId })).toEqual([
        expected[0],
        false,
        false,
      ]);
    });
  });

  it("attack: a second change that is announced meanwhile does not end the refusal; after the hold has ended it is a plain change", async () => {
    const { start, member } = await openPrincipals();
    await start((principals) => {
      principals.withdraw(theAgent(member), noon);
      principals.expectChange(member.agentId, noon + holdMs);
      expect(refused(principals, member, noon + holdMs + 1)[1]).toBe(true);
      principals.expectChange(member.agentId, noon + 2 * holdMs + 1);
      expect(refused(principals, member, noon + 2 * holdMs + 1)[1]).toBe(false);
    });
  });

  it("is accepted again when its change is in D1; an older change that arrives late does not release it", async () => {
    const { start, member, rows } = await openPrincipals();
    await start((principals) => {
      principals.withdraw(theAgent(member), noon);
      principals.changed(member.agentId, noon - 1);
      principals.changed(null, noon + 5);
      principals.changed("another agent" as AgentId, noon + 5);
      expect(refused(principals, member)[1]).toBe(true);
      principals.changed(member.agentId, noon);
      expect(refused(principals, member)[1]).toBe(false);
    });
    expect(await rows("holds")).toEqual([]);
    await start((principals) => expect(refused(principals, member)[1]).toBe(false));
  });

  it("is forgotten when its hold has ended", async () => {
    const { start, member, rows } = await openPrincipals();
    await start(async (principals) => {
      principals.withdraw(theAgent(member), noon);
      principals.forgetExpired(noon + holdMs);
      expect(refused(principals, member)[1]).toBe(true);
      principals.forgetExpired(noon + holdMs + 1);
      expect(refused(principals, member)[1]).toBe(false);
    });
    expect(await rows("holds")).toEqual([]);
  });
});

describe("in the ledger", () => {
  beforeEach(() => clockAt(noon));
  afterEach(() => void vi.useRealTimers());

  it.each<[string, (member: Member) => RevocationTarget, string]>([
    ["the organization", () => theOrganization, "change_in_progress"],
    ["the agent", theAgent, "change_in_progress"],
    ["the credential", theCredential, "credential_revoked"],
  ])("attack: no token while %s is being revoked and D1 does not have it yet", async (_, subjectOf, reason) => {
    const { issue, revoke, member, restart } = await newMemberWithLedger();
    expect((await issue()).outcome).toBe("issued");
    await revoke(subjectOf(member));
    const refused = { outcome: "refused", reason };
    expect(await atOnce(3, () => issue())).toEqual([refused, refused, refused]);
    await restart();
    clockAt(noon + holdMs);
    expect(await issue()).toEqual(refused);
    clockAt(noon + holdMs + 1);
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
});

/** Agents as the ledger knows them: read once, and never answered from a stale copy. */
import { describe, expect, it } from "vitest";
import type { Held } from "../../src/ledger/holds.ts";
import { grantableTo, type Principals } from "../../src/ledger/principals.ts";
import type { AgentId, OrganizationId, Scope } from "../../src/platform/ids.ts";
import {
  atOnce,
  DB,
  type Member,
  newHoldId,
  newMember,
  noon,
  openPrincipals,
  theAgent,
  theCredential,
  theOrganization,
} from "./_support.ts";

describe("an agent", () => {
  it("is read with its organization, its credentials that are not revoked, and its policies", async () => {
    const { member, start } = await openPrincipals();
    await DB.prepare(
      `INSERT INTO credentials (id, organization_id, agent_id, secret_hash, hash_key_id, created_at, revoked_at)
       VALUES (?, ?, ?, 'revoked-hash', 'k1', 0, 1)`,
    )
      .bind(crypto.randomUUID(), member.organizationId, member.agentId)
      .run();
    await start(async (principals) => {
      const found = await principals.find(member.organizationId, member.agentId, noon);
      expect(found).toMatchObject({
        organization: { id: member.organizationId, planTier: "enterprise", status: "active", isOperator: false },
        agent: { id: member.agentId, status: "active", capabilities: ["resume:read", "resume:write"] },
        keys: [],
      });
      expect(found?.credentials.map(({ id }) => id)).toEqual([member.credentialId]);
      expect(found?.policies).toEqual([{ id: member.policyId }]);
      expect(await principals.wasRevoked(member.agentId, ["revoked-hash"])).toBe(true);
      expect(await principals.wasRevoked(member.agentId, ["other-hash", "hash-of-the-right-secret"])).toBe(false);
      expect(await principals.wasRevoked(crypto.randomUUID() as AgentId, ["revoked-hash"])).toBe(false);
    });
  });

  it("attack: one of another organization is not found, like one that does not exist", async () => {
    const { start, member } = await openPrincipals();
    const other = await newMember();
    const unknown = crypto.randomUUID();
    await start(async (principals) => {
      expect(await principals.find(member.organizationId, other.agentId, noon)).toBeNull();
      expect(await principals.find(member.organizationId, unknown as AgentId, noon)).toBeNull();
      expect(await principals.find(unknown as OrganizationId, other.agentId, noon)).toBeNull();
      expect(await principals.find(other.organizationId, other.agentId, noon)).not.toBeNull();
    });
  });

  it("may be granted its capabilities, its recorded scopes and openid", () => {
    const agent = { capabilities: ["resume:read"], grantedScopes: ["agents:read"] };
    expect(grantableTo({ agent } as never)).toEqual(["resume:read", "agents:read", "openid"]);
  });
});

describe("the copy in memory", () => {
  it("is read once for fifty at once, and answers from then on", async () => {
    const { start, reads } = await openPrincipals();
    await start(async (_, version) => {
      expect(await atOnce(50, () => version())).toEqual(Array.from({ length: 50 }, () => "1.0.0"));
      expect(reads()).toBe(1);
      await version(noon + 86_400_000);
      expect(reads()).toBe(1);
    });
    await start((_, version) => version());
    expect(reads()).toBe(2);
  });

  it("is not kept of an unknown agent, which may be registered at any moment", async () => {
    const { start, reads } = await openPrincipals();
    const organizationId = crypto.randomUUID() as OrganizationId;
    await start(async (principals) => {
      for (let time = 0; time < 3; time++) await principals.find(organizationId, organizationId as never, noon);
      expect(reads()).toBe(3);
    });
  });

  const held = (target: (member: Member) => Held) => (principals: Principals, member: Member) =>
    principals.hold(newHoldId(), [target(member)], noon);

  it.each<[string, (principals: Principals, member: Member) => void]>([
    ["its agent has changed", (principals, { agentId }) => principals.forget(agentId)],
    ["the organization has changed", (principals) => principals.forget(null)],
    ["its agent is about to change", held(({ agentId }) => ({ kind: "change", agentId }))],
    ["the organization is about to change", held(() => ({ kind: "change", agentId: null }))],
    ["its agent is revoked", held(theAgent)],
    ["its credential is revoked", held(theCredential)],
    ["the organization is revoked", held(() => theOrganization)],
    ["scopes are revoked", held(({ agentId }) => ({ kind: "scopes", agentId, scopes: ["resume:read" as Scope] }))],
  ])("is dropped when %s", async (_, happens) => {
    const { start, change, member } = await openPrincipals();
    await start(async (principals, version) => {
      await version();
      await change("2.0.0");
      expect(await version()).toBe("1.0.0");
      happens(principals, member);
      expect(await version()).toBe("2.0.0");
    });
  });

  it("stays when another agent changes", async () => {
    const { start, change } = await openPrincipals();
    await start(async (principals, version) => {
      await version();
      await change("2.0.0");
      principals.forget("another agent" as AgentId);
      principals.hold(newHoldId(), [{ kind: "change", agentId: "another agent" as AgentId }], noon);
      expect(await version()).toBe("1.0.0");
    });
  });

  it("race: a read that began before a change and ends after it is not kept", async () => {
    const arrives = Promise.withResolvers<void>();
    const hasRead = Promise.withResolvers<void>();
    const { start, change, member, reads } = await openPrincipals(async (result, read) => {
      const rows = await result;
      if (read > 1) return rows;
      hasRead.resolve();
      await arrives.promise;
      return rows;
    });
    await start(async (principals, version) => {
      const early = version();
      await hasRead.promise;
      await change("2.0.0");
      principals.forget(member.agentId);
      expect(await version()).toBe("2.0.0");
      arrives.resolve();
      expect(await early).toBe("1.0.0");
      expect(await version()).toBe("2.0.0");
      expect(reads()).toBe(2);
    });
  });

  it("race: a read that never ends delays the others by a second", async () => {
    const { start } = await openPrincipals((result, read) => (read === 1 ? new Promise(() => {}) : result));
    await start(async (_, version) => {
      const began = performance.now();
      // As when the request that reads is cancelled.
      void version();
      expect(await atOnce(2, () => version())).toEqual(["1.0.0", "1.0.0"]);
      expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    });
  });
});

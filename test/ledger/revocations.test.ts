/** Cut-offs and revoked tokens: nothing that was issued up to then is accepted again, whatever the clock and restarts do. */
import { describe, expect, it } from "vitest";
import type { RevocationTarget, TokenFacts } from "../../src/ledger/contract.ts";
import { issueMsOf, Revocations, revocationKey } from "../../src/ledger/revocations.ts";
import type { AgentId, CredentialId, DelegationId, Scope, TokenId } from "../../src/platform/ids.ts";
import { newLedger, noon } from "./_support.ts";

const agent = "agent-1" as AgentId;
const other = "agent-2" as AgentId;
const theAgent: RevocationTarget = { kind: "agent", agentId: agent };
/** The longest life of a token, and five minutes. */
const kept = 86_400_000 + 300_000;

const withRevocations = <T>(run: (revocations: Revocations, sql: SqlStorage) => T) =>
  newLedger().inside(({ sql }) => run(new Revocations(sql), sql));

const cutOffAt = (revocations: Revocations, issuedMs: number, ...names: string[]) =>
  revocations.cutOffAt(names.length > 0 ? names : [revocationKey.agent(agent)], issuedMs);

const tokenUntil = (tokenId: string, expiresAt: number) => ({ tokenId: tokenId as TokenId, expiresAt }) as TokenFacts;

/** Names that a cut-off may have. */
const names = {
  organization: revocationKey.organization,
  agent: revocationKey.agent(agent),
  "another agent": revocationKey.agent(other),
  credential: revocationKey.credential("credential-1" as CredentialId),
  "another credential": revocationKey.credential("credential-2" as CredentialId),
  delegation: revocationKey.delegation("delegation-1" as DelegationId),
  "another delegation": revocationKey.delegation("delegation-2" as DelegationId),
  "a lent scope": revocationKey.scope(agent, "resume:read" as Scope),
  "a lent scope too": revocationKey.scope(agent, "resume:write" as Scope),
  "the scope of another agent": revocationKey.scope(other, "resume:read" as Scope),
  token: revocationKey.token("agent-1" as TokenId),
  "signing key": revocationKey.signingKey("agent-1"),
};

describe("a cut-off", () => {
  it.each<[RevocationTarget, readonly (keyof typeof names)[]]>([
    [{ kind: "organization" }, ["organization"]],
    [theAgent, ["agent"]],
    [{ kind: "credential", agentId: agent, credentialId: "credential-1" as CredentialId }, ["credential"]],
    [{ kind: "delegation", chainId: "delegation-1" as DelegationId }, ["delegation"]],
    [
      { kind: "scopes", agentId: agent, scopes: ["resume:read", "resume:write"] as Scope[] },
      ["a lent scope", "a lent scope too"],
    ],
  ])("of %o ends what it names, and nothing else", async (subject, ended) => {
    await withRevocations((revocations) => {
      revocations.cutOff(subject, noon);
      const gone = Object.entries(names).filter(([, name]) => cutOffAt(revocations, noon, name) !== null);
      expect(gone.map(([what]) => what)).toEqual(ended);
    });
  });

  it("ends what was issued up to its millisecond, and nothing later", async () => {
    await withRevocations((revocations) => {
      revocations.cutOff(theAgent, noon);
      expect([noon - 3_600_000, noon, noon + 1].map((ms) => cutOffAt(revocations, ms))).toEqual([noon, noon, null]);
    });
  });

  it("of several names: the first that ended it", async () => {
    await withRevocations((revocations) => {
      revocations.cutOff(theAgent, noon + 5);
      revocations.cutOff({ kind: "organization" }, noon + 9);
      const both = [revocationKey.organization, revocationKey.agent(agent)];
      expect(cutOffAt(revocations, noon, ...both)).toBe(noon + 5);
      expect(cutOffAt(revocations, noon + 6, ...both)).toBe(noon + 9);
      expect(cutOffAt(revocations, noon + 10, ...both)).toBeNull();
    });
  });

  it("any number of cut-offs and tokens in one millisecond: each ends the tokens before it, and none after it", async () => {
    await withRevocations((revocations) => {
      const issued: number[] = [];
      for (let round = 0; round < 20; round++) {
        issued.push(revocations.nextIssueMs(noon), revocations.nextIssueMs(noon));
        revocations.cutOff(theAgent, noon);
        expect(issued.every((ms) => cutOffAt(revocations, ms) !== null)).toBe(true);
        expect(cutOffAt(revocations, revocations.nextIssueMs(noon))).toBeNull();
      }
      expect(issued.slice(0, 4)).toEqual([noon, noon + 1, noon + 3, noon + 4]);
    });
  });

  it("attack: a clock that goes back lets no token outlive the next cut-off, and moves no cut-off back", async () => {
    await withRevocations((revocations) => {
      const before = revocations.nextIssueMs(noon);
      revocations.cutOff(theAgent, noon - 5_000);
      expect(cutOffAt(revocations, before)).toBe(noon);
      const after = revocations.nextIssueMs(noon - 4_000);
      expect(after).toBe(noon + 1);
      revocations.cutOff({ kind: "organization" }, noon - 3_000);
      expect(cutOffAt(revocations, before)).toBe(noon);
      expect(cutOffAt(revocations, after, revocationKey.organization)).toBe(noon + 1);
    });
  });

  it("is known after a restart, and tokens are later than it", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.cutOff(theAgent, noon + 7);
      // No time of a cut-off, and so nothing that tokens must be later than.
      revocations.revokeToken(tokenUntil("token-1", noon / 1_000 + 3_600));
      revocations.dropSigningKey("key-1", noon + 500);
    });
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      expect(cutOffAt(revocations, noon + 7)).toBe(noon + 7);
      expect(revocations.nextIssueMs(noon)).toBe(noon + 8);
    });
  });

  it("attack: after a restart with a clock that is behind, it is not before what was issued", async () => {
    const { inside, rows } = newLedger();
    const committed = await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      expect(revocations.drain()).toBeNull();
      revocations.nextIssueMs(noon);
      const first = revocations.drain();
      revocations.save();
      expect(revocations.drain()).toBeNull();
      revocations.nextIssueMs(noon + 5);
      return [first, revocations.drain()];
    });
    expect(committed).toEqual([noon, noon + 5]);
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.cutOff({ kind: "organization" }, noon - 9_000);
      expect(cutOffAt(revocations, noon, revocationKey.organization)).toBe(noon);
      revocations.restore(noon + 5);
      revocations.restore(noon + 4);
      revocations.save();
    });
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.cutOff(theAgent, noon - 9_000);
      expect(cutOffAt(revocations, noon + 5)).toBe(noon + 5);
      expect(revocations.nextIssueMs(noon - 9_000)).toBe(noon + 6);
    });
    expect(await rows("last_issue")).toEqual([{ one: 1, at_ms: noon + 5 }]);
  });

  it("that did not happen leaves the order too: after a restart with a clock that is behind, ids go on", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.nextIssueMs(noon);
      revocations.drain();
      revocations.save();
    });
    const places = await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      return [noon - 9_000, noon - 9_000, noon + 7].map((ms) => revocations.nextIssueMs(ms));
    });
    expect(places).toEqual([noon + 1, noon + 2, noon + 7]);
  });

  it("is remembered as long as a token from before it may live", async () => {
    await withRevocations((revocations) => {
      revocations.cutOff(theAgent, noon);
      revocations.forgetExpired(noon + kept);
      expect(cutOffAt(revocations, noon)).toBe(noon);
      revocations.forgetExpired(noon + kept + 1);
      expect(cutOffAt(revocations, noon)).toBeNull();
    });
  });
});

describe("attack: a clock that was ahead while revocations were forgotten", () => {
  /** The ids of tokens that were issued at noon and one millisecond later: `noon` is 0x1ab58a76200. */
  const [revoked, later] = ["01ab58a7-6200-7000-8000-000000000001", "01ab58a7-6201-7000-8000-000000000001"];
  const hour = 3_600_000;
  const inAnHour = noon / 1_000 + 3_600;

  it("makes no revoked token active again, and ends none that was issued later", async () => {
    const { inside, rows } = newLedger();
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      expect(revocations.revokeToken(tokenUntil(revoked!, inAnHour))).toBe(true);
      revocations.forgetExpired(noon + hour + 1);
      expect(cutOffAt(revocations, 0, revocationKey.token(revoked as TokenId))).toBeNull();
      expect(revocations.isForgotten(tokenUntil(revoked!, inAnHour))).toBe(true);
    });
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      const isForgotten = (id: string, expiresAt: number) => revocations.isForgotten(tokenUntil(id, expiresAt));
      expect(isForgotten(revoked!, inAnHour)).toBe(true);
      expect(isForgotten(revoked!, inAnHour + 1)).toBe(false);
      expect(isForgotten(later!, inAnHour - 60)).toBe(false);
    });
    expect(await rows("forgotten_revocations")).toEqual([{ expires_at_ms: noon + hour, cutoff_ms: noon }]);
  });

  it("also when the clock is corrected and others are forgotten: the earlier mark stays while it is needed", async () => {
    const { inside, rows } = newLedger();
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.cutOff(theAgent, noon);
      revocations.forgetExpired(noon + kept + 1);
      revocations.revokeToken(tokenUntil(later!, noon / 1_000 + 60));
      revocations.forgetExpired(noon + 61_000);
      expect(revocations.isForgotten(tokenUntil(revoked!, inAnHour))).toBe(true);
      expect(revocations.isForgotten(tokenUntil(later!, noon / 1_000 + 60))).toBe(true);
      expect(revocations.isForgotten(tokenUntil(later!, inAnHour))).toBe(false);
    });
    expect(await rows("forgotten_revocations")).toEqual([
      { expires_at_ms: noon + 60_000, cutoff_ms: noon + 1 },
      { expires_at_ms: noon + kept, cutoff_ms: noon },
    ]);
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      revocations.cutOff({ kind: "organization" }, noon + 9);
      revocations.forgetExpired(noon + 10 + kept);
    });
    expect(await rows("forgotten_revocations")).toEqual([{ expires_at_ms: noon + 9 + kept, cutoff_ms: noon + 9 }]);
  });
});

describe("the time in an id", () => {
  it("RFC 9562 A.6: the example of a UUID v7", () => {
    expect(issueMsOf("017f22e2-79b0-7cc3-98c4-dc0c0c07398f" as TokenId)).toBe(1_645_557_742_000);
  });
});

describe("a revoked token", () => {
  const token = "01ab58a7-6200-7000-8000-000000000001";
  const key = revocationKey.token(token as TokenId);
  const expiresAt = noon / 1_000 + 3_600;

  it("is revoked once, and stays so; another is not", async () => {
    const { inside } = newLedger();
    const revoke = (id: string) => inside(({ sql }) => new Revocations(sql).revokeToken(tokenUntil(id, expiresAt)));
    expect(await revoke(token)).toBe(true);
    expect(await revoke(token)).toBe(false);
    expect(await revoke("token-2")).toBe(true);
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      // Whatever its id says of its time.
      expect(cutOffAt(revocations, noon + 10 * kept, key)).not.toBeNull();
      expect(cutOffAt(revocations, 0, revocationKey.token("token-3" as TokenId))).toBeNull();
    });
  });

  it("is remembered until it has expired", async () => {
    await withRevocations((revocations) => {
      revocations.revokeToken(tokenUntil(token, expiresAt));
      revocations.forgetExpired(noon + 3_600_000);
      expect(cutOffAt(revocations, 0, key)).not.toBeNull();
      revocations.forgetExpired(noon + 3_600_001);
      expect(cutOffAt(revocations, 0, key)).toBeNull();
    });
  });
});

describe("a dropped signing key", () => {
  const key = revocationKey.signingKey("key-1");

  it("ends everything that it has signed or will have signed, and nothing of another key", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      expect(revocations.isDropped("key-1")).toBe(false);
      revocations.dropSigningKey("key-1", noon);
      expect([revocations.isDropped("key-1"), revocations.isDropped("key-2")]).toEqual([true, false]);
    });
    await inside(({ sql }) => {
      const revocations = new Revocations(sql);
      expect([revocations.isDropped("key-1"), revocations.isDropped("key-2")]).toEqual([true, false]);
      expect(cutOffAt(revocations, noon + 10 * kept, key)).not.toBeNull();
    });
  });

  it("is remembered as long as its last token may live, counted from the last time it was dropped", async () => {
    await withRevocations((revocations) => {
      revocations.dropSigningKey("key-1", noon);
      revocations.dropSigningKey("key-1", noon + 1_000);
      revocations.dropSigningKey("key-1", noon + 500);
      revocations.forgetExpired(noon + 1_000 + kept);
      expect(cutOffAt(revocations, noon, key)).not.toBeNull();
      revocations.forgetExpired(noon + 1_001 + kept);
      expect(cutOffAt(revocations, noon, key)).toBeNull();
    });
  });
});

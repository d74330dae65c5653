/** Values that are good for one use: a replay is refused, at once and after a restart, until the value has expired. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SingleUse } from "../../src/ledger/single-use.ts";
import { atOnce, changeInD1, clockAt, newLedger, newMemberWithLedger, noon, tally } from "./_support.ts";

beforeEach(() => clockAt(noon));
afterEach(() => void vi.useRealTimers());

describe("a value", () => {
  it("is accepted once", async () => {
    await newLedger().inside(({ sql }) => {
      const values = new SingleUse(sql);
      expect(values.useOnce("maker", "value", noon)).toBe(true);
      expect(values.useOnce("maker", "value", noon)).toBe(false);
      expect(values.useOnce("maker", "value", noon + 60_000)).toBe(false);
    });
  });

  it("belongs to its maker: the same text from another maker is another value", async () => {
    await newLedger().inside(({ sql }) => {
      const values = new SingleUse(sql);
      expect(values.useOnce("maker", "value", noon)).toBe(true);
      expect(values.useOnce("other maker", "value", noon)).toBe(true);
      expect(values.useOnce("maker", "other value", noon)).toBe(true);
      // The two texts are no one text: moving their border makes another value.
      expect(values.useOnce("makerval", "ue", noon)).toBe(true);
      expect(values.useOnce("MAKER", "value", noon)).toBe(true);
    });
  });

  it("is refused after a restart too", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => void new SingleUse(sql).useOnce("maker", "value", noon));
    expect(await inside(({ sql }) => new SingleUse(sql).useOnce("maker", "value", noon))).toBe(false);
  });

  it("is remembered up to the millisecond of its expiry, and removed after it", async () => {
    await newLedger().inside(({ sql }) => {
      const values = new SingleUse(sql);
      values.useOnce("maker", "ends now", noon);
      values.useOnce("maker", "ends later", noon + 1);
      values.forgetExpired(noon);
      expect(values.useOnce("maker", "ends now", noon)).toBe(false);
      values.forgetExpired(noon + 1);
      expect(values.useOnce("maker", "ends later", noon + 1)).toBe(false);
      expect(values.useOnce("maker", "ends now", noon)).toBe(true);
    });
  });

  it("that was given back is good for one use more, and no other value is", async () => {
    await newLedger().inside(({ sql }) => {
      const values = new SingleUse(sql);
      for (const maker of ["a", "b"]) for (const value of ["1", "2"]) values.useOnce(maker, value, noon);
      values.allowAgain({ maker: "a", value: "1" });
      const accepted = () =>
        ["a", "b"].flatMap((maker) => ["1", "2"].map((value) => values.useOnce(maker, value, noon)));
      expect(accepted()).toEqual([true, false, false, false]);
      expect(accepted()).toEqual([false, false, false, false]);
    });
  });
});

describe("in the ledger", () => {
  const workload = (policyId: string, tokenKey = "ci:42") =>
    ({ kind: "workload", policyId, tokenKey, tokenExpiresAtMs: noon + 60_000 }) as never;
  const proof = { thumbprint: "thumbprint-1", jti: "proof-1", expiresAtMs: noon + 60_000 };

  it("attack: of 50 replays of a DPoP proof at once, one gets a token", async () => {
    const { issue, restart } = await newMemberWithLedger();
    const outcomes = await atOnce(50, async () => (await issue({ proof })).outcome);
    expect(tally(outcomes)).toEqual({ issued: 1, proof_replayed: 49 });
    await restart();
    expect((await issue({ proof })).outcome).toBe("proof_replayed");
    expect((await issue({ proof: { ...proof, jti: "proof-2" } })).outcome).toBe("issued");
    expect((await issue({ proof: { ...proof, thumbprint: "thumbprint-2" } })).outcome).toBe("issued");
  });

  it("attack: a proof that got a token admits no call", async () => {
    const { issue, factsOf, ledger } = await newMemberWithLedger();
    const token = factsOf(await issue({ proof }));
    expect((await ledger.admit(token, proof, false)).outcome).toBe("proof_replayed");
    const outcomes = await atOnce(20, () => ledger.admit(token, { ...proof, jti: "proof-2" }, false));
    expect(tally(outcomes.map(({ outcome }) => outcome))).toEqual({ admitted: 1, proof_replayed: 19 });
  });

  it("attack: of five replays of a workload's token at once, one gets a token", async () => {
    const { issue, member } = await newMemberWithLedger();
    const presented = workload(member.policyId);
    const outcomes = await atOnce(5, () => issue({ presented }));
    expect(tally(outcomes.map(({ outcome }) => outcome))).toEqual({ issued: 1, refused: 4 });
    expect(outcomes).toContainEqual({ outcome: "refused", reason: "workload_token_replayed" });
  });

  it("a workload's token that came over a limit is good for its one use afterwards, and for no second", async () => {
    const { issue, member, restart, rows } = await newMemberWithLedger({ max_tokens_per_month: 0 });
    const presented = workload(member.policyId);
    expect(await issue({ presented })).toMatchObject({ outcome: "limited", limit: "maxTokensPerMonth" });
    expect(await rows("single_use")).toEqual([]);
    await changeInD1("organizations", member.organizationId, "max_tokens_per_month = 5");
    await restart();
    const outcomes = await atOnce(3, async () => (await issue({ presented })).outcome);
    expect(tally(outcomes)).toEqual({ issued: 1, refused: 2 });
  });

  it("the alarm removes what has expired, and nothing else", async () => {
    const { issue, alarm, rows } = await newMemberWithLedger();
    await issue({ proof });
    await issue({ proof: { ...proof, jti: "proof-2", expiresAtMs: noon + 60_001 } });
    clockAt(noon + 60_000);
    await alarm();
    expect(await rows("single_use")).toHaveLength(2);
    clockAt(noon + 60_001);
    await alarm();
    expect(await rows("single_use")).toEqual([
      { maker: "dpop:thumbprint-1", value: "proof-2", expires_at_ms: noon + 60_001 },
    ]);
  });
});

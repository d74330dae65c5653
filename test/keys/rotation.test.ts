/** Rotation as a state machine: next, current, previous, retired. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import {
  currentSigningKey,
  ensureSigningKeys,
  keySet,
  rotateSigningKeys,
  verificationKey,
} from "../../src/keys/service.ts";
import { addOperator, addOrganization, admin, direct, keyRow, keyRows, startOver, waitingEvents } from "./_direct.ts";

beforeEach(async () => {
  await startOver();
  await addOperator();
  await ensureSigningKeys(direct());
});

const kids = async () => (await keySet(direct())).keys.map(({ kid }) => kid);

describe("an ordinary rotation", () => {
  it("moves each key one state on, and makes a new next", async () => {
    const before = await keyRows();
    const result = await rotateSigningKeys(direct(), admin, { compromised: false });
    for (const alg of ["ES256", "RS256"] as const) {
      const was = (state: string) => before.find((row) => row.alg === alg && row.state === state)!;
      const previous = await keyRow(alg, "previous");
      const current = await keyRow(alg, "current");
      const next = await keyRow(alg, "next");
      expect(previous.id).toBe(was("current").id);
      expect(previous.replacedAt).toBe(current.activatedAt);
      expect(current.id).toBe(was("next").id);
      expect(before.map(({ id }) => id)).not.toContain(next.id);
      expect(next.activatedAt).toBe(null);
    }
    const rows = await keyRows();
    expect(result).toEqual({
      ok: true,
      value: {
        rotated: true,
        keys: expect.arrayContaining(
          rows.map(({ id, alg, state, createdAt }) => ({
            kid: id,
            alg,
            state,
            createdAt: new Date(createdAt).toISOString(),
          })),
        ),
      },
    });
  });

  it("signs with the new key at once, and still verifies with the old one", async () => {
    const context = direct();
    const old = await currentSigningKey(context, "ES256");
    await rotateSigningKeys(context, admin, { compromised: false });
    expect((await currentSigningKey(context, "ES256")).kid).toBe((await keyRow("ES256", "current")).id);
    expect((await verificationKey(context, old.kid))?.alg).toBe("ES256");
  });

  it("puts the new key set into KV", async () => {
    const before = await kids();
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const after = await kids();
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after).toContain((await keyRow("ES256", "next")).id);
    expect(after).toHaveLength(6);
  });

  it("is recorded in the operator's chain, once for each algorithm", async () => {
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const events = await waitingEvents();
    expect(events.map(({ action }) => action)).toEqual(["signing_key.rotated", "signing_key.rotated"]);
    for (const [index, alg] of (["ES256", "RS256"] as const).entries()) {
      expect(events[index]).toMatchObject({
        organizationId: admin.organizationId,
        target: (await keyRow(alg, "current")).id,
        details: { alg, replaced: (await keyRow(alg, "previous")).id },
        actor: { agentId: admin.agentId, ip: "192.0.2.1", userAgent: "test" },
      });
    }
  });

  it("happens once when two are asked for at the same time", async () => {
    const results = await Promise.all([1, 2].map(() => rotateSigningKeys(direct(), admin, { compromised: false })));
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await keyRows()).map(({ alg, state }) => `${alg} ${state}`).sort()).toEqual([
      "ES256 current",
      "ES256 next",
      "ES256 previous",
      "RS256 current",
      "RS256 next",
      "RS256 previous",
    ]);
    expect(await waitingEvents()).toHaveLength(2);
  });
});

describe("who may rotate", () => {
  it.each<[string, Partial<Caller>]>([
    ["an admin of another organization", { isOperator: false }],
    ["a member of the operator's organization", { role: "member" }],
    ["an agent removed from the members", { role: null }],
  ])("%s may not", async (_, difference) => {
    const before = await keyRows();
    const result = await rotateSigningKeys(direct(), { ...admin, ...difference }, { compromised: true });
    expect(result).toEqual({
      ok: false,
      code: "FORBIDDEN",
      message: "Only an admin of the operator's organization may rotate the signing keys.",
    });
    expect(await keyRows()).toEqual(before);
  });
});

describe("dropping compromised keys", () => {
  it("retires the old keys at once, without their private parts", async () => {
    const old = [await keyRow("ES256", "current"), await keyRow("RS256", "current")];
    const result = await rotateSigningKeys(direct(), admin, { compromised: true });
    expect(result.ok).toBe(true);
    for (const { id } of old) {
      const row = (await keyRows()).find((candidate) => candidate.id === id)!;
      expect(row.state).toBe("retired");
      expect(row.privateSealed).toBe(null);
      expect(row.compromisedAt).toBe(row.replacedAt);
    }
  });

  it("takes them off the key set and refuses to verify with them", async () => {
    const context = direct();
    const old = await currentSigningKey(context, "ES256");
    expect(await kids()).toContain(old.kid);
    await rotateSigningKeys(context, admin, { compromised: true });
    expect(await kids()).not.toContain(old.kid);
    expect(await kids()).toHaveLength(4);
    expect(await verificationKey(context, old.kid)).toBe(null);
    expect((await currentSigningKey(context, "ES256")).kid).not.toBe(old.kid);
  });

  it("tells the ledger of every organization that is not deleted", async () => {
    const living = [
      admin.organizationId,
      await addOrganization(),
      await addOrganization({ status: "suspended" }),
      await addOrganization(),
    ];
    await addOrganization({ status: "deleted" });
    const old = [(await keyRow("ES256", "current")).id, (await keyRow("RS256", "current")).id];
    const context = direct();
    await rotateSigningKeys(context, admin, { compromised: true });
    const expected = living.flatMap((organizationId) => old.map((kid) => ({ organizationId, kid })));
    expect(context.dropped).toHaveLength(expected.length);
    expect(context.dropped).toEqual(expect.arrayContaining(expected));
  });

  it("drops the keys that were replaced before, too: whoever has the one may have the others", async () => {
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const { id } = await keyRow("ES256", "previous");
    expect((await verificationKey(direct(), id))?.alg).toBe("ES256");
    await rotateSigningKeys(direct(), admin, { compromised: true });
    expect(await verificationKey(direct(), id)).toBe(null);
  });

  it("is recorded beside the rotation", async () => {
    const { id } = await keyRow("ES256", "current");
    await rotateSigningKeys(direct(), admin, { compromised: true });
    const events = await waitingEvents();
    expect(events.map(({ action, details }) => `${action} ${details.alg}`)).toEqual([
      "signing_key.rotated ES256",
      "signing_key.compromised ES256",
      "signing_key.rotated RS256",
      "signing_key.compromised RS256",
    ]);
    expect(events[1].target).toBe(id);
  });

  it("answers 503 while a ledger does not answer, and goes on where it is repeated, without another rotation", async () => {
    const deaf = await addOrganization();
    const other = await addOrganization();
    const { id: compromised } = await keyRow("ES256", "current");
    const context = direct();
    context.down.add(deaf);
    const first = await rotateSigningKeys(context, admin, { compromised: true });
    expect(first).toMatchObject({ ok: false, code: "SERVICE_UNAVAILABLE" });
    const { id: current } = await keyRow("ES256", "current");
    // The promise is made: nobody loads or publishes the key any more, and the ledgers that do answer know.
    expect(await verificationKey(context, compromised)).toBe(null);
    expect(await kids()).not.toContain(compromised);
    expect(context.dropped).toContainEqual({ organizationId: other, kid: compromised });

    context.down.clear();
    const second = await rotateSigningKeys(context, admin, { compromised: true });
    expect(second.ok).toBe(true);
    expect(context.dropped).toContainEqual({ organizationId: deaf, kid: compromised });
    expect((await keyRow("ES256", "current")).id).toBe(current);
    expect((await keyRow("ES256", "retired")).id).toBe(compromised);
  });

  it("drops the key that was meant even when an ordinary rotation comes first", async () => {
    const { id } = await keyRow("ES256", "current");
    const results = await Promise.all([
      rotateSigningKeys(direct(), admin, { compromised: false }),
      rotateSigningKeys(direct(), admin, { compromised: true }),
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await keyRow("ES256", "retired")).id).toBe(id);
    expect(await verificationKey(direct(), id)).toBe(null);
  });

  it("makes one rotation of two declarations at the same time", async () => {
    const results = await Promise.all([1, 2].map(() => rotateSigningKeys(direct(), admin, { compromised: true })));
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await keyRows()).filter(({ state }) => state === "retired")).toHaveLength(2);
    expect(await keyRows()).toHaveLength(6);
  });

  it("drops the next current keys when it is declared again after it was done", async () => {
    await rotateSigningKeys(direct(), admin, { compromised: true });
    const { id } = await keyRow("ES256", "current");
    await rotateSigningKeys(direct(), admin, { compromised: true });
    expect((await keyRows()).find((row) => row.id === id)?.state).toBe("retired");
  });
});

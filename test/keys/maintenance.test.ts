/** What the scheduled run does: it rotates, retires, seals anew, and finishes what was cut off. */
import { eq, sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  currentSigningKey,
  ensureSigningKeys,
  forgetSigningKeys,
  keySet,
  maintainSigningKeys,
  rotateSigningKeys,
  verificationKey,
} from "../../src/keys/service.ts";
import { open, seal } from "../../src/platform/crypto/sealing.ts";
import { agentKeys, agents, signingKeys } from "../../src/platform/db/schema.ts";
import { type AgentId, newId, type OrganizationId } from "../../src/platform/ids.ts";
import {
  addOperator,
  addOrganization,
  admin,
  bindings,
  direct,
  keyRow,
  keyRows,
  startOver,
  waitingEvents,
} from "./_direct.ts";

const dayMs = 86_400_000;

/** The id of the key-encryption key in a sealed value, `v1.<key id>.<iv>.<ciphertext>`. */
const sealedWith = (sealed: string) => sealed.split(".")[1];

beforeEach(async () => {
  await startOver();
  await addOperator();
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("rotation by age", () => {
  it("makes the first keys", async () => {
    await maintainSigningKeys(direct());
    expect(await keyRows()).toHaveLength(4);
  });

  it("rotates when the current key is 30 days old, and not a millisecond before", async () => {
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    later(30 * dayMs - 1);
    await maintainSigningKeys(direct());
    expect((await keyRow("ES256", "current")).id).toBe(id);
    later(1);
    await maintainSigningKeys(direct());
    expect((await keyRow("ES256", "previous")).id).toBe(id);
    await maintainSigningKeys(direct());
    expect(await keyRows()).toHaveLength(6);
  });

  it("is recorded as the service's own doing", async () => {
    await ensureSigningKeys(direct());
    later(30 * dayMs);
    await maintainSigningKeys(direct());
    const events = await waitingEvents();
    expect(events.map(({ action, actor }) => [action, actor.agentId])).toEqual([
      ["signing_key.rotated", null],
      ["signing_key.rotated", null],
    ]);
  });

  it("rotates without an event before there is an operator", async () => {
    await startOver();
    await ensureSigningKeys(direct());
    later(30 * dayMs);
    await maintainSigningKeys(direct());
    expect(await keyRows()).toHaveLength(6);
    expect(await waitingEvents()).toEqual([]);
  });
});

describe("retirement", () => {
  it("keeps a previous key until the last token that it signed has expired, then takes it off the key set", async () => {
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const { id } = await keyRow("ES256", "previous");
    later(dayMs + 5 * 60_000 - 1);
    await maintainSigningKeys(direct());
    expect((await keyRow("ES256", "previous")).id).toBe(id);
    expect((await keySet(direct())).keys.map(({ kid }) => kid)).toContain(id);
    later(1);
    await maintainSigningKeys(direct());
    const retired = await keyRow("ES256", "retired");
    expect(retired.id).toBe(id);
    expect(retired.privateSealed).toBe(null);
    expect(retired.retiredAt).toBe(Date.now());
    expect((await keySet(direct())).keys.map(({ kid }) => kid)).not.toContain(id);
    forgetSigningKeys(direct());
    expect(await verificationKey(direct(), id)).toBe(null);
  });
});

describe("finishing the drop of a compromised key", () => {
  it("tells the ledgers that did not answer, then retires the key", async () => {
    const deaf = await addOrganization();
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    const context = direct();
    context.down.add(deaf);
    await rotateSigningKeys(context, admin, { compromised: true });
    await maintainSigningKeys(context);
    expect((await keyRow("ES256", "previous")).id).toBe(id);

    const healed = direct();
    await maintainSigningKeys(healed);
    expect(healed.dropped).toContainEqual({ organizationId: deaf, kid: id });
    expect((await keyRow("ES256", "retired")).id).toBe(id);
  });

  it("never publishes or retires by age a key whose drop is not finished", async () => {
    const deaf = await addOrganization();
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    const context = direct();
    context.down.add(deaf);
    await rotateSigningKeys(context, admin, { compromised: true });
    later(2 * dayMs);
    await maintainSigningKeys(context);
    expect((await keyRow("ES256", "previous")).id).toBe(id);
    expect((await keySet(context)).keys.map(({ kid }) => kid)).not.toContain(id);
  });

  it("goes on over several runs when there are more organizations than one run may tell", async () => {
    const nowMs = Date.now();
    const ids = Array.from({ length: 650 }, (_, n) => newId<OrganizationId>(nowMs + n)).sort();
    for (let n = 0; n < ids.length; n += 10) {
      const values = ids.slice(n, n + 10).map((id) => sql`(${id}, 'Many', ${id}, 0, 'free', 'active', 0, 0)`);
      await direct().db.run(
        sql`INSERT INTO organizations (id, name, slug, is_operator, plan_tier, status, created_at, updated_at) VALUES ${sql.join(values, sql`, `)}`,
      );
    }
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    const runs = [direct(), direct(), direct()];
    const [first, second, third] = runs;
    expect(await rotateSigningKeys(first!, admin, { compromised: true })).toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    expect(first?.dropped).toHaveLength(600);
    await maintainSigningKeys(second!);
    expect(second?.dropped).toHaveLength(600);
    expect((await keyRow("ES256", "previous")).id).toBe(id);
    await maintainSigningKeys(third!);
    expect((await keyRow("ES256", "retired")).id).toBe(id);
    const told = runs.flatMap(({ dropped }) => dropped).filter(({ kid }) => kid === id);
    expect(new Set(told.map(({ organizationId }) => organizationId))).toEqual(new Set([admin.organizationId, ...ids]));
  });

  it("a ledger that does not answer does not keep the others waiting", async () => {
    const nowMs = Date.now();
    const ids = Array.from({ length: 380 }, (_, n) => newId<OrganizationId>(nowMs + n));
    const rows = JSON.stringify(ids);
    await direct().db.run(
      sql`INSERT INTO organizations (id, name, slug, is_operator, plan_tier, status, created_at, updated_at)
        SELECT value, 'Many', value, 0, 'free', 'active', 0, 0 FROM json_each(${rows})`,
    );
    await ensureSigningKeys(direct());
    const [deaf = "", ...others] = ids.toSorted();
    const told = new Set<string>();
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const first = direct();
    first.down.add(deaf);
    await rotateSigningKeys(first, admin, { compromised: true });
    // Two keys, so 300 ledgers in a run: 100 with the deaf one, and 200 of the 280 others. That 12 runs leave one out is as good as impossible.
    for (let run = 0; run < 12; run++) {
      const context = direct();
      context.down.add(deaf);
      await maintainSigningKeys(context);
      for (const { organizationId } of context.dropped) told.add(organizationId);
    }
    log.mockRestore();
    expect(others.filter((id) => !told.has(id))).toEqual([]);
    for (let run = 0; run < 2; run++) await maintainSigningKeys(direct());
    expect((await keyRow("ES256", "retired")).compromisedAt).not.toBeNull();
  });

  it("tells organizations that were made while the drop went on, for a quarter of an hour", async () => {
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    await rotateSigningKeys(direct(), admin, { compromised: true });
    const young = await addOrganization();
    const soon = direct();
    await maintainSigningKeys(soon);
    expect(soon.dropped).toContainEqual({ organizationId: young, kid: id });
    later(16 * 60_000);
    const late = direct();
    await maintainSigningKeys(late);
    expect(late.dropped).toEqual([]);
  });
});

describe("changing the key-encryption key", () => {
  const both = `new-2:${"Y".repeat(42)}8,${bindings.KEY_ENCRYPTION_KEYS}`;
  const onlyNew = `new-2:${"Y".repeat(42)}8`;

  const noKey = {} as typeof agentKeys.$inferInsert.publicJwk;

  async function addAgentKey(id: string) {
    const { settings, db } = direct();
    const privateSealed = await seal(settings.keyEncryptionKeys, `private ${id}`, `agent-key:${id}`);
    const agentId = newId<AgentId>(Date.now());
    await db.insert(agentKeys).values({ id, agentId, number: 1, publicJwk: noKey, privateSealed, createdAt: 0 });
  }
  const agentKeyRows = () => direct().db.select().from(agentKeys).orderBy(agentKeys.id);

  it("seals the private parts anew with the first key, so that the old one can be taken away", async () => {
    await ensureSigningKeys(direct());
    const { kid } = await currentSigningKey(direct(), "ES256");
    await addAgentKey("a");
    await maintainSigningKeys(direct({ KEY_ENCRYPTION_KEYS: both }));
    expect((await keyRows()).map(({ privateSealed }) => sealedWith(privateSealed!))).toEqual(Array(4).fill("new-2"));

    const after = direct({ KEY_ENCRYPTION_KEYS: onlyNew });
    const [row] = await agentKeyRows();
    expect(await open(after.settings.keyEncryptionKeys, row!.privateSealed!, "agent-key:a")).toBe("private a");
    forgetSigningKeys(after);
    expect((await currentSigningKey(after, "ES256")).kid).toBe(kid);
  });

  it("seals a bounded number of agents' keys in a run, and all of them in the end", async () => {
    for (let n = 0; n < 120; n++) await addAgentKey(`key-${n}`);
    const sealed = async () =>
      (await agentKeyRows()).filter(({ privateSealed }) => sealedWith(privateSealed!) === "new-2").length;
    await maintainSigningKeys(direct({ KEY_ENCRYPTION_KEYS: both }));
    expect(await sealed()).toBe(100);
    await maintainSigningKeys(direct({ KEY_ENCRYPTION_KEYS: both }));
    expect(await sealed()).toBe(120);
  });

  it("does not seal anew what is about to be removed: keys of a decommissioned agent and of a deleted organization", async () => {
    const statuses = [
      ["active", "active"],
      ["active", "decommissioned"],
      ["deleted", "active"],
    ] as const;
    for (const [organizationStatus, status] of statuses) {
      const id = `${organizationStatus}-${status}`;
      await addAgentKey(id);
      const organizationId = await addOrganization({ status: organizationStatus });
      const fields = { email: id, agentType: "custom", version: "1.0.0", capabilities: [], owner: "o" } as const;
      const more = {
        deploymentEnv: "production",
        grantedScopes: [],
        isPublic: false,
        createdAt: 0,
        updatedAt: 0,
      } as const;
      const [key] = await direct().db.select().from(agentKeys).where(eq(agentKeys.id, id));
      await direct()
        .db.insert(agents)
        .values({ id: key!.agentId, organizationId, ...fields, ...more, status });
    }
    await maintainSigningKeys(direct({ KEY_ENCRYPTION_KEYS: both }));
    const rows = await agentKeyRows();
    expect(rows.map(({ id, privateSealed }) => [id, sealedWith(privateSealed!)])).toEqual([
      ["active-active", "new-2"],
      ["active-decommissioned", "test-1"],
      ["deleted-active", "test-1"],
    ]);
  });

  it("leaves a private part that does not open as it is, and seals the others", async () => {
    await addAgentKey("a");
    await addAgentKey("b");
    const [a] = await agentKeyRows();
    await direct().db.update(agentKeys).set({ privateSealed: a!.privateSealed }).where(eq(agentKeys.id, "b"));
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await maintainSigningKeys(direct({ KEY_ENCRYPTION_KEYS: both }));
    const rows = await agentKeyRows();
    expect(rows.map(({ privateSealed }) => sealedWith(privateSealed!))).toEqual(["new-2", "test-1"]);
    expect(log.mock.calls.flat()).toEqual([
      '{"message":"a private key cannot be opened with KEY_ENCRYPTION_KEYS","requestId":"0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10","table":"agent_keys","id":"b","reason":"test-1 has another value in the list than when it was sealed, or it was changed"}',
    ]);
    log.mockRestore();
  });

  it("says which key and which setting when the old key was taken away too early; verification goes on", async () => {
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    const tooEarly = direct({ KEY_ENCRYPTION_KEYS: onlyNew });
    forgetSigningKeys(tooEarly);
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const failure = await currentSigningKey(tooEarly, "ES256").catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: "DependencyDown",
      cause: new Error(
        `The private part of signing key ${id} cannot be opened with any key of KEY_ENCRYPTION_KEYS: it is sealed with test-1, which is not in the list`,
      ),
    });
    expect(log.mock.calls.flat().join()).not.toContain("YYYY");
    log.mockRestore();
    expect((await verificationKey(tooEarly, id))?.alg).toBe("ES256");
  });
});

describe("when a part fails", () => {
  it("does the others and then says what failed", async () => {
    await ensureSigningKeys(direct());
    const { id } = await keyRow("ES256", "current");
    await direct()
      .db.update(signingKeys)
      .set({ publicJwk: { kty: "oct" } })
      .where(eq(signingKeys.id, id));
    later(30 * dayMs);
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await expect(maintainSigningKeys(direct())).rejects.toThrow("The maintenance of the signing keys is incomplete");
    expect(log.mock.calls.flat().join()).toContain('"part":"publishKeySet"');
    log.mockRestore();
    expect((await keyRow("ES256", "previous")).id).toBe(id);
  });
});

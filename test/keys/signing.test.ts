/** The keys in memory: what signs, what verifies, and what happens when many ask at once. */
import { eq } from "drizzle-orm";
import { CompactSign, calculateJwkThumbprint, compactVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  currentSigningKey,
  ensureSigningKeys,
  forgetSigningKeys,
  rotateSigningKeys,
  verificationKey,
} from "../../src/keys/service.ts";
import { signingKeys } from "../../src/platform/db/schema.ts";
import { addOperator, admin, bindings, direct, keyRow, keyRows, startOver, watched } from "./_direct.ts";

beforeEach(startOver);
afterEach(() => {
  vi.useRealTimers();
});

const summary = async () => (await keyRows()).map(({ alg, state }) => `${alg} ${state}`).sort();
const complete = ["ES256 current", "ES256 next", "RS256 current", "RS256 next"];

describe("making the first keys", () => {
  it("makes a current and a next key of each algorithm", async () => {
    await ensureSigningKeys(direct());
    expect(await summary()).toEqual(complete);
  });

  it("leaves the keys that are there alone", async () => {
    await ensureSigningKeys(direct());
    const before = await keyRows();
    await ensureSigningKeys(direct());
    expect(await keyRows()).toEqual(before);
  });

  it("makes one of each when ten ask at once", async () => {
    await Promise.all(Array.from({ length: 10 }, () => ensureSigningKeys(direct())));
    expect(await summary()).toEqual(complete);
  });

  it("makes only what is missing", async () => {
    await ensureSigningKeys(direct());
    const { id } = await keyRow("RS256", "next");
    await direct().db.delete(signingKeys).where(eq(signingKeys.id, id));
    const before = await keyRows();
    await ensureSigningKeys(direct());
    expect(await summary()).toEqual(complete);
    expect(await keyRows()).toEqual(expect.arrayContaining(before));
  });

  it("RFC 7638 3: names each key by its thumbprint, and keeps no private part in clear", async () => {
    await ensureSigningKeys(direct());
    for (const row of await keyRows()) {
      expect(row.id).toBe(await calculateJwkThumbprint(row.publicJwk, "sha256"));
      expect(row.privateSealed).toMatch(/^v1\.test-1\.[\w-]+\.[\w-]+$/);
      expect(Object.keys(row.publicJwk).sort()).toEqual(
        row.alg === "ES256" ? ["alg", "crv", "kid", "kty", "use", "x", "y"] : ["alg", "e", "kid", "kty", "n", "use"],
      );
    }
  });

  it("makes RSA keys of 2048 bits", async () => {
    await ensureSigningKeys(direct());
    const { publicJwk } = await keyRow("RS256", "current");
    expect(publicJwk.n).toHaveLength(342);
  });
});

describe("signing", () => {
  it.each(["ES256", "RS256"] as const)(
    "signs with the current %s key what its published half verifies",
    async (alg) => {
      const context = direct();
      const { kid, key } = await currentSigningKey(context, alg);
      expect(kid).toBe((await keyRow(alg, "current")).id);
      const jws = await new CompactSign(new TextEncoder().encode("{}")).setProtectedHeader({ alg, kid }).sign(key);
      const verifier = await verificationKey(context, kid);
      expect(verifier?.alg).toBe(alg);
      const { protectedHeader } = await compactVerify(jws, verifier!.key);
      expect(protectedHeader).toEqual({ alg, kid });
    },
  );

  it("holds private keys that cannot be taken out again", async () => {
    const { key } = await currentSigningKey(direct(), "ES256");
    expect(key.extractable).toBe(false);
  });

  it("asks the database once for many requests that come at the same time", async () => {
    await ensureSigningKeys(direct());
    const counting = watched(bindings.DB);
    const context = direct({ DB: counting.database });
    const kids = await Promise.all(
      Array.from({ length: 50 }, async () => (await currentSigningKey(context, "ES256")).kid),
    );
    expect(new Set(kids).size).toBe(1);
    expect(counting.prepared).toBe(1);
  });

  it("keeps the keys of two databases apart", async () => {
    const here = await currentSigningKey(direct(), "ES256");
    const there = watched(bindings.DB);
    await currentSigningKey(direct({ DB: there.database }), "ES256");
    expect(there.prepared).toBe(1);
    expect((await currentSigningKey(direct(), "ES256")).key).toBe(here.key);
  });

  it("does not wait for ever for a load that another request started and will never end", async () => {
    await ensureSigningKeys(direct());
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    watch.gate = new Promise(() => {});
    void currentSigningKey(context, "ES256");
    await vi.waitFor(() => expect(watch.prepared).toBe(1));
    watch.gate = null;
    const startedAt = performance.now();
    const keys = await Promise.all([1, 2, 3].map(() => currentSigningKey(context, "ES256")));
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    expect(watch.prepared).toBe(2);
  });

  it("tries for itself when the load of another request fails", async () => {
    await ensureSigningKeys(direct());
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    const { promise, reject } = Promise.withResolvers();
    watch.gate = promise;
    const outcome = expect(currentSigningKey(context, "ES256")).rejects.toThrow("Failed query");
    await vi.waitFor(() => expect(watch.prepared).toBe(1));
    const second = currentSigningKey(context, "ES256");
    watch.gate = null;
    reject(new Error("D1_ERROR: Network connection lost."));
    await outcome;
    expect((await second).kid).toBe((await keyRow("ES256", "current")).id);
  });

  it("reads the keys again in the background after two minutes, and before answering after five", async () => {
    await addOperator();
    vi.useFakeTimers({ toFake: ["Date"] });
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    const old = await currentSigningKey(context, "ES256");
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const { id: rotated } = await keyRow("ES256", "current");

    vi.setSystemTime(Date.now() + 119_000);
    expect((await currentSigningKey(context, "ES256")).kid).toBe(old.kid);
    await context.settled();
    expect((await currentSigningKey(context, "ES256")).kid).toBe(old.kid);

    vi.setSystemTime(Date.now() + 2_000);
    expect((await currentSigningKey(context, "ES256")).kid).toBe(old.kid);
    await context.settled();
    expect((await currentSigningKey(context, "ES256")).kid).toBe(rotated);

    await rotateSigningKeys(direct(), admin, { compromised: false });
    vi.setSystemTime(Date.now() + 301_000);
    expect((await currentSigningKey(context, "ES256")).kid).toBe((await keyRow("ES256", "current")).id);
  });

  it("goes on with the keys that it has while the database is down, for an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    const { kid } = await currentSigningKey(context, "ES256");
    watch.gate = Promise.reject(new Error("D1_ERROR: Network connection lost."));
    watch.gate.catch(() => {});
    vi.setSystemTime(Date.now() + 59 * 60_000);
    expect((await currentSigningKey(context, "ES256")).kid).toBe(kid);
    vi.setSystemTime(Date.now() + 2 * 60_000);
    await expect(currentSigningKey(context, "ES256")).rejects.toThrow("Failed query");
  });

  it("forgets on demand, and only when the dropped key is in memory", async () => {
    await addOperator();
    await ensureSigningKeys(direct());
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    const old = await currentSigningKey(context, "ES256");
    await rotateSigningKeys(direct(), admin, { compromised: true });
    forgetSigningKeys(context, old.kid);
    expect((await currentSigningKey(context, "ES256")).kid).toBe((await keyRow("ES256", "current")).id);
    expect(watch.prepared).toBe(2);
    forgetSigningKeys(context, old.kid);
    await currentSigningKey(context, "ES256");
    expect(watch.prepared).toBe(2);
    forgetSigningKeys(context);
    await currentSigningKey(context, "ES256");
    expect(watch.prepared).toBe(3);
  });
});

describe("verifying", () => {
  it("knows every published key", async () => {
    await addOperator();
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const published = (await keyRows()).filter(({ state }) => state !== "retired");
    expect(published.map(({ alg, state }) => `${alg} ${state}`).sort()).toEqual(
      [...complete, "ES256 previous", "RS256 previous"].sort(),
    );
    for (const { id, alg } of published) {
      expect((await verificationKey(direct(), id))?.alg).toBe(alg);
    }
  });

  it.each(["", "a/../b", "' OR 1=1 --", "a.b", "a".repeat(65), "ключ", "a\n"])(
    "refuses the odd key id %j without asking the database",
    async (kid) => {
      const watch = watched(bindings.DB);
      expect(await verificationKey(direct({ DB: watch.database }), kid)).toBe(null);
      expect(watch.prepared).toBe(0);
    },
  );

  it("asks about a flood of unknown key ids at most once a second", async () => {
    await ensureSigningKeys(direct());
    const watch = watched(bindings.DB);
    const context = direct({ DB: watch.database });
    await currentSigningKey(context, "ES256");
    const startedAt = performance.now();
    const unknown = Array.from({ length: 200 }, (_, n) => verificationKey(context, `unknown-${n}`));
    expect(new Set(await Promise.all(unknown))).toEqual(new Set([null]));
    const more = Array.from({ length: 200 }, (_, n) => verificationKey(context, `unknown-${n}`));
    expect(new Set(await Promise.all(more))).toEqual(new Set([null]));
    const seconds = (performance.now() - startedAt) / 1000;
    expect(watch.prepared - 1).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(seconds).toBeLessThan(4);
  });

  it("never refuses a key that was made a moment ago, in the middle of such a flood", async () => {
    await addOperator();
    await ensureSigningKeys(direct());
    const context = direct({ DB: watched(bindings.DB).database });
    await currentSigningKey(context, "ES256");
    const flood = Array.from({ length: 100 }, (_, n) => verificationKey(context, `unknown-${n}`));
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const { id } = await keyRow("ES256", "next");
    expect((await verificationKey(context, id))?.alg).toBe("ES256");
    await Promise.all(flood);
  });
});

/** The object of a delegation: what it promises to those who call it, and that it leaves nothing behind. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DelegationChainRpc } from "../../../src/identity/delegation/chain.ts";
import { theOperator, tokenFor } from "../../support/api.ts";
import { lend, newParties, revoke, verify } from "./_parties.ts";

const { DELEGATION_CHAIN } = env as unknown as { DELEGATION_CHAIN: DurableObjectNamespace };

const stubOf = (chainId: string) => DELEGATION_CHAIN.get(DELEGATION_CHAIN.idFromName(chainId));
const chainOf = (chainId: string) => stubOf(chainId) as unknown as DelegationChainRpc;

let id: string;
const issuedAtMs = Date.now();
const expiresAtMs = issuedAtMs + 60_000;

beforeEach(() => {
  id = crypto.randomUUID();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a chain", () => {
  it("that never began is none, and cannot be revoked", async () => {
    expect(await chainOf(id).state()).toBe(null);
    expect(await chainOf(id).revoke(issuedAtMs)).toBe(null);
    expect(await chainOf(id).state()).toBe(null);
  });

  it("is revoked once: the first time counts, also after it was evicted from memory", async () => {
    await chainOf(id).begin(issuedAtMs, expiresAtMs);
    expect(await chainOf(id).state()).toEqual({ issuedAtMs, expiresAtMs, revokedAtMs: null });
    const revoked = { issuedAtMs, expiresAtMs, revokedAtMs: issuedAtMs + 5 };
    expect(await chainOf(id).revoke(issuedAtMs + 5)).toEqual(revoked);
    await evictDurableObject(stubOf(id));
    expect(await chainOf(id).revoke(issuedAtMs + 9)).toEqual(revoked);
    expect(await chainOf(id).state()).toEqual(revoked);
  });

  it("that was revoked does not begin again", async () => {
    await chainOf(id).begin(issuedAtMs, expiresAtMs);
    await chainOf(id).revoke(issuedAtMs + 5);
    await chainOf(id).begin(issuedAtMs, expiresAtMs + 1);
    expect(await chainOf(id).state()).toEqual({ issuedAtMs, expiresAtMs, revokedAtMs: issuedAtMs + 5 });
  });

  it("that has expired is not revoked any more", async () => {
    await chainOf(id).begin(issuedAtMs, expiresAtMs);
    expect(await chainOf(id).revoke(expiresAtMs)).toEqual({ issuedAtMs, expiresAtMs, revokedAtMs: null });
  });
});

describe("clears itself", () => {
  it("24 hours after its end, whole; the record still answers", async () => {
    const operator = await theOperator();
    const parties = await newParties(operator.token);
    const { chainId, delegationToken, expiresAt } = await lend(parties, { ttlSeconds: 60 });
    await revoke(parties.token, chainId);
    const alarm = await runInDurableObject(stubOf(chainId), (_, state) => state.storage.getAlarm());
    expect(alarm).toBe(Date.parse(expiresAt) + 24 * 3_600_000);

    vi.useFakeTimers({ toFake: ["Date"], now: Number(alarm) });
    expect(await runDurableObjectAlarm(stubOf(chainId))).toBe(true);
    const left = await runInDurableObject(stubOf(chainId), async (_, state) => {
      return { rows: [...state.storage.kv.list()], alarm: await state.storage.getAlarm() };
    });
    expect(left).toEqual({ rows: [], alarm: null });
    expect(await chainOf(chainId).state()).toBe(null);

    const token = await tokenFor(operator);
    expect((await verify(token, delegationToken)).body).toMatchObject({
      valid: false,
      chainId,
      revokedAt: expect.any(String),
    });
    expect((await revoke(token, chainId)).status).toBe(204);
    expect(await chainOf(chainId).state()).toBe(null);
  });
});

/** Signed checkpoints: when they are made, what they say, and how long they can be verified. */
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, importJWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, newOrganization, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { appendEvents, checkpointsOf, cron, DB, dayMs, hourMs, ledger } from "./_chains.ts";
import { eventsOf, tamper, verify } from "./_log.ts";

let organization: Organization;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  organization = await newOrganization();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass; answers with a token that is good then. */
async function later(ms: number): Promise<string> {
  vi.setSystemTime(Date.now() + ms);
  return tokenFor(organization);
}

const payloadOf = (jws: string) => JSON.parse(atob(jws.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));

describe("every hour", () => {
  it("the end of a chain that has moved is signed, with the key that signs tokens", async () => {
    await cron();
    expect(await checkpointsOf(organization.token)).toStrictEqual([]);
    const token = await later(hourMs);
    const last = (await eventsOf(token)).at(-1);
    await cron();
    const [checkpoint, ...others] = await checkpointsOf(token);
    expect(others).toStrictEqual([]);
    const { body: jwks } = await call("/.well-known/jwks.json");
    const { kid } = decodeProtectedHeader(checkpoint.jws);
    const timestamp = new Date(Date.now()).toISOString();
    expect(checkpoint).toStrictEqual({
      sequence: last.sequence,
      eventId: last.eventId,
      hash: last.hash,
      timestamp,
      jws: expect.any(String),
      publicKeyJwk: jwks.keys.find((key: { kid: string }) => key.kid === kid),
      keyCompromisedAt: null,
    });
    const { payload, protectedHeader } = await compactVerify(checkpoint.jws, createLocalJWKSet(jwks));
    expect(protectedHeader).toStrictEqual({ alg: "ES256", typ: "audit-checkpoint+jwt", kid });
    const { organizationId } = organization;
    expect(JSON.parse(new TextDecoder().decode(payload))).toStrictEqual({
      organizationId,
      sequence: last.sequence,
      hash: last.hash,
      timestamp,
    });
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("and not more often, nor while nothing happens", async () => {
    await eventsOf(await later(hourMs));
    await cron();
    await eventsOf(await later(hourMs / 2));
    await cron();
    expect(await checkpointsOf(await later(0))).toHaveLength(1);
    vi.setSystemTime(Date.now() + hourMs / 2);
    await ledger(organization.organizationId).flush();
    await cron();
    vi.setSystemTime(Date.now() + 2 * hourMs);
    await cron();
    await cron();
    expect(await checkpointsOf(await later(0))).toHaveLength(2);
  });

  it("a run that was cut off before the ledger knew is made good, and no place is signed twice", async () => {
    const token = await later(hourMs);
    await eventsOf(token);
    const { organizationId } = organization;
    const [due] = await ledger(organizationId).dueCheckpoints(false);
    await cron();
    const [checkpoint] = await checkpointsOf(token);
    expect(checkpoint.sequence).toBe(due!.sequence);
    // As if the run had ended between D1 and the ledger.
    await DB.prepare("UPDATE audit_chains SET checkpoint_due_at = 1 WHERE organization_id = ?")
      .bind(organizationId)
      .run();
    await Promise.all([cron(), cron()]);
    expect(await checkpointsOf(token)).toStrictEqual([checkpoint]);
  });

  it("pages, newest first, by number", async () => {
    for (let n = 0; n < 3; n++) {
      await eventsOf(await later(hourMs));
      await cron();
    }
    const token = await later(0);
    const first = await call("/api/v1/audit/checkpoints?limit=2", { token });
    const second = await call(`/api/v1/audit/checkpoints?limit=2&cursor=${first.body.nextCursor}`, { token });
    const all = await checkpointsOf(token);
    expect([...first.body.data, ...second.body.data]).toStrictEqual(all);
    expect(second.body.nextCursor).toBe(null);
    const sequences = all.map(({ sequence }) => sequence);
    expect(sequences).toStrictEqual([...sequences].sort((a, b) => b - a));
  });
});

describe("every 10,000 events", () => {
  it("that very event is signed within the minute, however far the chain has come since", async () => {
    const { organizationId, token } = organization;
    await appendEvents(organizationId, 10_500);
    await ledger(organizationId).flush();
    await cron();
    const [checkpoint, ...others] = await checkpointsOf(token);
    expect(others).toStrictEqual([]);
    const hash = await DB.prepare("SELECT hash FROM audit_events WHERE organization_id = ? AND sequence = 10000")
      .bind(organizationId)
      .first("hash");
    expect([checkpoint.sequence, checkpoint.hash]).toStrictEqual([10_000, hash]);
    expect(await verify(token)).toMatchObject({ verified: true });
  }, 60_000);
});

describe("keys", () => {
  it("a checkpoint of a key that has retired still verifies", async () => {
    await eventsOf(await later(hourMs));
    await cron();
    for (const days of [31, 2]) {
      await later(days * dayMs);
      await cron();
    }
    const token = await later(0);
    const checkpoint = (await checkpointsOf(token)).at(-1);
    const { body: jwks } = await call("/.well-known/jwks.json");
    const { kid } = decodeProtectedHeader(checkpoint.jws);
    expect(jwks.keys.map((key: { kid: string }) => key.kid)).not.toContain(kid);
    const { payload } = await compactVerify(checkpoint.jws, await importJWK(checkpoint.publicKeyJwk, "ES256"));
    expect(JSON.parse(new TextDecoder().decode(payload)).hash).toBe(checkpoint.hash);
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("what a stolen key has signed counts for nothing, and the end is signed anew with the next one", async () => {
    await eventsOf(await later(hourMs));
    await cron();
    const { organizationId } = organization;
    const [stolen] = await checkpointsOf(await later(0));
    // The thief can sign; here a signature that is no good stands for what it may have signed.
    await tamper(
      "INSERT INTO audit_checkpoints SELECT organization_id, 2, event_id, hash, timestamp, kid, jws FROM audit_checkpoints WHERE organization_id = ?",
      organizationId,
    );
    expect(await verify(await later(0))).toMatchObject({ verified: false });
    const operator = await theOperator();
    const token = await tokenFor(operator, { scope: "admin:orgs" });
    const dropped = await call("/api/v1/keys/rotate", { token, json: { compromised: true } });
    expect(dropped.status, dropped.text).toBe(200);
    expect(await verify(await later(1000))).toMatchObject({ verified: true });
    await cron();
    const [renewed, ...others] = await checkpointsOf(await later(0));
    expect(renewed.keyCompromisedAt).toBe(null);
    expect(decodeProtectedHeader(renewed.jws).kid).not.toBe(decodeProtectedHeader(stolen.jws).kid);
    expect(payloadOf(renewed.jws)).toMatchObject({ organizationId, sequence: renewed.sequence, hash: renewed.hash });
    expect(others.map(({ keyCompromisedAt }) => keyCompromisedAt)).toStrictEqual(others.map(() => expect.any(String)));
    await cron();
    expect(await checkpointsOf(await later(0))).toHaveLength(1 + others.length);
  });
});

/**
 * Attack: ten wrong secrets, junk assertions, foreign DPoP proofs for a victim's client_id from its own network; and attack:
 * 150 failures from one source with ids that do not exist.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { comeToAnEnd, sendTo } from "../failures/support/send.ts";
import {
  call,
  issuer,
  newAgent,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
} from "../support/api.ts";

const bindings = env as unknown as Bindings;
const home = "203.0.113.7";
const source = (ip: string) => ({ "CF-Connecting-IP": ip });
const form = { grant_type: "client_credentials" };
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

interface Victim {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly key: CryptoKey;
}

let organization: Organization;

beforeAll(async () => {
  organization = await newOrganization();
});

afterEach(() => void vi.useRealTimers());

/** An agent that signs in with a secret and with its own key. */
async function newVictim(): Promise<Victim> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const { agentId } = await newAgent(organization.token, { publicKeyJwk: { kty, crv, x, y } });
  const { clientSecret } = await newCredential(organization.token, agentId);
  return { clientId: agentId, clientSecret, key: pair.privateKey };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

function assertionOf(clientId: string, key: CryptoKey): Promise<string> {
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: crypto.randomUUID(), exp: nowSeconds() + 60 };
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(key);
}

const bySecret = (client: { clientId: string; clientSecret: string }, headers: Record<string, string> = {}) =>
  call("/api/v1/token", { basic: client, form, headers: { ...source(home), ...headers } });

const byAssertion = (assertion: string) =>
  call("/api/v1/token", {
    form: { ...form, client_assertion_type: assertionType, client_assertion: assertion },
    headers: source(home),
  });

const stub = () => bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(organization.organizationId));
const rowsOf = (table: string) =>
  runInDurableObject(stub(), (_, { storage }) => storage.sql.exec(`SELECT * FROM ${table}`).toArray());
const alarm = () =>
  runInDurableObject(stub(), (instance) => (instance as unknown as { alarm(): Promise<void> }).alarm());

async function events(action: string, target?: string) {
  const { body } = await call(`/api/v1/audit?action=${action}&limit=100`, { token: organization.token });
  return body.data.filter((event: { target: string | null }) => target === undefined || event.target === target);
}

describe("strangers on the victim's own network", () => {
  it("lock nobody out, and leave ten refusals and one count in its ledger", { timeout: 300_000 }, async () => {
    const victim = await newVictim();
    const stranger = await generateKeyPair("ES256", { extractable: true });
    const { kty, crv, x, y } = await exportJWK(stranger.publicKey);
    const jwk = { kty, crv, x, y };
    const foreignProof = () =>
      new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: `${issuer}/api/v1/token`, iat: nowSeconds() })
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: jwk as never })
        .sign(stranger.privateKey);
    const wrongSecret = (headers = {}) => bySecret({ clientId: victim.clientId, clientSecret: "wrong" }, headers);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    expect((await bySecret(victim)).status).toBe(200);
    const usedBefore = (await rowsOf("single_use")).length;

    const refusals: Record<string, number> = {};
    const signIns: number[] = [];
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all([
        ...Array.from({ length: 10 }, () => wrongSecret()),
        ...Array.from({ length: 10 }, async () => byAssertion(await assertionOf(victim.clientId, stranger.privateKey))),
        ...Array.from({ length: 100 }, async () => wrongSecret({ DPoP: await foreignProof() })),
        bySecret(victim).then(({ status }) => void signIns.push(status)),
        assertionOf(victim.clientId, victim.key)
          .then(byAssertion)
          .then(({ status }) => void signIns.push(status)),
      ]);
      for (const answer of answers) if (answer) refusals[answer.status] = (refusals[answer.status] ?? 0) + 1;
    }
    expect((await bySecret(victim)).status).toBe(200);
    expect(signIns).toEqual(Array(2 * rounds).fill(200));
    expect(Object.keys(refusals)).toEqual(["401", "429"]);
    expect(refusals[401]).toBeLessThanOrEqual(20);

    // The victim's own assertions, and nothing else.
    expect(await rowsOf("single_use")).toHaveLength(usedBefore + rounds);
    expect(await events("token.refused", victim.clientId)).toHaveLength(10);
    vi.setSystemTime(Date.now() + 61_000);
    await alarm();
    const omitted = await events("client.refusals_omitted");
    expect(omitted).toHaveLength(1);
    expect(omitted[0]).toMatchObject({ outcome: "failure", agentId: null, target: null });
    // All but the ten recorded ones: those, too, that the isolate stopped before they reached the ledger.
    expect(omitted[0].details.count).toBe(rounds * 120 - 10);
  });

  it("attack: junk of one method does not throttle another, and ten failures do not lock out the right one", async () => {
    const victim = await newVictim();
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const junk = async () => (await byAssertion(await assertionOf(victim.clientId, privateKey))).status;
    const statuses = [];
    for (let failure = 0; failure < 12; failure++) statuses.push(await junk());
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await bySecret({ clientId: victim.clientId, clientSecret: "wrong" })).status).toBe(401);
    expect((await bySecret(victim)).status).toBe(200);
    expect((await byAssertion(await assertionOf(victim.clientId, victim.key))).status).toBe(200);
  });
});

describe("client ids that do not exist", () => {
  it("cost no call of an object, and are throttled after sixty a minute for each network", async () => {
    let calls = 0;
    const counted = {
      ...bindings,
      ORG_LEDGER: {
        idFromName: (name: string) => bindings.ORG_LEDGER.idFromName(name),
        get: (id: DurableObjectId) => {
          calls++;
          return bindings.ORG_LEDGER.get(id);
        },
      } as unknown as DurableObjectNamespace,
    } as Bindings;
    const failWith = async (ip: string, parameters: Record<string, string>) =>
      (await sendTo(counted, "/api/v1/token", { form: parameters, headers: source(ip) })).status;
    const unknown = () => ({ ...form, client_id: crypto.randomUUID(), client_secret: "guess" });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const statuses = [];
    for (let failure = 0; failure < 150; failure++) {
      const workload = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "junk" };
      const junk = failure % 2 === 0 ? unknown() : { ...workload, client_id: crypto.randomUUID() };
      statuses.push(await failWith(`2001:db8:5:6::${failure + 1}`, junk));
    }
    expect(statuses).toEqual([...Array(60).fill(401), ...Array(90).fill(429)]);
    expect(await failWith("2001:db8:5:7::1", unknown())).toBe(401);
    await comeToAnEnd();
    expect(calls).toBe(0);

    const bystander = await newClient(organization.token);
    const answer = await call("/api/v1/token", { basic: bystander, form, headers: source("2001:db8:5:6::1") });
    expect(answer.status).toBe(200);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await failWith("2001:db8:5:6::1", unknown())).toBe(401);
  });
});

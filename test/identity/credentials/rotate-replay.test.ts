/**
 * A rotation by HTTP Basic whose answer was lost: the replaced secret gets the same answer, once (contract 10, "Rotating one's own").
 * Attack: a thief with the old secret, a guessed key, another body, another network, more time, a second try, or another row's answer:
 * refused, with the refusal of every wrong secret.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import {
  type Answer,
  adminToken,
  type Body,
  type Call,
  call,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
} from "../../support/api.ts";
import { cron } from "../../tenancy/audit/_chains.ts";
import { usageOf } from "../../tenancy/tiers/_support.ts";

const { DB } = env as unknown as Bindings;
const minuteMs = 60_000;

type Own = Awaited<ReturnType<typeof newClient>>;

let organization: Organization;
let token: string;
let own: Own;
let key: string;
/** The address of the client, in a network of its own for each test: the audit log does not record every refusal of one network. */
let home: string;
let networks = 0;
/** The refusal of a wrong secret without a key. */
let refusal: unknown;

beforeAll(async () => {
  // With a rate limit, whose header fields only an authenticated client gets.
  organization = await newOrganization({ planTier: "pro" });
  home = "198.51.100.200";
  own = await newClient(organization.token);
  refusal = plainOf(await rotate({ secret: "sa_sec_wrong", key: null }));
  expect(refusal).toMatchObject({ status: 401 });
});

beforeEach(async () => {
  token = await adminToken(organization);
  own = await newClient(token, { grantedScopes: [] });
  key = crypto.randomUUID();
  home = `2001:db8:7:${++networks}::1`;
});

afterEach(() => {
  vi.useRealTimers();
});

interface Repeated {
  readonly secret?: string;
  readonly key?: string | null;
  readonly ip?: string;
  readonly json?: unknown;
  readonly credentialId?: string;
}

/** Rotates by Basic with a key; repeats the rotation when it is called again. */
function rotate({ secret = own.clientSecret, key: sent = key, ip = home, json = {}, credentialId }: Repeated = {}) {
  const path = `/api/v1/agents/${own.agentId}/credentials/${credentialId ?? own.credentialId}/rotate`;
  const headers = { "CF-Connecting-IP": ip, ...(sent === null ? {} : { "Idempotency-Key": sent }) };
  return call(path, { basic: { clientId: own.agentId, clientSecret: secret }, json, headers });
}

/** The first rotation; its answer gets lost for the client, not for the test. */
async function lose(given: Repeated = {}): Promise<Body> {
  const answer = await rotate(given);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers.get("Idempotency-Replayed")).toBeNull();
  return answer.body;
}

const clockAhead = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });

const signIn = async (clientSecret: string) => {
  const basic = { clientId: own.agentId, clientSecret };
  return (await call("/api/v1/token", { basic, form: { grant_type: "client_credentials" } })).status;
};

const eventsOf = async (action: string): Promise<Body[]> => {
  const answer = await call(`/api/v1/audit?agentId=${own.agentId}&action=${action}`, {
    token: await adminToken(organization),
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data;
};

function expectReplayed(answer: Answer, first: Body): void {
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body).toEqual(first);
  expect(answer.headers.get("Idempotency-Replayed")).toBe("true");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
}

/** A refusal without what differs in each answer. */
function plainOf({ status, headers, body }: Answer): unknown {
  const { requestId: _, ...rest } = body;
  const names = [
    "WWW-Authenticate",
    "Idempotency-Replayed",
    "Cache-Control",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
  ];
  return { status, body: rest, headers: names.map((name) => headers.get(name)) };
}

const expectRefused = (answer: Answer) => expect(plainOf(answer), answer.text).toEqual(refusal);

describe("the old secret with the same key", () => {
  it.each([0, 600])("overlap %d: gets the same new secret once, and an event", async (overlapSeconds) => {
    const json = { overlapSeconds };
    const first = await lose({ json });
    expectReplayed(await rotate({ json }), first);
    expect(await signIn(first.clientSecret)).toBe(200);
    expect(await eventsOf("credential.rotation_replayed")).toMatchObject([
      {
        target: own.credentialId,
        outcome: "success",
        actor: { agentId: own.agentId, credentialId: own.credentialId, ip: home },
      },
    ]);
    expect(await eventsOf("credential.rotated")).toHaveLength(1);
    expect(await eventsOf("client.refused")).toEqual([]);
    expectRefused(await rotate({ json }));
    // The new secret is no repetition with an old one: it may repeat the request as every caller may.
    expectReplayed(await rotate({ json, secret: first.clientSecret, ip: "198.51.100.1" }), first);
    expect(await eventsOf("credential.rotation_replayed")).toHaveLength(1);
    expect(await eventsOf("client.refused")).toHaveLength(1);
  });

  it("from another address of the same network, until ten minutes have passed", async () => {
    const first = await lose();
    clockAhead(9 * minuteMs + 50_000);
    expectReplayed(await rotate({ ip: home.replace("::1", ":ffff::9") }), first);
  });

  it("of eight at once exactly one gets it", async () => {
    const first = await lose();
    const answers = await Promise.all(Array.from({ length: 8 }, () => rotate()));
    const [replayed, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expectReplayed(replayed!, first);
    const refused = answers.filter(({ status }) => status !== 200).map(plainOf);
    expect(refused).toEqual(Array(7).fill(refusal));
    expect(await eventsOf("credential.rotation_replayed")).toHaveLength(1);
    expect(await eventsOf("client.refused")).toHaveLength(7);
  });

  it("in upper case, in the path too", async () => {
    const first = await lose();
    key = key.toUpperCase();
    own = { ...own, agentId: own.agentId.toUpperCase(), credentialId: own.credentialId.toUpperCase() };
    expectReplayed(await rotate(), first);
  });

  it("counts as a call", async () => {
    const limited = await newOrganization({ planTier: "free" });
    own = await newClient(limited.token, { grantedScopes: [] });
    await lose();
    const { callsToday } = await usageOf(limited);
    expect((await rotate()).status).toBe(200);
    expect((await usageOf(limited)).callsToday).toBe(callsToday + 1);
  });
});

describe("401, as for every old secret", () => {
  it("from another network", async () => {
    await lose();
    expectRefused(await rotate({ ip: home.replace(/:\d+::1/, ":ffff::1") }));
    expectRefused(await rotate({ ip: "203.0.113.9" }));
  });

  it("with another body, well-formed or not, and the repetition is not used up", async () => {
    const first = await lose();
    expectRefused(await rotate({ json: { overlapSeconds: 60 } }));
    expectRefused(await rotate({ json: { overlapSeconds: -1 } }));
    expect(await eventsOf("client.refused")).toHaveLength(2);
    expectReplayed(await rotate(), first);
  });

  it("after ten minutes, and the new secret gets no answer any more", async () => {
    const first = await lose();
    clockAhead(10 * minuteMs + 1);
    expectRefused(await rotate());
    const late = await rotate({ secret: first.clientSecret });
    expect([late.status, late.body.code]).toEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
  });

  it("and ten minutes are the time for which the address of its network is kept", async () => {
    await lose();
    const network = `2001:db8:7:${networks}`;
    const kept = () =>
      DB.prepare("SELECT network FROM idempotent_requests WHERE agent_id = ?")
        .bind(own.agentId)
        .first<string>("network");
    expect(await kept()).toBe(network);
    clockAhead(10 * minuteMs + 1);
    await cron();
    expect(await kept()).toBeNull();
  });

  it("and no hash of its secret is left once the agent is decommissioned", async () => {
    await lose();
    clockAhead(10 * minuteMs + 1);
    await cron();
    const kept = () =>
      DB.prepare("SELECT proof FROM idempotent_requests WHERE agent_id = ?").bind(own.agentId).first("proof");
    expect(await kept()).toMatch(/^\{"keyId":/);
    const ended = await call(`/api/v1/agents/${own.agentId}`, {
      method: "DELETE",
      token: await adminToken(organization),
    });
    expect(ended.status, ended.text).toBe(204);
    expect(await kept()).toBeNull();
  });

  it("with another key, a known key of another credential included", async () => {
    await lose();
    const second = await newCredential(token, own.agentId);
    const keyOfSecond = crypto.randomUUID();
    const { credentialId, clientSecret: secret } = second;
    await lose({ credentialId, secret, key: keyOfSecond });
    expectRefused(await rotate({ key: crypto.randomUUID() }));
    expectRefused(await rotate({ key: keyOfSecond }));
    expectRefused(await rotate({ key: null }));
    // Nor may a secret of the agent repeat what another one has authenticated.
    expectRefused(await rotate({ credentialId, key: keyOfSecond }));
    expectRefused(await rotate({ secret }));
  });

  it("after a rotation by a bearer token with the same key", async () => {
    const path = `/api/v1/agents/${own.agentId}/credentials/${own.credentialId}/rotate`;
    const init: Call = { token, json: {}, headers: { "CF-Connecting-IP": home, "Idempotency-Key": key } };
    const first = await call(path, init);
    expect(first.status, first.text).toBe(200);
    expectRefused(await rotate());
    expectReplayed(await call(path, init), first.body);
  });

  it("after a later rotation", async () => {
    const first = await lose();
    await lose({ secret: first.clientSecret, key: crypto.randomUUID(), json: { overlapSeconds: 600 } });
    expectRefused(await rotate());
  });

  it("while the agent is suspended, and after its credential was revoked", async () => {
    const first = await lose();
    const path = `/api/v1/agents/${own.agentId}`;
    const change = async (status: string) =>
      expect((await call(path, { method: "PATCH", token, json: { status } })).status).toBe(200);
    await change("suspended");
    expectRefused(await rotate());
    await change("active");
    expectReplayed(await rotate(), first);

    own = await newClient(token);
    await lose();
    await call(`/api/v1/agents/${own.agentId}/credentials/${own.credentialId}`, { method: "DELETE", token });
    expectRefused(await rotate());
  });

  it("when the answer in the row is the sealed one of another row, or none", async () => {
    const answerOf = "SELECT answer FROM idempotent_requests WHERE agent_id = ?";
    await lose();
    const other = await DB.prepare(answerOf).bind(own.agentId).first<{ answer: string }>();
    own = await newClient(token);
    await lose();
    const write = (answer: string) =>
      DB.prepare("UPDATE idempotent_requests SET answer = ? WHERE agent_id = ?").bind(answer, own.agentId).run();
    expect((await write(other!.answer)).meta.changes).toBe(1);
    expectRefused(await rotate());
    await write("{}");
    expectRefused(await rotate());
  });
});

describe("what a refusal shows and counts", () => {
  it("each is a failed sign-in in the log, and a throttled network stays throttled", async () => {
    const first = await lose();
    for (let failed = 0; failed < 10; failed++) await rotate({ secret: "sa_sec_wrong" });
    const throttled = await rotate();
    expect([throttled.status, throttled.body.code]).toEqual([429, "RATE_LIMIT_EXCEEDED"]);
    expect(await signIn(first.clientSecret)).toBe(200);
    clockAhead(2 * minuteMs);
    expectReplayed(await rotate(), first);
    expect((await eventsOf("client.refused")).map(({ details }) => details.reason)).toEqual(
      Array(10).fill("wrong_secret"),
    );
  });
});

describe("400 for a key that is no random UUID", () => {
  it("with HTTP Basic, whatever the secret, and nothing is rotated; a bearer token may have any key", async () => {
    const guessable = {
      "a word": "rotate-1",
      "version 7": "01920a4e-7a3c-7f00-8000-0123456789ab",
      "version 1": "c232ab00-9414-11ec-b3c8-9f68deced846",
      "the nil UUID": "00000000-0000-0000-0000-000000000000",
      "another variant": "919108f7-52d1-4320-0bac-f847db4148a8",
      "a URN": "urn:uuid:919108f7-52d1-4320-9bac-f847db4148a8",
    };
    for (const [what, sent] of Object.entries(guessable)) {
      for (const secret of [own.clientSecret, "sa_sec_wrong"]) {
        const answer = await rotate({ key: sent, secret });
        expect([answer.status, answer.body.code], what).toEqual([400, "VALIDATION_ERROR"]);
        expect(answer.body.details.issues).toMatchObject([{ path: "Idempotency-Key", received: sent }]);
      }
    }
    expect(await signIn(own.clientSecret)).toBe(200);
    const path = `/api/v1/agents/${own.agentId}/credentials/${own.credentialId}/rotate`;
    const headers = { "Idempotency-Key": guessable["a word"] };
    const byToken = await call(path, { token, json: {}, headers });
    expect(byToken.status, byToken.text).toBe(200);
  });
});

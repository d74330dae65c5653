/**
 * A lost answer with a secret: the repeated request gets the same secret, for ten minutes. Attacks: a stolen database shows a secret that is
 * kept for a repeated request; a first attempt that goes on after another took it over makes a second credential.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { execution, sendTo } from "../../failures/support/send.ts";
import {
  type Answer,
  type Call,
  call,
  newAgent,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { cron } from "../../tenancy/audit/_chains.ts";

const bindings = env as unknown as Bindings;
const { DB } = bindings;
const minuteMs = 60_000;

let tenant: Organization;
let token: string;

beforeAll(async () => {
  tenant = await newOrganization();
});

/** Each test has a clock of its own. */
afterEach(() => void vi.useRealTimers());

const problemOf = ({ status, body }: Answer) => [status, body?.code];
const isReplayed = ({ headers }: Answer) => headers.get("Idempotency-Replayed");

/** A request for a credential of a new agent, and the list of its credentials. */
async function newRequest() {
  token = await tokenFor(tenant, { scope: "agents:read agents:write admin:orgs" });
  const { agentId } = await newAgent(token);
  const path = `/api/v1/agents/${agentId}/credentials`;
  const key = crypto.randomUUID();
  const init = (): Call => ({ method: "POST", token, json: {}, headers: { "Idempotency-Key": key } });
  return {
    key,
    path,
    init,
    send: () => call(path, init()),
    listed: async (): Promise<string[]> =>
      (await call(path, { token })).body.data.map(({ credentialId }: { credentialId: string }) => credentialId),
  };
}

async function later(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  token = await tokenFor(tenant, { scope: "agents:read agents:write admin:orgs" });
}

/** Every value of every table. */
async function dump(): Promise<string> {
  const { results } = await DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
  ).all<{ name: string }>();
  const tables = await DB.batch(results.map(({ name }) => DB.prepare(`SELECT * FROM "${name}"`)));
  return JSON.stringify(tables.map((table) => table.results));
}

/** The Worker with a ledger that holds one call back until it is let go. */
function heldBack() {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const stubOf = (stub: object) =>
    new Proxy(stub, {
      get: (_, method) => {
        const own = Reflect.get(stub, method) as (...parameters: unknown[]) => Promise<unknown>;
        return async (...parameters: unknown[]) => {
          if (method === "expectChange") {
            reach();
            await released;
          }
          return Reflect.apply(own, stub, parameters);
        };
      },
    });
  const { ORG_LEDGER } = bindings;
  const held = {
    idFromName: (id: string) => ORG_LEDGER.idFromName(id),
    get: (id: DurableObjectId) => stubOf(ORG_LEDGER.get(id)),
  };
  return { env: { ...bindings, ORG_LEDGER: held } as unknown as Bindings, reached, release };
}

describe("the answer is lost", () => {
  it("the same request gets the same secret, and there is one credential", async () => {
    const { key, send, listed } = await newRequest();
    const lost = await send();
    const again = await send();
    expect([again.status, again.text, isReplayed(again)]).toStrictEqual([201, lost.text, "true"]);
    expect(again.headers.get("Cache-Control")).toBe("no-store");
    expect(await tokenFor(again.body)).toMatch(/^eyJ/);
    expect(await listed()).toStrictEqual([lost.body.credentialId]);
    const stored = await dump();
    expect(stored).toContain(lost.body.credentialId);
    expect(stored).not.toContain(lost.body.clientSecret);
    expect(stored).not.toContain(key);
  });

  it("the client closes the connection while the request runs: the runtime does not end it, and the answer is kept", async () => {
    const { path, init, send, listed } = await newRequest();
    const { env, reached, release } = heldBack();
    const kept: Promise<unknown>[] = [];
    const waitUntil = vi.spyOn(execution, "waitUntil").mockImplementation((work) => void kept.push(work));
    const unread = sendTo(env, path, init());
    await reached;
    waitUntil.mockRestore();
    expect(kept).toHaveLength(1);
    release();
    await kept[0];
    const again = await send();
    expect([again.status, isReplayed(again)]).toStrictEqual([201, "true"]);
    expect(await listed()).toStrictEqual([again.body.credentialId]);
    await unread;
  });

  it("after ten minutes the secret is gone, and the key makes no other credential", async () => {
    const { path, send, listed } = await newRequest();
    const lost = await send();
    const rows = () =>
      DB.prepare("SELECT sealed, answer IS NULL AS isRemoved FROM idempotent_requests WHERE route = ?")
        .bind(`POST ${path}`)
        .all();
    await later(10 * minuteMs - 1000);
    expect((await send()).text).toBe(lost.text);
    await later(1000);
    const gone = await send();
    expect(problemOf(gone)).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    expect(gone.body.message).toContain("ten minutes");
    expect((await rows()).results).toStrictEqual([{ sealed: 1, isRemoved: 0 }]);
    await cron();
    expect((await rows()).results).toStrictEqual([{ sealed: 1, isRemoved: 1 }]);
    expect(problemOf(await send())).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    expect(await listed()).toStrictEqual([lost.body.credentialId]);
    await later(24 * 60 * minuteMs);
    await cron();
    expect((await rows()).results).toStrictEqual([]);
  });

  it("after a day the key is a new one, also where the row was not removed", async () => {
    const { send, listed } = await newRequest();
    const first = await send();
    await later(24 * 60 * minuteMs);
    const next = await send();
    expect([next.status, isReplayed(next)], next.text).toStrictEqual([201, null]);
    expect((await listed()).sort()).toStrictEqual([first.body.credentialId, next.body.credentialId].sort());
  });

  it("an answer that is sealed with a key that is gone is not available", async () => {
    const { path, init, send } = await newRequest();
    expect((await send()).status).toBe(201);
    const other = { KEY_ENCRYPTION_KEYS: "other:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8" };
    const answer = await sendTo({ ...bindings, ...other } as Bindings, path, init());
    expect(problemOf(answer)).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
  });
});

describe("the Worker ends between the claim and the answer", () => {
  it("the next attempt waits 30 seconds, makes the credential, and what goes on of the first makes nothing", async () => {
    const { path, init, send, listed } = await newRequest();
    const { env: slow, reached, release } = heldBack();
    const first = sendTo(slow, path, init());
    await reached;
    const meanwhile = await send();
    expect([...problemOf(meanwhile), meanwhile.headers.get("Retry-After")]).toStrictEqual([
      409,
      "IDEMPOTENCY_IN_PROGRESS",
      "1",
    ]);
    await later(29_000);
    expect(problemOf(await send())).toStrictEqual([409, "IDEMPOTENCY_IN_PROGRESS"]);
    await later(1000);
    const taken = await send();
    expect([taken.status, isReplayed(taken)], taken.text).toStrictEqual([201, null]);
    release();
    const resumed = await first;
    expect([resumed.status, resumed.text, isReplayed(resumed)]).toStrictEqual([201, taken.text, "true"]);
    expect(await listed()).toStrictEqual([taken.body.credentialId]);
  });

  it("another body does not take the claim over", async () => {
    const { path, init } = await newRequest();
    const { env: slow, reached, release } = heldBack();
    const first = sendTo(slow, path, init());
    await reached;
    await later(60_000);
    const other = await call(path, { ...init(), json: { expiresAt: "2099-01-01T00:00:00.000Z" } });
    expect(problemOf(other)).toStrictEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    release();
    expect((await first).status).toBe(201);
  });

  it("a failure ends the claim at once", async () => {
    const { path, init, send, listed } = await newRequest();
    const { ORG_LEDGER } = bindings;
    const down = {
      idFromName: (id: string) => ORG_LEDGER.idFromName(id),
      get: (id: DurableObjectId) =>
        new Proxy(ORG_LEDGER.get(id), {
          get: (stub, method) =>
            method === "expectChange"
              ? () => Promise.reject(new Error("Network connection lost."))
              : (...parameters: unknown[]) =>
                  Reflect.apply(Reflect.get(stub, method) as () => unknown, stub, parameters),
        }),
    };
    const failed = await sendTo({ ...bindings, ORG_LEDGER: down } as unknown as Bindings, path, init());
    expect(problemOf(failed)).toStrictEqual([503, "SERVICE_UNAVAILABLE"]);
    const again = await send();
    expect([again.status, isReplayed(again)], again.text).toStrictEqual([201, null]);
    expect(await listed()).toStrictEqual([again.body.credentialId]);
  });
});

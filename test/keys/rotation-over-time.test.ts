/** Keys through next, current, previous and retired, while tokens are issued and checked the whole time. */
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import worker from "../../src/worker.ts";
import { adminToken, type Client, call, issuer, newClient, theOperator, tokenFor } from "../support/api.ts";

const hourMs = 3_600_000;
let agent: Client & { agentId: string };

beforeAll(async () => {
  agent = await newClient((await theOperator()).token);
});

afterEach(() => {
  vi.useRealTimers();
});

async function cron() {
  const execution = createExecutionContext();
  await worker.scheduled(createScheduledController(), env as never, execution);
  await waitOnExecutionContext(execution);
}

const jwks = async () => (await call("/.well-known/jwks.json")).body as JSONWebKeySet;
const use = async (token: string) => (await call(`/api/v1/agents/${agent.agentId}`, { token })).status;

/** Verifies as a resource server does that fetched the keys at some time before. */
async function verifies(token: string, keys: JSONWebKeySet): Promise<boolean> {
  const options = { issuer, audience: issuer, typ: "at+jwt", currentDate: new Date(Date.now()) };
  return jwtVerify(token, createLocalJWKSet(keys), options).then(
    () => true,
    () => false,
  );
}

describe("under load", () => {
  it("no token that should verify ever fails to, here or at a resource server whose keys are five minutes old", async () => {
    const { clientId, clientSecret } = await theOperator();
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    let live: { token: string; expiresAtMs: number }[] = [];
    const signers = new Set<string>();
    const published: string[][] = [];
    let keysBefore = await jwks();

    for (let step = 0; step < 60; step++) {
      vi.setSystemTime(start + step * hourMs);
      if (step % 9 === 4) {
        const admin = await adminToken({ clientId, clientSecret });
        expect((await call("/api/v1/keys/rotate", { token: admin, json: {} })).status).toBe(200);
      }
      await cron();
      const issued = await Promise.all(Array.from({ length: 4 }, () => tokenFor(agent)));
      for (const token of issued) {
        live.push({ token, expiresAtMs: (decodeJwt(token).exp ?? 0) * 1000 });
        signers.add(decodeProtectedHeader(token).kid ?? "");
      }
      // Half an hour on, every token that has not expired is used, and checked with keys that were fetched before it was made.
      vi.setSystemTime(start + step * hourMs + hourMs / 2);
      live = live.filter(({ expiresAtMs }) => expiresAtMs > Date.now());
      const outcomes = await Promise.all(
        live.map(async ({ token }) => [await use(token), await verifies(token, keysBefore)]),
      );
      expect(outcomes).toEqual(live.map(() => [200, true]));
      keysBefore = await jwks();
      published.push(keysBefore.keys.map(({ kid }) => kid ?? ""));
    }

    expect(signers.size).toBeGreaterThanOrEqual(7);
    const [first = ""] = signers;
    expect(published[0]).toContain(first);
    expect(published.at(-1)).not.toContain(first);
  });
});

describe("a compromised key", () => {
  it("dies at once, with its tokens, and the next token is signed with another", async () => {
    const { clientId, clientSecret } = await theOperator();
    const admin = await adminToken({ clientId, clientSecret });
    const token = await tokenFor(agent);
    expect(await use(token)).toBe(200);
    expect((await call("/api/v1/keys/rotate", { token: admin, json: { compromised: true } })).status).toBe(200);
    expect(await use(token)).toBe(401);
    expect((await call("/api/v1/token/introspect", { basic: agent, form: { token } })).body).toEqual({ active: false });
    expect(await verifies(token, await jwks())).toBe(false);
    const next = await tokenFor(agent);
    expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(token).kid);
    expect(await use(next)).toBe(200);
    expect(await verifies(next, await jwks())).toBe(true);
  });
});

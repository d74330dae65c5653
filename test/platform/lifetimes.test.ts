/** The longest lifetime is one number, and what is remembered until the last token has expired is remembered for as long. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { Revocations } from "../../src/ledger/revocations.ts";
import { type Bindings, settingsOf } from "../../src/platform/env.ts";
import type { AgentId } from "../../src/platform/ids.ts";
import { lend, newParties } from "../identity/delegation/_parties.ts";
import { adminToken, call, theOperator } from "../support/api.ts";

const bindings = env as unknown as Bindings;

afterEach(() => {
  vi.useRealTimers();
});

it("a token lives for a day at most", () => {
  expect(settingsOf({ ...bindings, TOKEN_TTL_SECONDS: "86400" }).tokenTtlSeconds).toBe(86_400);
  expect(() => settingsOf({ ...bindings, TOKEN_TTL_SECONDS: "86401" })).toThrow("at most 86400 seconds");
});

it("the ledger remembers a revocation for a day and five minutes", async () => {
  const object = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName("lifetimes"));
  const counts = await runInDurableObject(object, (_, { storage }) => {
    const revocations = new Revocations(storage.sql);
    const agentId = "0199f0c2-5a31-7c07-9f55-000000000001" as AgentId;
    revocations.cutOff({ kind: "agent", agentId }, 1_000_000_000_000);
    revocations.dropSigningKey("some-key", 1_000_000_000_000);
    return [86_700_000, 86_700_001].map((ms) => {
      revocations.forgetExpired(1_000_000_000_000 + ms);
      return storage.sql.exec("SELECT count(*) AS n FROM revocations").one().n;
    });
  });
  expect(counts).toEqual([2, 0]);
});

it("a delegation of a day ends with its delegator a minute before its time", async () => {
  const operator = await theOperator();
  const parties = await newParties(operator.token);
  const { chainId } = await lend(parties, { ttlSeconds: 86_400 });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_340_000 });
  const token = await adminToken(operator);
  const answer = await call(`/api/v1/agents/${parties.delegator.agentId}`, { method: "DELETE", token });
  expect(answer.status, answer.text).toBe(204);
  const row = await bindings.DB.prepare("SELECT revoked_at FROM delegations WHERE id = ?").bind(chainId).first();
  expect(Number(row?.revoked_at) - Date.now()).toBeGreaterThan(-60_000);
});

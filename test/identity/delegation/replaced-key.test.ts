/** The delegator gets another key while its delegations live. */
import { decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Body, call, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { lend, newParties, type Parties, verify } from "./_parties.ts";

let operator: Organization;
let parties: Parties;
let delegation: Body;

beforeEach(async () => {
  operator = await theOperator();
  parties = await newParties(operator.token);
  delegation = await lend(parties, { ttlSeconds: 86_400 });
});

afterEach(() => {
  vi.useRealTimers();
});

const kidOf = ({ delegationToken }: Body) => decodeProtectedHeader(delegationToken.slice("sa_del_".length)).kid;

async function replaceKey(publicKeyJwk: unknown): Promise<void> {
  const path = `/api/v1/agents/${parties.delegator.agentId}`;
  const answer = await call(path, { method: "PATCH", token: operator.token, json: { publicKeyJwk } });
  expect(answer.status, answer.text).toBe(200);
}

const broughtKey = async () => exportJWK((await generateKeyPair("ES256", { extractable: true })).publicKey);

it.each([
  ["made by the service", async () => null, /#key-2$/],
  ["that the agent keeps itself", broughtKey, /#[\w-]{43}$/],
])("a key %s: new delegations do not use the old one, and what that signed verifies still", async (_, key, kid) => {
  await replaceKey(await key());
  const after = await lend(parties);
  expect(kidOf(delegation)).toMatch(/#key-1$/);
  expect(kidOf(after)).toMatch(kid);
  for (const { delegationToken } of [delegation, after]) {
    expect((await verify(operator.token, delegationToken)).body.valid).toBe(true);
  }
});

it("the old key counts for as long as what it signed can live, a day and five minutes, and no longer", async () => {
  await replaceKey(null);
  const replacedAtMs = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: replacedAtMs + 86_400_000 + 299_000 });
  const token = await tokenFor(operator);
  const { body } = await verify(token, delegation.delegationToken);
  expect(body).toMatchObject({ valid: false, chainId: delegation.chainId, revokedAt: null });
  vi.setSystemTime(replacedAtMs + 86_400_000 + 301_000);
  expect((await verify(token, delegation.delegationToken)).body).toEqual({ valid: false });
});

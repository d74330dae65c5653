/**
 * Attack: assertion `jti` or DPoP proof replayed, 50 at once (GHSA-3p3g-vpw6-4w66): exactly one succeeds, wherever each of
 * them is sent, and none later. That two instances agree: test/interop/dpop.node.test.ts, workload-identity.node.test.ts.
 */
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { delegationTokenType, exchangeGrant } from "../identity/delegation/_parties.ts";
import { type Answer, call, issuer, newAgent } from "../support/api.ts";
import {
  assertionOf,
  assertionType,
  leaveWorld,
  lent,
  newSource,
  newWorld,
  proofOf,
  things,
  type World,
  workloadGrant,
} from "./_presentable.ts";

let world: World;

beforeAll(async () => {
  world = await newWorld();
});
afterAll(leaveWorld);

const fifty = <T>(work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 50 }, (_, index) => work(index)));
const headers = () => ({ "CF-Connecting-IP": newSource() });
const accepted = (answers: readonly Answer[]) => answers.filter(({ status }) => status === 200);
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))].sort();

/** Every request that a client assertion authenticates, and that succeeds with a good one. */
async function uses(): Promise<((assertion: string) => Promise<Answer>)[]> {
  const subject_token = world.tenant.token;
  const ask = (path: string, form: Record<string, string>) => (client_assertion: string) =>
    call(`/api/v1${path}`, {
      form: { client_assertion_type: assertionType, client_assertion, ...form },
      headers: headers(),
    });
  return [
    ask("/token", { grant_type: "client_credentials" }),
    ask("/oauth2/token", { grant_type: "client_credentials" }),
    ask("/token/introspect", { token: subject_token }),
    ask("/token/revoke", { token: "unknown" }),
  ];
}

describe("one client assertion, fifty times at once", () => {
  it("at every endpoint that takes one: it is good for one of them", async () => {
    const ways = await uses();
    for (const way of ways) expect((await way(await assertionOf(world))).status).toBe(200);
    const assertion = await assertionOf(world);
    const answers = await fifty((index) => ways[index % ways.length]!(assertion));
    expect(accepted(answers)).toHaveLength(1);
    expect(statuses(answers)).toEqual([200, 401]);
  });

  it("none later, until it has expired and is refused for that", async () => {
    const [way] = await uses();
    const assertion = await assertionOf(world);
    expect((await way!(assertion)).status).toBe(200);
    for (const seconds of [1, 30, 59, 61, 3600]) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
      expect((await way!(assertion)).status).toBe(401);
      vi.useRealTimers();
    }
  });

  it("nor another assertion with its jti; of another agent it is another one", async () => {
    const [way] = await uses();
    const jti = crypto.randomUUID();
    expect((await way!(await assertionOf(world, { jti }))).status).toBe(200);
    expect((await way!(await assertionOf(world, { jti, nonce: "another" }))).status).toBe(401);
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const { agentId } = await newAgent(world.tenant.token, { publicKeyJwk: await exportJWK(publicKey) });
    const other = { ...world, signer: { agentId, privateKey } };
    expect((await way!(await assertionOf(other, { jti }))).status).toBe(200);
  });

  it("an assertion that was refused for its audience uses nothing up", async () => {
    const [way] = await uses();
    const jti = crypto.randomUUID();
    for (const aud of [
      [],
      [issuer, "https://as.example.com"],
      "https://as.example.com/token",
      `${issuer}/api/v1/agents`,
    ]) {
      expect((await way!(await assertionOf(world, { jti, aud }))).status).toBe(401);
    }
    expect((await way!(await assertionOf(world, { jti }))).status).toBe(200);
  });
});

describe("one DPoP proof, fifty times at once", () => {
  it("at the token endpoint, with every grant: one token", async () => {
    const delegation = await lent(world);
    const DPoP = await proofOf(world);
    const forms = [
      { grant_type: "client_credentials" },
      { grant_type: exchangeGrant, subject_token: delegation, subject_token_type: delegationTokenType },
    ];
    const answers = await fifty((index) =>
      call("/api/v1/token", { basic: world.delegatee, form: forms[index % 2]!, headers: { DPoP } }),
    );
    expect(accepted(answers)).toHaveLength(1);
    expect(statuses(answers)).toEqual([200, 400]);
    for (const { body } of answers.filter(({ status }) => status === 400))
      expect(body.error).toBe("invalid_dpop_proof");
  });
});

describe("one workload's token, fifty times at once", () => {
  it("at each of its doors: one access token", async () => {
    const token = await things["workload's token"](world);
    const { agentId } = world.workload;
    const ways = [
      () => call("/api/v1/oidc/token", { json: { token, agentId }, headers: headers() }),
      () =>
        call("/api/v1/token", {
          form: { grant_type: workloadGrant, assertion: token, client_id: agentId },
          headers: headers(),
        }),
      () =>
        call("/api/v1/oauth2/token", {
          form: { grant_type: workloadGrant, assertion: token, client_id: agentId },
          headers: headers(),
        }),
    ];
    const answers = await fifty((index) => ways[index % ways.length]!());
    expect(accepted(answers)).toHaveLength(1);
    expect(statuses(answers)).toEqual([200, 401]);
    for (const way of ways) expect((await way()).body.error).toBe("invalid_grant");
  });
});

/** A client that retried while it was suspended signs in at once after its reactivation, as often as it was refused. */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  assertionOf,
  assertionType,
  leaveWorld,
  newWorld,
  things,
  type World,
  workloadGrant,
} from "../../security/_presentable.ts";
import { type Answer, adminToken, call, newClient, theOperator } from "../../support/api.ts";

let world: World;
let operator: string;

beforeAll(async () => {
  operator = (await theOperator()).token;
  world = await newWorld();
});
afterAll(leaveWorld);

/** More than the isolate lets through in ten seconds, and than the ledger does in a minute. */
const retries = 220;

const headers = { "CF-Connecting-IP": "203.0.113.77" };
const signInWith = (form: Record<string, string>) =>
  call("/api/v1/token", { form: { grant_type: "client_credentials", ...form }, headers });

interface Retrying {
  readonly agentId: string;
  readonly signIn: () => Promise<Answer>;
}

/** Each client with its own proof. The secret is new: the isolate has not seen it. */
const ways: Readonly<Record<string, () => Promise<Retrying>>> = {
  client_secret_post: async () => {
    const { agentId, clientId, clientSecret } = await newClient(await adminToken(world.tenant));
    return { agentId, signIn: () => signInWith({ client_id: clientId, client_secret: clientSecret }) };
  },
  private_key_jwt: async () => ({
    agentId: world.signer.agentId,
    signIn: async () =>
      signInWith({ client_assertion_type: assertionType, client_assertion: await assertionOf(world) }),
  }),
  "a workload's token": async () => ({
    agentId: world.workload.agentId,
    signIn: async () => {
      const assertion = await things["workload's token"](world);
      return signInWith({ grant_type: workloadGrant, client_id: world.workload.agentId, assertion });
    },
  }),
};

/** Retries in a suspension: each is refused. */
async function retry({ signIn }: Retrying): Promise<void> {
  const answers = await Promise.all(Array.from({ length: retries }, signIn));
  expect(answers.map(({ status }) => status).filter((status) => status !== 401 && status !== 429)).toEqual([]);
}

async function changeStatus(path: string, token: string, status: string): Promise<void> {
  const answer = await call(`/api/v1${path}`, { method: "PATCH", token, json: { status } });
  expect(answer.status, answer.text).toBe(200);
}

const names = Object.keys(ways);

it.each(names)("%s: after a suspension of the agent", async (name) => {
  const client = await ways[name]!();
  const change = async (status: string) =>
    changeStatus(`/agents/${client.agentId}`, await adminToken(world.tenant), status);
  await change("suspended");
  await retry(client);
  expect((await client.signIn()).status).toBe(429);
  await change("active");
  const answer = await client.signIn();
  expect(answer.status, answer.text).toBe(200);
});

it.each(names)("%s: after a suspension of the organization", async (name) => {
  const client = await ways[name]!();
  const change = (status: string) => changeStatus(`/organizations/${world.tenant.organizationId}`, operator, status);
  await change("suspended");
  await retry(client);
  await change("active");
  const answer = await client.signIn();
  expect(answer.status, answer.text).toBe(200);
});

it("wrong secrets count also in a suspension: the right one is accepted after it, and they are not", async () => {
  const { agentId, clientId, clientSecret } = await newClient(await adminToken(world.tenant));
  const change = async (status: string) => changeStatus(`/agents/${agentId}`, await adminToken(world.tenant), status);
  await change("suspended");
  const guess = () => signInWith({ client_id: clientId, client_secret: `sa_sec_${"A".repeat(52)}` });
  for (let count = 0; count < 10; count++) expect((await guess()).status).toBe(401);
  await change("active");
  expect((await guess()).status).toBe(429);
  expect((await signInWith({ client_id: clientId, client_secret: clientSecret })).status).toBe(200);
  expect((await guess()).status).toBe(429);
});

/** Strangers and agents with few rights send long scopes: the audit log still takes every event, and is read. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Client, call, newClient, newOrganization, type Organization } from "../../support/api.ts";
import { limitValues } from "../../support/value-limit.ts";

/** 250,889 bytes: almost as much as a body may have. */
const scope = Array.from({ length: 2000 }, (_, index) => `scope-${index}:${"x".repeat(114)}`).join(" ");

let tenant: Organization;
let agents: Client[];
let refusedSizes: number[];

beforeAll(async () => {
  tenant = await newOrganization();
  agents = [];
  for (let made = 0; made < 6; made++) agents.push(await newClient(tenant.token));
  refusedSizes = await limitValues();
});

afterAll(() => void vi.restoreAllMocks());

let networks = 0;

/** A token request of a network of its own, since the log records ten refusals of one network. */
const request = (client: Client, parameters: Record<string, string> = {}) =>
  call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", ...parameters },
    headers: { "CF-Connecting-IP": `2001:db8:0:${(++networks).toString(16)}::1` },
  });

const withWrongSecret = ({ clientId }: Client): Client => ({ clientId, clientSecret: `sa_sec_${"A".repeat(52)}` });

function tally(values: readonly (number | string)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

async function expectReadable(): Promise<void> {
  const { token } = tenant;
  for (const path of ["/audit", "/audit/verify", "/audit/export", "/analytics/tokens", "/compliance/report"]) {
    const { status, text } = await call(`/api/v1${path}`, { token });
    expect([path, status], text.slice(0, 300)).toEqual([path, 200]);
  }
  const { body } = await call("/api/v1/audit/verify", { token });
  expect(body).toMatchObject({ verified: true });
  expect(refusedSizes).toEqual([]);
}

const lastRefusal = async () =>
  (await call("/api/v1/audit?action=token.refused&limit=1", { token: tenant.token })).body.data[0];

it("sixty wrong secrets with a scope of 250 KB: the event has ten scopes of 64 characters, and their number", async () => {
  const statuses: number[] = [];
  for (let round = 0; round < 5; round++) {
    const clients = Array.from({ length: 12 }, (_, index) => withWrongSecret(agents[index % 6]!));
    const answers = await Promise.all(clients.map((client) => request(client, { scope })));
    statuses.push(...answers.map(({ status }) => status));
  }
  expect(tally(statuses)).toEqual({ 401: 60 });
  await expectReadable();
  const { details } = await lastRefusal();
  const named = Array.from({ length: 10 }, (_, index) => `scope-${index}:${"x".repeat(64 - 8)}`);
  expect(details).toEqual({
    grant: "client_credentials",
    scope: named.join(" "),
    scopeCount: 2000,
    reason: "wrong_secret",
  });
});

it("75 at once with the right secret, beside 20 ordinary requests: no request fails but for its scope", async () => {
  const [large, ordinary] = await Promise.all([
    Promise.all(Array.from({ length: 75 }, () => request(agents[0]!, { scope }))),
    Promise.all(Array.from({ length: 20 }, (_, index) => request(agents[(index % 5) + 1]!))),
  ]);
  expect(tally(large.map(({ status, body }) => `${status} ${body.error}`))).toEqual({ "400 invalid_scope": 75 });
  expect(tally(ordinary.map(({ status }) => status))).toEqual({ 200: 20 });
  await expectReadable();
  const { details } = await lastRefusal();
  expect(details).toMatchObject({ reason: "invalid_scope", scopeCount: 2000 });
  expect(details.scope.length).toBe(10 * 64 + 9);
});

it("ten scopes and fewer are named without a number", async () => {
  expect((await request(agents[0]!, { scope: "agents:write" })).status).toBe(400);
  const { details } = await lastRefusal();
  expect(details).toEqual({ grant: "client_credentials", reason: "invalid_scope", scope: "agents:write" });
});

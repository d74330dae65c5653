/** A step of the clock: `iat` and `exp` come from the clock, ids grow, and every cut-off holds in the order of the ids. */
import { decodeJwt } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  adminToken,
  type Client,
  call,
  newAgent,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  resourceOf,
  theOperator,
  tokenFor,
} from "../support/api.ts";
import { clockAt, noon, openLedger } from "./_support.ts";

afterEach(() => void vi.useRealTimers());

const hourMs = 3_600_000;

interface Stage {
  readonly organization: Organization;
  readonly client: Client & { readonly agentId: string; readonly credentialId: string };
  readonly delegateeId: string;
  readonly resource: string;
}

/** An organization that is made at this moment, with an agent, a delegatee, and a resource whose tokens live five minutes. */
async function newStage(ms: number): Promise<Stage> {
  clockAt(ms);
  const organization = await newOrganization();
  const grantedScopes = ["agents:read", "audit:read", "delegations:write"];
  const client = await newClient(organization.token, { grantedScopes });
  const { agentId: delegateeId } = await newAgent(organization.token);
  const resource = await resourceOf(organization, "clock", { tokenTtlSeconds: 300 });
  return { organization, client, delegateeId, resource };
}

const lifeOf = (token: string) => {
  const { iat = 0, exp = 0, jti } = decodeJwt(token.replace("sa_del_", ""));
  return { iat, seconds: exp - iat, jti: String(jti) };
};

async function delegate({ delegateeId }: Stage, token: string): Promise<string> {
  const json = { delegateeAgentId: delegateeId, scopes: ["agents:read"], ttlSeconds: 900 };
  const answer = await call("/api/v1/oauth2/token/delegate", { token, json });
  expect(answer.status, answer.text).toBe(201);
  expect(Date.parse(answer.body.expiresAt) - Date.parse(answer.body.issuedAt)).toBe(900_000);
  return answer.body.delegationToken;
}

/** Every kind of token that the agent can get at this moment: their lives, and the ids in the order of issue. */
async function everyToken(stage: Stage) {
  const form = { grant_type: "client_credentials", scope: "agents:read openid delegations:write" };
  const { body } = await call("/api/v1/token", { basic: stage.client, form });
  const access = lifeOf(body.access_token);
  const narrow = lifeOf(await tokenFor(stage.client, { resource: stage.resource }));
  const delegation = lifeOf(await delegate(stage, body.access_token));
  return {
    token: body.access_token as string,
    lives: {
      access: [access.iat, access.seconds, body.expires_in],
      id: [lifeOf(body.id_token).iat, lifeOf(body.id_token).seconds],
      narrow: [narrow.iat, narrow.seconds],
      delegation: [delegation.iat, delegation.seconds],
    },
    ids: [access.jti, narrow.jti, delegation.jti],
  };
}

const use = async (token: string) => (await call("/api/v1/agents", { token })).status;

const introspect = async ({ organization, client }: Stage, token: string) => {
  const answer = await call("/api/v1/token/introspect", { basic: client, form: { token } });
  expect(answer.status, organization.slug).toBe(200);
  return answer.body.active;
};

describe("the clock table", () => {
  // The moments, one after the other, and the second of each since the epoch.
  it.each<[string, readonly (readonly [string, number])[]]>([
    [
      "an hour forward and back",
      [
        ["2028-03-10T10:00:00.000Z", 1_836_295_200],
        ["2028-03-10T11:00:00.000Z", 1_836_298_800],
        ["2028-03-10T10:00:05.999Z", 1_836_295_205],
      ],
    ],
    [
      "the end of a day, and a day forward and back",
      [
        ["2028-03-10T23:59:59.999Z", 1_836_345_599],
        ["2028-03-11T23:59:59.999Z", 1_836_431_999],
        ["2028-03-11T00:00:00.000Z", 1_836_345_600],
      ],
    ],
    [
      "the end of a month, forward and back",
      [
        ["2028-01-31T23:59:59.999Z", 1_832_975_999],
        ["2028-02-01T00:00:00.000Z", 1_832_976_000],
        ["2028-01-31T23:59:59.999Z", 1_832_975_999],
      ],
    ],
    [
      "a leap day",
      [
        ["2028-02-28T23:59:59.999Z", 1_835_395_199],
        ["2028-02-29T00:00:00.000Z", 1_835_395_200],
        ["2028-03-01T00:00:00.000Z", 1_835_481_600],
        ["2028-02-29T23:59:59.999Z", 1_835_481_599],
      ],
    ],
    [
      "the end of a year, and a year forward and back",
      [
        ["2028-12-31T23:59:59.999Z", 1_861_919_999],
        ["2029-12-31T23:59:59.999Z", 1_893_455_999],
        ["2029-01-01T00:00:00.000Z", 1_861_920_000],
      ],
    ],
  ])("%s: iat is now, lives are exact, ids grow", async (_, moments) => {
    const stage = await newStage(Date.parse(moments[0]![0]));
    const ids: string[] = [];
    for (const [moment, second] of moments) {
      clockAt(Date.parse(moment));
      const { token, lives, ids: issued } = await everyToken(stage);
      expect(lives, moment).toEqual({
        access: [second, 3600, 3600],
        id: [second, 3600],
        narrow: [second, 300],
        delegation: [second, 900],
      });
      expect(await use(token)).toBe(200);
      // At its end by the clock, and not an hour later.
      clockAt((second + 3600) * 1000);
      expect(await use(token)).toBe(401);
      ids.push(...issued);
    }
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(3 * moments.length);
  });
});

const patch = async (path: string, token: string, json: unknown) => {
  const answer = await call(path, { method: "PATCH", token, json });
  expect(answer.status, answer.text).toBe(200);
};

/** What ends the tokens and delegations of the agent. Each returns what the agent signs in with afterwards. */
const cuts: Record<string, (stage: Stage, tokens: readonly string[]) => Promise<Client>> = {
  "a suspension of the agent, undone at once": async ({ organization, client }) => {
    const token = await adminToken(organization);
    for (const status of ["suspended", "active"]) await patch(`/api/v1/agents/${client.agentId}`, token, { status });
    return client;
  },
  "a suspension of its organization, undone at once": async ({ organization: { organizationId }, client }) => {
    const token = await adminToken(await theOperator());
    for (const status of ["suspended", "active"]) {
      await patch(`/api/v1/organizations/${organizationId}`, token, { status });
    }
    return client;
  },
  "a rotation without overlap": async ({ organization, client: { agentId, credentialId } }) => {
    const path = `/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`;
    const answer = await call(path, { token: await adminToken(organization), json: {} });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  },
  "the revocation of its credential": async ({ organization, client: { agentId, credentialId } }) => {
    const token = await adminToken(organization);
    const path = `/api/v1/agents/${agentId}/credentials/${credentialId}`;
    expect((await call(path, { method: "DELETE", token })).status).toBe(204);
    return newCredential(token, agentId);
  },
  "the revocation of each token": async ({ client }, tokens) => {
    for (const token of tokens) {
      expect((await call("/api/v1/token/revoke", { basic: client, form: { token } })).status).toBe(200);
    }
    return client;
  },
};

describe("a clock that is an hour ahead for a moment", () => {
  it.each(Object.entries(cuts))("%s ends what was issued before, and nothing after", async (_, cut) => {
    const stage = await newStage(noon);
    const tokens: string[] = [];
    const delegations: string[] = [];
    const { alarm, restart } = openLedger(stage.organization.organizationId);
    for (const ms of [0, hourMs, 5_000]) {
      clockAt(noon + ms);
      const token = await tokenFor(stage.client, { scope: "agents:read delegations:write" });
      tokens.push(token);
      delegations.push(await delegate(stage, token));
    }
    const client = await cut(stage, tokens);
    const after = { ...stage, client: { ...stage.client, ...client } };
    // In the millisecond of the cut.
    const later = [await tokenFor(client, { scope: "agents:read delegations:write" })];
    const laterDelegations = [await delegate(stage, later[0]!)];
    const judge = async (when: string) => {
      const used = await Promise.all([...tokens, ...later].map(use));
      expect(used, when).toEqual([401, 401, 401, ...later.map(() => 200)]);
      const ended = [...tokens, ...delegations];
      const valid = [...later, ...laterDelegations];
      const active = await Promise.all([...ended, ...valid].map((one) => introspect(after, one)));
      expect(active, when).toEqual([...ended.map(() => false), ...valid.map(() => true)]);
    };
    await judge("at the cut");
    const { body } = await call("/api/v1/oauth2/token/delegations", { token: later[0]! });
    expect(body.data.map(({ status }: { status: string }) => status)).toEqual([
      "active",
      "revoked",
      "revoked",
      "revoked",
    ]);

    await restart();
    clockAt(noon + 4_000);
    later.push(await tokenFor(client));
    await judge("after a restart with a clock that is behind");

    // The ledger forgets the delegations, and the revocations of single tokens, that have expired by the wrong clock.
    laterDelegations.length = 0;
    clockAt(noon + 60_000 * 61);
    await alarm();
    await restart();
    clockAt(noon + 6_000);
    later.push(await tokenFor(client));
    await judge("after the ledger forgot tokens by a clock that was ahead");
  });
});

describe("a resource that is registered again after a clock was ahead", () => {
  it("takes no token of before, whose id is ahead of the clock, and every token of after", async () => {
    const stage = await newStage(noon);
    clockAt(noon + hourMs);
    await tokenFor(stage.client);
    clockAt(noon + 5_000);
    const { organization, client, resource } = stage;
    const token = await adminToken(organization);
    const before = await tokenFor(client, { resource });
    expect(await introspect(stage, before)).toBe(true);
    const { data } = (await call("/api/v1/resources", { token })).body;
    const path = `/api/v1/resources/${data[0].resourceId}`;
    expect((await call(path, { method: "DELETE", token })).status).toBe(204);
    clockAt(noon + 7_000);
    expect(await resourceOf({ ...organization, token }, "clock")).toBe(resource);
    expect(await introspect(stage, before)).toBe(false);
    expect(await introspect(stage, await tokenFor(client, { resource }))).toBe(true);
  });
});

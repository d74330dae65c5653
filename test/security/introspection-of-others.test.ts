/**
 * Attack: introspecting or revoking another organization's or client's token (CVE-2026-37979): `active: false`, and
 * revoking leaves it alive. Every kind of token, by everybody whose it is not, by every way to authenticate.
 */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { exchange, lend, newParties, type Parties, verify } from "../identity/delegation/_parties.ts";
import {
  type Body,
  type Call,
  call,
  issuer,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  resourceOf,
  tokenFor,
} from "../support/api.ts";
import { assertionType } from "./_presentable.ts";

let tenant: Organization;
let parties: Parties;
let subjects: Record<string, string>;

/** What somebody sends to say who it is: a header, or fields of the form. */
type Way = (path: string) => Promise<{ readonly init: Call; readonly form: Record<string, string> }>;

const byBasic =
  (client: Body): Way =>
  async () => ({ init: { basic: client }, form: {} });
const byPost =
  ({ clientId, clientSecret }: Body): Way =>
  async () => ({ init: {}, form: { client_id: clientId, client_secret: clientSecret } });
const byBearer =
  (token: string): Way =>
  async () => ({ init: { token }, form: {} });

async function signerOf(token: string, fields: Record<string, unknown>): Promise<Way> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { agentId } = await newAgent(token, { publicKeyJwk: await exportJWK(publicKey), ...fields });
  return async () => {
    const times = { iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60 };
    const client_assertion = await new SignJWT({
      iss: agentId,
      sub: agentId,
      aud: issuer,
      jti: crypto.randomUUID(),
      ...times,
    })
      .setProtectedHeader({ alg: "ES256" })
      .sign(privateKey);
    return { init: {}, form: { client_assertion_type: assertionType, client_assertion } };
  };
}

let foreign: Record<string, Way>;
let unentitled: Record<string, Way>;

beforeAll(async () => {
  tenant = await newOrganization();
  const stranger = await newOrganization();
  parties = await newParties(tenant.token);
  const { delegationToken } = await lend(parties);
  subjects = {
    "an access token": parties.token,
    "an access token for another API": await tokenFor(parties.delegator, { resource: await resourceOf(tenant) }),
    "an access token with lent authority": (await exchange(parties.delegatee, delegationToken)).body.access_token,
    "a delegation token": delegationToken,
  };
  foreign = {
    "another organization's admin, by Bearer": byBearer(stranger.token),
    "another organization's admin, by Basic": byBasic(stranger),
    "another organization's admin, by post": byPost(stranger),
    "another organization's agent, by its key": await signerOf(stranger.token, {}),
  };
  // Agents of the same organization that hold neither `tokens:read` nor `agents:write`.
  const grantedScopes: string[] = ["agents:read"];
  const other = await newClient(tenant.token, { grantedScopes });
  unentitled = {
    "another client, by Basic": byBasic(other),
    "another client, by post": byPost(other),
    "another client, by its key": await signerOf(tenant.token, { grantedScopes }),
  };
});

async function ask(path: string, way: Way, token: string) {
  const { init, form } = await way(path);
  return call(`/api/v1/token/${path}`, { ...init, form: { token, ...form } });
}

const isActive = async (token: string) => {
  const { body } = await call("/api/v1/token/introspect", { basic: tenant, form: { token } });
  return body.active;
};

const kinds = [
  "an access token",
  "an access token for another API",
  "an access token with lent authority",
  "a delegation token",
];

describe.each(kinds)("%s", (kind) => {
  const subject = () => subjects[kind] ?? "";

  it("is active for its own organization", async () => {
    expect(await isActive(subject())).toBe(true);
  });

  it.each([
    "another organization's admin, by Bearer",
    "another organization's admin, by Basic",
    "another organization's admin, by post",
    "another organization's agent, by its key",
  ])("is not active for %s, and nobody of it can revoke it", async (name) => {
    const way = foreign[name] as Way;
    const introspected = await ask("introspect", way, subject());
    expect([introspected.status, introspected.text]).toEqual([200, '{"active":false}']);
    expect((await ask("revoke", way, subject())).status).toBe(200);
    expect(await isActive(subject())).toBe(true);
  });

  it.each(["another client, by Basic", "another client, by post", "another client, by its key"])(
    "is not active for %s that may not read tokens, and it cannot revoke it",
    async (name) => {
      const way = unentitled[name] as Way;
      const introspected = await ask("introspect", way, subject());
      expect([introspected.status, introspected.text]).toEqual([200, '{"active":false}']);
      expect((await ask("revoke", way, subject())).status).toBe(200);
      expect(await isActive(subject())).toBe(true);
    },
  );
});

describe("a client that may not read tokens still sees its own", () => {
  it("access token, by client authentication", async () => {
    const client = await newClient(tenant.token, { grantedScopes: [] });
    const token = await tokenFor(client);
    const { body } = await call("/api/v1/token/introspect", { basic: client, form: { token } });
    expect(body).toMatchObject({ active: true, client_id: client.agentId });
    const byItself = await call("/api/v1/token/introspect", { token, form: { token } });
    expect(byItself.body).toEqual(body);
  });

  it("delegation, from either side, and what is made of it", async () => {
    const delegator = await newClient(tenant.token, { grantedScopes: ["audit:read", "webhooks:read"] });
    const delegatee = await newClient(tenant.token, { grantedScopes: [] });
    const { delegationToken } = await lend({ token: await tokenFor(delegator), delegatee });
    const made = (await exchange(delegatee, delegationToken)).body.access_token;
    for (const basic of [delegator, delegatee]) {
      for (const token of [delegationToken, made]) {
        const { body } = await call("/api/v1/token/introspect", { basic, form: { token } });
        expect(body).toMatchObject({ active: true, sub: delegator.agentId, act: { sub: delegatee.agentId } });
      }
    }
    expect((await verify(tenant.token, delegationToken)).body.valid).toBe(true);
  });
});

/**
 * Everything that somebody may present to be let in, and every door that it may be presented at. Each thing opens its own door
 * and no other.
 */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, vi } from "vitest";
import {
  type AgentClient,
  delegate,
  delegationTokenType,
  exchange,
  newParties,
} from "../identity/delegation/_parties.ts";
import { api, type Issuer, newIssuer, newPartner, serveIssuers } from "../identity/federation/_support.ts";
import { newPolicy, oidcPolicy } from "../identity/workloads/_policies.ts";
import {
  type Body,
  type Call,
  type Client,
  call,
  issuer,
  newAgent,
  newOrganization,
  type Organization,
  setupToken,
  theOperator,
} from "../support/api.ts";

export const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
export const workloadGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export interface World {
  readonly tenant: Organization;
  readonly delegator: AgentClient;
  readonly delegatee: AgentClient;
  /** An agent that keeps its own key. */
  readonly signer: { readonly agentId: string; readonly privateKey: CryptoKey };
  /** An agent without any secret. */
  readonly workload: Body;
  /** Another identity provider, a partner, whose tokens are also those of the workload. */
  readonly other: Issuer;
  readonly proofKey: CryptoKeyPair;
}

export async function newWorld(): Promise<World> {
  await theOperator();
  const tenant = await newOrganization();
  serveIssuers();
  const { delegator, delegatee } = await newParties(tenant.token);
  const pair = await generateKeyPair("ES256", { extractable: true });
  const publicKeyJwk = await exportJWK(pair.publicKey);
  const signer = await newAgent(tenant.token, { publicKeyJwk });
  const workload = await newAgent(tenant.token);
  const other = await newIssuer();
  await newPartner(tenant.token, { issuer: other.issuer, audiences: [api] });
  const policy = { issuer: other.issuer, audience: issuer, claims: { sub: "a-workload" } };
  await newPolicy(tenant.token, oidcPolicy(workload.agentId, policy));
  const proofKey = await generateKeyPair("ES256", { extractable: true });
  return {
    tenant,
    delegator,
    delegatee,
    signer: { agentId: signer.agentId, privateKey: pair.privateKey },
    workload,
    other,
    proofKey,
  };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);
const signIn = async (client: Client, form: Record<string, string> = {}, init: Call = {}): Promise<Body> => {
  const answer = await call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials", ...form },
    ...init,
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};

/** A client assertion of the signer's. */
export const assertionOf = ({ signer }: World, claims: Record<string, unknown> = {}) =>
  new SignJWT({
    iss: signer.agentId,
    sub: signer.agentId,
    aud: issuer,
    jti: crypto.randomUUID(),
    iat: nowSeconds(),
    exp: nowSeconds() + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: "ES256" })
    .sign(signer.privateKey);

/** A proof for the token endpoint. */
export const proofOf = async ({ proofKey }: World, path = "/api/v1/token") =>
  new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: `${issuer}${path}`, iat: nowSeconds() })
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: await exportJWK(proofKey.publicKey) })
    .sign(proofKey.privateKey);

export const lent = async ({ delegator, delegatee }: World): Promise<string> => {
  const { access_token } = await signIn(delegator, { scope: "audit:read webhooks:read tokens:read" });
  const answer = await delegate(access_token, delegatee.agentId, { scopes: ["audit:read", "tokens:read"] });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.delegationToken;
};

async function publicBadge({ tenant }: World): Promise<string> {
  const { agentId } = await newAgent((await signIn(tenant, { scope: "agents:write admin:orgs" })).access_token, {
    isPublic: true,
  });
  return (await call(`/api/v1/agents/${agentId}/badge`)).text;
}

/** Makes one of each, new each time. */
export const things = {
  "access token": async (world: World) => (await signIn(world.delegatee)).access_token,
  "access token bound to a key": async (world: World) => {
    return (await signIn(world.delegatee, {}, { headers: { DPoP: await proofOf(world) } })).access_token;
  },
  "access token with lent authority": async (world: World) => {
    return (await exchange(world.delegatee, await lent(world))).body.access_token;
  },
  id_token: async (world: World) => (await signIn(world.delegatee, { scope: "openid" })).id_token,
  "delegation token": lent,
  "delegation token without its prefix": async (world: World) => (await lent(world)).slice("sa_del_".length),
  "access token with the prefix of a delegation": async (world: World) => {
    return `sa_del_${(await signIn(world.delegatee)).access_token}`;
  },
  "client assertion": assertionOf,
  "DPoP proof": (world: World) => proofOf(world),
  "workload's token": ({ other }: World) =>
    other.sign(
      { aud: issuer, sub: "a-workload", scope: undefined, client_id: undefined, jti: crypto.randomUUID() },
      { typ: "JWT" },
    ),
  "partner's token": ({ other }: World) => other.sign(),
  "agent badge": publicBadge,
  "client secret": async ({ delegatee }: World) => delegatee.clientSecret,
  "set-up token": async () => setupToken,
} satisfies Record<string, (world: World) => Promise<string>>;

export type Thing = keyof typeof things;

export interface Door {
  /** What it is open for. */
  readonly opensFor: readonly Thing[];
  /** Whether the value goes through a header, whose outer white space is no part of it. */
  readonly isHeader: boolean;
  /** Whether it opened. */
  present(world: World, value: string): Promise<boolean>;
}

const isGranted = ({ status, body }: { status: number; body: Body }) =>
  status === 200 && typeof body.access_token === "string";

export const doors: Readonly<Record<string, Door>> = {
  "the API, as Bearer": {
    opensFor: ["access token", "access token with lent authority"],
    isHeader: true,
    present: async (_, value) =>
      (await call("/agent-info", { headers: { Authorization: `Bearer ${value}` } })).status === 200,
  },
  introspection: {
    opensFor: ["access token", "access token bound to a key", "access token with lent authority", "delegation token"],
    isHeader: false,
    present: async ({ tenant }, value) =>
      (await call("/api/v1/token/introspect", { basic: tenant, form: { token: value } })).body.active,
  },
  "token exchange, as subject_token": {
    opensFor: ["delegation token"],
    isHeader: false,
    present: async ({ delegatee }, value) => isGranted(await exchange(delegatee, value)),
  },
  "token exchange, as subject_token of type access_token": {
    opensFor: [],
    isHeader: false,
    present: async ({ delegatee }, value) => {
      const subject_token_type = "urn:ietf:params:oauth:token-type:access_token";
      return isGranted(await exchange(delegatee, value, { subject_token_type }));
    },
  },
  "token exchange, as actor_token": {
    opensFor: [],
    isHeader: false,
    present: async (world, value) => {
      const actor = { actor_token: value, actor_token_type: delegationTokenType };
      return isGranted(await exchange(world.delegatee, await lent(world), actor));
    },
  },
  client_assertion: {
    opensFor: ["client assertion"],
    isHeader: false,
    present: async (_, value) =>
      isGranted(
        await call("/api/v1/token", {
          form: { grant_type: "client_credentials", client_assertion_type: assertionType, client_assertion: value },
        }),
      ),
  },
  "the jwt-bearer grant": {
    opensFor: ["workload's token"],
    isHeader: false,
    present: async ({ workload }, value) =>
      isGranted(
        await call("/api/v1/token", {
          form: { grant_type: workloadGrant, assertion: value, client_id: workload.agentId },
          headers: { "CF-Connecting-IP": newSource() },
        }),
      ),
  },
  "POST /oidc/token": {
    opensFor: ["workload's token"],
    isHeader: false,
    present: async ({ workload }, value) =>
      isGranted(
        await call("/api/v1/oidc/token", {
          json: { token: value, agentId: workload.agentId },
          headers: { "CF-Connecting-IP": newSource() },
        }),
      ),
  },
  "POST /federation/verify": {
    opensFor: ["partner's token"],
    isHeader: false,
    present: async ({ tenant }, value) =>
      (await call("/api/v1/federation/verify", { token: (await signIn(tenant)).access_token, json: { token: value } }))
        .body.valid === true,
  },
  "POST /oauth2/token/verify-delegation": {
    opensFor: ["delegation token"],
    isHeader: false,
    present: async ({ tenant }, value) => {
      const token = (await signIn(tenant)).access_token;
      return (
        (await call("/api/v1/oauth2/token/verify-delegation", { token, json: { delegationToken: value } })).body
          .valid === true
      );
    },
  },
  "the DPoP header": {
    opensFor: ["DPoP proof"],
    isHeader: true,
    present: async ({ delegatee }, value) =>
      isGranted(
        await call("/api/v1/token", {
          basic: delegatee,
          form: { grant_type: "client_credentials" },
          headers: { DPoP: value },
        }),
      ),
  },
  client_secret_basic: {
    opensFor: ["client secret"],
    isHeader: false,
    present: async ({ delegatee }, value) =>
      isGranted(
        await call("/api/v1/token", {
          basic: { clientId: delegatee.clientId, clientSecret: value },
          form: { grant_type: "client_credentials" },
          headers: { "CF-Connecting-IP": newSource() },
        }),
      ),
  },
  client_secret_post: {
    opensFor: ["client secret"],
    isHeader: false,
    present: async ({ delegatee }, value) =>
      isGranted(
        await call("/api/v1/token", {
          form: { grant_type: "client_credentials", client_id: delegatee.clientId, client_secret: value },
          headers: { "CF-Connecting-IP": newSource() },
        }),
      ),
  },
  "POST /setup": {
    opensFor: ["set-up token"],
    isHeader: true,
    present: async (_, value) => {
      const json = { organizationName: "Second", slug: "second", adminEmail: "second@example.com" };
      const answer = await call("/api/v1/setup", { json, headers: { Authorization: `Bearer ${value}` } });
      // It has been set up: whoever is let in learns so.
      return answer.status === 409;
    },
  },
};

let sources = 0;
/** An address that no other request comes from, so that nobody is throttled for what others did. */
export const newSource = () => `198.18.${(++sources >> 8) & 255}.${sources & 255}`;

/** Gives the Internet back. */
export const leaveWorld = () => vi.restoreAllMocks();

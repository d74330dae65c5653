/**
 * Attack: every grant with organization, agent, credential, key, policy or delegator disabled (CVE-2026-1486): refused,
 * each combination. Two things disabled and one of them enabled again is still refused.
 */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { delegationTokenType, exchangeGrant } from "../identity/delegation/_parties.ts";
import { type Issuer, newIssuer, serveIssuers } from "../identity/federation/_support.ts";
import { newPolicy, oidcPolicy } from "../identity/workloads/_policies.ts";
import {
  type Answer,
  adminToken,
  type Body,
  call,
  issuer,
  newAgent,
  newCredential,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";
import { assertionType, newSource, workloadGrant } from "./_presentable.ts";

let operator: string;
let platform: Issuer;

beforeAll(async () => {
  operator = (await theOperator()).token;
  serveIssuers();
  platform = await newIssuer();
});
afterAll(() => vi.restoreAllMocks());

/** Everything that a sign-in may stand on. */
interface Stand {
  readonly tenant: Organization;
  readonly agentId: string;
  readonly credential: Body;
  readonly policyId: string;
  readonly privateKey: CryptoKey;
  readonly delegator: { readonly agentId: string; readonly credential: Body };
  readonly delegation: Body;
}

/** Registers with a token that no test takes back: that of the organization's admin, made anew. */
const asAdmin = ({ tenant }: Pick<Stand, "tenant">) => adminToken(tenant);

let shared: Promise<Organization> | undefined;

/** One organization for all tests that disable something in it: making one takes as long as the rest of a test. */
function tenantFor(disabled: readonly Disabling[]): Promise<Organization> {
  if (disabled.some(({ of, movesClock }) => of === "organization" || movesClock)) return newOrganization();
  shared ??= newOrganization();
  return shared;
}

/** Only what the way needs is made, because two hundred tests begin with this. */
async function newStand(way: keyof typeof ways, ...disabled: readonly Disabling[]): Promise<Stand> {
  const needs = (part: string) => (ways[way].on as string[]).includes(part);
  const tenant = await tenantFor(disabled);
  const { token } = tenant;
  const pair = await generateKeyPair("ES256", { extractable: true });
  const { agentId } = await newAgent(token, needs("key") ? { publicKeyJwk: await exportJWK(pair.publicKey) } : {});
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const policy = { issuer: platform.issuer, audience: issuer, claims: { sub: agentId } };
  const parts = {
    ...(needs("credential") ? { credential: await newCredential(token, agentId, { expiresAt }) } : {}),
    ...(needs("policy") ? { policyId: (await newPolicy(token, oidcPolicy(agentId, policy))).policyId } : {}),
    ...(needs("delegation") ? await lendTo(token, agentId) : {}),
  };
  return { tenant, agentId, privateKey: pair.privateKey, ...parts } as Stand;
}

async function lendTo(token: string, agentId: string): Promise<Pick<Stand, "delegator" | "delegation">> {
  const lender = await newAgent(token, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] });
  const credential = await newCredential(token, lender.agentId);
  const lending = await call("/api/v1/oauth2/token/delegate", {
    token: await tokenFor(credential),
    json: { delegateeAgentId: agentId, scopes: ["audit:read"], ttlSeconds: 900 },
  });
  expect(lending.status, lending.text).toBe(201);
  return { delegator: { agentId: lender.agentId, credential }, delegation: lending.body };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

function assertionOf({ agentId, privateKey }: Stand): Promise<string> {
  const times = { iat: nowSeconds(), exp: nowSeconds() + 60 };
  return new SignJWT({ iss: agentId, sub: agentId, aud: issuer, jti: crypto.randomUUID(), ...times })
    .setProtectedHeader({ alg: "ES256" })
    .sign(privateKey);
}

const workloadToken = ({ agentId }: Stand) =>
  platform.sign(
    { aud: issuer, sub: agentId, scope: undefined, client_id: undefined, jti: crypto.randomUUID() },
    { typ: "JWT" },
  );

const ask = (form: Record<string, string>, basic?: Body) =>
  call("/api/v1/token", { form, ...(basic ? { basic } : {}), headers: { "CF-Connecting-IP": newSource() } });

const exchangeForm = ({ delegation }: Stand) => ({
  grant_type: exchangeGrant,
  subject_token: delegation.delegationToken,
  subject_token_type: delegationTokenType,
});
const assertionForm = async (stand: Stand) => ({
  client_assertion_type: assertionType,
  client_assertion: await assertionOf(stand),
});

/** Every way to a token, and what it stands on. */
const ways = {
  "client_credentials, client_secret_basic": {
    on: ["organization", "agent", "credential"],
    ask: ({ credential }: Stand) => ask({ grant_type: "client_credentials" }, credential),
  },
  "client_credentials, client_secret_post": {
    on: ["organization", "agent", "credential"],
    ask: ({ credential: { clientId, clientSecret } }: Stand) =>
      ask({ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret }),
  },
  "client_credentials, private_key_jwt": {
    on: ["organization", "agent", "key"],
    ask: async (stand: Stand) => ask({ grant_type: "client_credentials", ...(await assertionForm(stand)) }),
  },
  "token exchange, client_secret_basic": {
    on: ["organization", "agent", "credential", "delegator", "delegation"],
    ask: (stand: Stand) => ask(exchangeForm(stand), stand.credential),
  },
  "token exchange, private_key_jwt": {
    on: ["organization", "agent", "key", "delegator", "delegation"],
    ask: async (stand: Stand) => ask({ ...exchangeForm(stand), ...(await assertionForm(stand)) }),
  },
  "jwt-bearer": {
    on: ["organization", "agent", "policy"],
    ask: async (stand: Stand) =>
      ask({ grant_type: workloadGrant, assertion: await workloadToken(stand), client_id: stand.agentId }),
  },
  "jwt-bearer with client authentication": {
    on: ["organization", "agent", "policy", "credential"],
    ask: async (stand: Stand) =>
      ask({ grant_type: workloadGrant, assertion: await workloadToken(stand) }, stand.credential),
  },
  "POST /oidc/token": {
    on: ["organization", "agent", "policy"],
    ask: async (stand: Stand) =>
      call("/api/v1/oidc/token", {
        json: { token: await workloadToken(stand), agentId: stand.agentId },
        headers: { "CF-Connecting-IP": newSource() },
      }),
  },
} satisfies Record<string, { on: string[]; ask(stand: Stand): Promise<Answer> }>;

interface Disabling {
  readonly of: string;
  readonly disable: (stand: Stand) => Promise<unknown>;
  /** Where it can be taken back. */
  readonly enable?: (stand: Stand) => Promise<unknown>;
  /** Whether a token that is out already lives on: what was replaced stands for what it has signed. */
  readonly spares?: boolean;
  readonly movesClock?: boolean;
}

/** Done, or refused because the agent is decommissioned for good. */
async function done(answer: Promise<Answer>): Promise<void> {
  const { status, body, text } = await answer;
  if (body?.code !== "AGENT_ALREADY_DECOMMISSIONED") expect(status, text).toBeLessThan(300);
}

const organization =
  (json: Record<string, unknown>) =>
  ({ tenant }: Stand) =>
    done(call(`/api/v1/organizations/${tenant.organizationId}`, { method: "PATCH", token: operator, json }));
const change = (of: (stand: Stand) => string, json: Record<string, unknown>) => async (stand: Stand) =>
  done(call(`/api/v1/agents/${of(stand)}`, { method: "PATCH", token: await asAdmin(stand), json }));
const remove = (path: (stand: Stand) => string) => async (stand: Stand) =>
  done(call(`/api/v1${path(stand)}`, { method: "DELETE", token: await asAdmin(stand) }));

const itself = ({ agentId }: Stand) => agentId;
const lender = ({ delegator }: Stand) => delegator.agentId;
const credentialPath = (agentId: string, { credentialId }: Body) => `/agents/${agentId}/credentials/${credentialId}`;

const disablings: Readonly<Record<string, Disabling>> = {
  "the organization is suspended": {
    of: "organization",
    disable: organization({ status: "suspended" }),
    enable: organization({ status: "active" }),
  },
  "the organization is deleted": {
    of: "organization",
    disable: ({ tenant }) =>
      done(call(`/api/v1/organizations/${tenant.organizationId}`, { method: "DELETE", token: operator })),
  },
  "the agent is suspended": {
    of: "agent",
    disable: change(itself, { status: "suspended" }),
    enable: change(itself, { status: "active" }),
  },
  "the agent is decommissioned": { of: "agent", disable: remove((stand) => `/agents/${itself(stand)}`) },
  "the credential is revoked": {
    of: "credential",
    disable: remove((stand) => credentialPath(itself(stand), stand.credential)),
  },
  "the credential has expired": {
    of: "credential",
    disable: async () => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 600_000 }),
    spares: true,
    movesClock: true,
  },
  "the secret was replaced": {
    of: "credential",
    disable: async (stand) =>
      done(
        call(`/api/v1${credentialPath(itself(stand), stand.credential)}/rotate`, {
          token: await asAdmin(stand),
          json: {},
        }),
      ),
  },
  "the key was replaced": {
    of: "key",
    disable: async (stand) => {
      const { publicKey } = await generateKeyPair("ES256", { extractable: true });
      await change(itself, { publicKeyJwk: await exportJWK(publicKey) })(stand);
    },
    spares: true,
  },
  "the key is the service's again": { of: "key", disable: change(itself, { publicKeyJwk: null }), spares: true },
  "the policy is deleted": { of: "policy", disable: remove(({ policyId }) => `/oidc/trust-policies/${policyId}`) },
  "the delegator is suspended": {
    of: "delegator",
    disable: change(lender, { status: "suspended" }),
    enable: change(lender, { status: "active" }),
  },
  "the delegator is decommissioned": { of: "delegator", disable: remove((stand) => `/agents/${lender(stand)}`) },
  "the delegator has lost what it lent": {
    of: "delegator",
    disable: change(lender, { grantedScopes: ["agents:read", "webhooks:read"] }),
    enable: change(lender, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] }),
  },
  "the delegator's credential is revoked": {
    of: "delegator",
    disable: remove((stand) => credentialPath(lender(stand), stand.delegator.credential)),
  },
  "the delegation is revoked": {
    of: "delegation",
    disable: remove(({ delegation }) => `/oauth2/token/delegate/${delegation.chainId}`),
  },
};

const names = Object.keys(ways) as (keyof typeof ways)[];
const entries = Object.entries(disablings);
const standsOn = (way: keyof typeof ways, { of }: Disabling) => (ways[way].on as string[]).includes(of);

/** Where the policy lets the agent in, its credential has only said which agent it is. */
const standsOnToken = (way: keyof typeof ways, { of }: Disabling) =>
  !(way === "jwt-bearer with client authentication" && of === "credential");

/** Refused, and the client is told neither which of the things it was nor that there is anything at all. */
function expectRefused({ status, body }: Answer): void {
  expect([400, 401]).toContain(status);
  expect(["invalid_client", "invalid_grant"]).toContain(body.error);
  expect([
    "Client authentication failed.",
    "The assertion is not accepted.",
    "The delegation is not valid, or not for this client.",
  ]).toContain(body.message);
  expect(body).not.toHaveProperty("details");
  expect(body).not.toHaveProperty("access_token");
}

const isLive = async (token: string) => (await call("/agent-info", { token })).status === 200;

describe.each(names)("%s", (way) => {
  it("works while nothing is disabled", async () => {
    const { status, body, text } = await ways[way].ask(await newStand(way));
    expect(status, text).toBe(200);
    expect(await isLive(body.access_token)).toBe(true);
  });

  it.each(entries.filter(([, disabling]) => standsOn(way, disabling)))("is refused when %s", async (_, disabling) => {
    const stand = await newStand(way, disabling);
    const { access_token } = (await ways[way].ask(stand)).body;
    expect(await isLive(access_token)).toBe(true);
    await disabling.disable(stand);
    expectRefused(await ways[way].ask(stand));
    // What is out already is dead as well, unless only the way to it has been replaced.
    const spared = disabling.spares === true || !standsOnToken(way, disabling);
    expect(await isLive(access_token)).toBe(spared);
    vi.useRealTimers();
  });

  // With the organization itself disabled nobody in it can disable anything more: of such a pair it is the second.
  const pairs = entries.flatMap(([second, one]) =>
    entries
      .filter(([first, other]) => first !== second && standsOn(way, one) && standsOn(way, other))
      .filter(([, other]) => one.enable !== undefined && (other.of !== "organization" || one.of === "organization"))
      .filter(([first]) => first !== "the organization is deleted")
      .map(([first, other]): [string, string, Disabling, Disabling] => [first, second, other, one]),
  );

  it.each(pairs)("is refused when %s and %s, and still when only the latter is taken back", async (...pair) => {
    const [, , other, one] = pair;
    const stand = await newStand(way, other, one);
    const order = one.of === "organization" ? [other, one] : [one, other];
    for (const { disable } of order) await disable(stand);
    expectRefused(await ways[way].ask(stand));
    await one.enable?.(stand);
    expectRefused(await ways[way].ask(stand));
    vi.useRealTimers();
  });
});

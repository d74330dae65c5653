/**
 * Any route that takes an access token (generated from the OpenAPI document): without one, with a dead one, and with one that
 * lacks the scope. Attack: a dead token, or one without the scope, at any route: 401, 403.
 */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { adminToken, type Body, call, newClient, newOrganization, theOperator, tokenFor } from "../support/api.ts";
import { signedByService } from "./_forging.ts";
import { askWithToken, filled, guarded, type Operation } from "./_operations.ts";

const everyScope = [
  "agents:read",
  "agents:write",
  "tokens:read",
  "delegations:write",
  "audit:read",
  "webhooks:read",
  "webhooks:write",
  "admin:orgs",
];

/** What the 401 says. Of all that the service has not signed in this form, and for its issuer, it is one text. */
const saysRevoked = "The access token is revoked.";
const saysExpired = "The access token has expired.";
const saysNotValid = "The access token is not valid.";

let dead: [name: string, token: string, message: string][];
let without: Record<string, string>;
let empty: string;

async function deadTokens(): Promise<typeof dead> {
  const operator = (await theOperator()).token;
  const tenant = await newOrganization();
  const { token } = tenant;
  const scope = "agents:read agents:write tokens:read audit:read webhooks:read webhooks:write";
  const grantedScopes = scope.split(" ");
  const clients = await Promise.all(Array.from({ length: 4 }, () => newClient(token, { grantedScopes })));
  const [revoked, uncredentialed, suspended, decommissioned] = clients as [Body, Body, Body, Body];
  const tokens = await Promise.all(clients.map((client) => tokenFor(client, { scope })));
  const [ofRevoked = "", ofUncredentialed = "", ofSuspended = "", ofDecommissioned = ""] = tokens;
  await call("/api/v1/token/revoke", { basic: revoked, form: { token: ofRevoked } });
  const path = `/api/v1/agents/${uncredentialed.agentId}/credentials/${uncredentialed.credentialId}`;
  await call(path, { method: "DELETE", token });
  await call(`/api/v1/agents/${suspended.agentId}`, { method: "PATCH", token, json: { status: "suspended" } });
  await call(`/api/v1/agents/${decommissioned.agentId}`, { method: "DELETE", token });
  const [other, gone] = [await newOrganization(), await newOrganization()];
  const at = (id: string) => `/api/v1/organizations/${id}`;
  await call(at(other.organizationId), { method: "PATCH", token: operator, json: { status: "suspended" } });
  await call(at(gone.organizationId), { method: "DELETE", token: operator });
  const claims = decodeJwt(token);
  const nowSeconds = Math.floor(Date.now() / 1000);
  return [
    ["revoked", ofRevoked, saysRevoked],
    ["of a revoked credential", ofUncredentialed, saysRevoked],
    ["of a suspended agent", ofSuspended, saysRevoked],
    ["of a decommissioned agent", ofDecommissioned, saysRevoked],
    ["of a suspended organization", other.token, saysRevoked],
    ["of a deleted organization", gone.token, saysRevoked],
    ["expired this second", await signedByService({ ...claims, iat: nowSeconds - 3600, exp: nowSeconds }), saysExpired],
    ["without an end", await signedByService({ ...claims, exp: undefined }), saysNotValid],
    ["whose end is a text", await signedByService({ ...claims, exp: "never" }), saysNotValid],
    ["of another issuer", await signedByService({ ...claims, iss: "https://idp.example.com" }), saysNotValid],
    ["of our issuer with a slash", await signedByService({ ...claims, iss: `${claims.iss}/` }), saysNotValid],
    [
      "of an organization that never was",
      await signedByService({ ...claims, organization_id: crypto.randomUUID() }),
      saysRevoked,
    ],
    [
      "that names another organization",
      await signedByService({ ...claims, organization_id: (await theOperator()).organizationId }),
      saysRevoked,
    ],
    ["of a client that never was", await signedByService({ ...claims, client_id: crypto.randomUUID() }), saysRevoked],
    [
      "of a credential that never was",
      await signedByService({ ...claims, credential_id: crypto.randomUUID() }),
      saysRevoked,
    ],
    [
      "of a delegation that never was",
      await signedByService({ ...claims, act: { sub: claims.sub }, delegation_chain: crypto.randomUUID() }),
      saysRevoked,
    ],
    ["without an id", await signedByService({ ...claims, jti: undefined }), saysNotValid],
    ["bound to a key, without proof", await signedByService({ ...claims, cnf: { jkt: "A".repeat(43) } }), saysNotValid],
    ["bound to what is no key", await signedByService({ ...claims, cnf: {} }), saysNotValid],
    ["expired, with a signature of another", `${await signedByService({ ...claims, exp: 1 })}A`, saysNotValid],
    ["of a person who has none", "undefined", saysNotValid],
    ["of a shell without the variable", "null", saysNotValid],
  ];
}

beforeAll(async () => {
  dead = await deadTokens();
  const admin = await newOrganization();
  const scopes = (missing: string) => everyScope.filter((scope) => scope !== missing);
  without = Object.fromEntries(
    await Promise.all(
      everyScope.map(async (missing) => [missing, await tokenFor(admin, { scope: scopes(missing).join(" ") })]),
    ),
  );
  empty = await tokenFor(admin, { scope: "openid" });
});

const ask = ({ method, path }: Operation, headers: Record<string, string>) => call(filled(path), { method, headers });

describe("without an access token, 401 at", () => {
  it.each(guarded.filter(({ bearer }) => bearer === "needed"))("$method $path", async (operation) => {
    const { status, body, headers } = await ask(operation, {});
    expect([status, body.code]).toEqual([401, "UNAUTHORIZED"]);
    expect(headers.get("WWW-Authenticate")).toMatch(/^Bearer resource_metadata="/);
  });
});

describe("with something else in its place, 401 at", () => {
  it.each(guarded)("$method $path", async (operation) => {
    for (const authorization of [
      "Bearer",
      "Bearer ",
      "Basic dTpw",
      "Digest a=b",
      "bearer  ",
      "Token x",
      `Bearer ${"a.".repeat(4000)}`,
    ]) {
      const { status } = await ask(operation, { Authorization: authorization });
      expect(status, authorization).toBe(401);
    }
  });
});

describe("with a dead access token, 401 at", () => {
  it("which is dead for that alone: signed again by the service, the claims that they are made of live", async () => {
    const live = await tokenFor(await newOrganization());
    expect((await call("/agent-info", { token: await signedByService(decodeJwt(live)) })).status).toBe(200);
  });

  it.each(guarded)("$method $path", async (operation) => {
    const wrong: unknown[] = [];
    for (const [name, token, message] of dead) {
      const { status, body } = await askWithToken(operation, token);
      const isRefused = status === 401 && body.code === "UNAUTHORIZED" && body.message === message;
      if (!isRefused) wrong.push([name, status, body.message]);
    }
    expect(wrong).toEqual([]);
  });
});

describe("an hour later, 401 at", () => {
  it.each(guarded)("$method $path", async (operation) => {
    const token = without["admin:orgs"] ?? "";
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    const { status, body } = await askWithToken(operation, token);
    vi.useRealTimers();
    expect([status, body.message]).toEqual([401, saysExpired]);
  });
});

describe("with every scope but the one that it needs, 403 at", () => {
  it.each(guarded.filter(({ scope }) => scope !== null))("$method $path: $scope", async (operation) => {
    const scope = operation.scope ?? "";
    for (const token of [without[scope] ?? "", empty]) {
      const { status, body, headers } = await askWithToken(operation, token);
      expect(status).toBe(403);
      expect(body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: scope } });
      expect(headers.get("WWW-Authenticate")).toContain(`error="insufficient_scope", `);
      expect(headers.get("WWW-Authenticate")).toContain(`scope="${scope}"`);
    }
  });
});

describe("with the role of an admin lent away", () => {
  // What an admin may do because it is one: every operation that manages the organization itself.
  const ofAdmins = guarded.filter(
    ({ method, scope, path }) => scope === "admin:orgs" && method !== "GET" && !path.endsWith("/verify"),
  );
  const lendable = everyScope.filter(
    (scope) => !["agents:write", "webhooks:write", "admin:orgs", "delegations:write"].includes(scope),
  );
  let lentToken: string;
  let organizationId: string;

  beforeAll(async () => {
    const admin = await newOrganization();
    organizationId = admin.organizationId;
    const delegatee = await newClient(admin.token);
    const lending = await call("/api/v1/oauth2/token/delegate", {
      token: await adminToken(admin),
      json: { delegateeAgentId: delegatee.agentId, scopes: lendable, ttlSeconds: 600 },
    });
    expect(lending.status, lending.text).toBe(201);
    const answer = await call("/api/v1/token", {
      basic: delegatee,
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: lending.body.delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      },
    });
    lentToken = answer.body.access_token;
    expect((await call("/api/v1/agents", { token: lentToken })).status).toBe(200);
  });

  const bodies: Record<string, unknown> = {
    createOrganization: { name: "Mine", slug: "mine", adminEmail: "me@mine.example" },
    changeOrganization: { name: "Mine" },
    setMember: { agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", role: "admin" },
    rotateSigningKeys: { compromised: true },
    trustPartner: { name: "Mine", issuer: "https://mine.example.com" },
    changePartner: { name: "Mine" },
    addDomain: { domain: "mine.test" },
    registerResource: { identifier: "urn:agentidp:mine:api", name: "Mine" },
    changeResource: { name: "Mine" },
    acceptAuditGap: {
      organizationId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      fromSequence: 1,
      toSequence: 1,
      reason: "Mine",
    },
  };

  it.each(ofAdmins)("$method $path is refused", async (operation) => {
    const { operationId, method, path } = operation;
    expect(operation.body === null || operationId in bodies).toBe(true);
    const json = operation.body ? { json: bodies[operationId] } : {};
    const answer = await call(filled(path, { orgId: organizationId }), { method, token: lentToken, ...json });
    expect([403, 404], answer.text).toContain(answer.status);
    expect((await call("/api/v1/agents", { token: lentToken })).status).toBe(200);
  });
});

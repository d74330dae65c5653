/**
 * A database of 0.1.0, made by the code of 0.1.0 (`_make-database.ts`), with rows in every table and objects with events that D1
 * does not have, is brought to the present version.
 */
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { operations } from "../security/_operations.ts";
import { type Body, type Client, call, issuer, tokenFor } from "../support/api.ts";
import { cron } from "../tenancy/audit/_chains.ts";
import { eventsOf, verify } from "../tenancy/audit/_log.ts";
import { migrate, type ReleasedDatabase, type Row, restore, rowsOf, tableNames } from "./_database.ts";
import database from "./databases/0.1.0.json";

const released = database as unknown as ReleasedDatabase;
const { clients, madeAtMs, objects } = released;
const { admin, operator, screener, wide, keyed, suspended, gone, tokens, delegations } = clients;
const old = (table: string): readonly Row[] => released.database.rows[table] ?? [];

const adminScopes = "agents:read agents:write tokens:read audit:read webhooks:read webhooks:write admin:orgs";
const signIn = (client: Client, form: Record<string, string> = {}) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials", ...form } });

const migrated = {} as Record<string, Row[]>;
let token: string;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: madeAtMs + 60_000 });
  await restore(released);
  await migrate(madeAtMs + 60_000);
  for (const table of await tableNames()) migrated[table] = await rowsOf(table);
  await cron();
  await cron();
  token = await tokenFor(admin, { scope: adminScopes });
});

afterAll(() => void vi.useRealTimers());

describe("the database", () => {
  it("has a row in every table of that version, a waiting event, and a ledger with events that D1 does not have", () => {
    expect(Object.keys(released.database.rows).length).toBeGreaterThanOrEqual(22);
    expect(Object.entries(released.database.rows).filter(([, rows]) => rows.length === 0)).toEqual([]);
    expect(old("outbox").length).toBeGreaterThan(0);
    const ledger = objects.find(({ name }) => name === admin.organizationId);
    for (const table of ["pending_events", "journal", "revocations", "delegations", "relayed_events"]) {
      expect(ledger?.rows[table]?.length, table).toBeGreaterThan(0);
    }
    expect(objects.filter(({ keys }) => "state" in keys)).toHaveLength(3);
  });

  it("loses no row by the migration, and no value but those that the upgrade ends", () => {
    const changed = new Set<string>();
    for (const [table, rows] of Object.entries(released.database.rows)) {
      const now = migrated[table] ?? [];
      if (table === "d1_migrations") continue;
      expect(now, table).toHaveLength(rows.length);
      for (const [index, row] of rows.entries()) {
        for (const [column, value] of Object.entries(row)) {
          if (now[index]?.[column] !== value) changed.add(`${table}.${column}`);
        }
      }
    }
    expect([...changed].sort()).toEqual([
      "agents.granted_scopes",
      "agents.updated_at",
      "delegations.revoked_at",
      "signing_keys.activated_at",
      "signing_keys.compromised_at",
      "signing_keys.private_sealed",
      "signing_keys.replaced_at",
      "signing_keys.state",
    ]);
  });
});

describe("everything is readable over HTTP", () => {
  /** Things that 0.1.0 does not have. */
  const newThings = /\{(?:domain|resourceId)\}|^\/console\//;
  const ids = (path: string): Record<string, string> => ({
    orgId: admin.organizationId,
    agentId: screener.agentId,
    credentialId: screener.credentialId,
    policyId: clients.policyId,
    partnerId: clients.partnerId,
    webhookId: clients.webhookId,
    chainId: delegations.reading.chainId,
    slug: "acme",
    eventId: String(old("audit_events").find((row) => row.organization_id === admin.organizationId)?.event_id),
    deliveryId: String(old("webhook_deliveries")[0]?.id),
    id: path.includes("webhooks") ? clients.webhookId : screener.agentId,
  });
  /** A browser with an account at Stripe, and the operator's set-up. */
  const reads = operations.filter(({ method, path }) => method === "GET" && !newThings.test(path));

  it.each(reads)("$method $path", async ({ path, bearer }) => {
    const known = ids(path);
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? `no id for ${name}`);
    const { status, text } = await call(filled, bearer === "none" ? {} : { token });
    expect([path, status], text.slice(0, 300)).toEqual([path, path === "/health/detailed" ? status : 200]);
  });

  it("agents, their credentials, policies, partners and webhooks are as they were", async () => {
    const get = async (path: string) => (await call(`/api/v1${path}`, { token })).body;
    const agent = await get(`/agents/${screener.agentId}`);
    expect(agent).toMatchObject({ email: "screener@acme.example", version: "1.2.0", status: "active", isPublic: true });
    expect((await get("/agents?limit=100")).data).toHaveLength(6);
    expect((await get(`/agents/${screener.agentId}/credentials`)).data[0].credentialId).toBe(screener.credentialId);
    expect((await get("/tiers/status")).tier).toBe("pro");
    expect((await get(`/webhooks/${clients.webhookId}/deliveries`)).total).toBeGreaterThan(0);
  });
});

describe("the audit log", () => {
  it("verifies, with the pending events and the one that waited for the relay, each once", async () => {
    const events = await eventsOf(token);
    const pending = objects.find(({ name }) => name === admin.organizationId)?.rows.pending_events ?? [];
    const before = old("audit_events").filter((row) => row.organization_id === admin.organizationId);
    expect(events.slice(0, before.length + pending.length).map(({ hash }) => hash)).toEqual([
      ...before.map(({ hash }) => hash),
      ...pending.map(({ event }) => JSON.parse(String(event)).hash),
    ]);
    const waiting = JSON.parse(String(old("outbox")[0]?.event));
    expect(events.filter(({ eventId }) => eventId === waiting.id)).toHaveLength(1);
    expect(await verify(token)).toMatchObject({ verified: true, checkedCount: events.length, gaps: [] });
    const operatorToken = await tokenFor(operator, { scope: adminScopes });
    expect(await verify(operatorToken)).toMatchObject({ verified: true });
  });

  it("has the checkpoints of the old key, which is compromised now, and a new one of the end", async () => {
    const { data } = (await call("/api/v1/audit/checkpoints?limit=100", { token })).body;
    const [newest, ...others] = data;
    expect(newest.keyCompromisedAt).toBeNull();
    expect(others.length).toBeGreaterThan(0);
    for (const { keyCompromisedAt } of others) expect(keyCompromisedAt).not.toBeNull();
  });
});

describe("what ends and what stays, as docs/upgrade.md says", () => {
  it("agents sign in with the secrets and keys that they have; suspended and decommissioned ones do not", async () => {
    for (const client of [admin, operator, screener, { ...wide, clientSecret: wide.newSecret }]) {
      const { status, text } = await signIn(client);
      expect(status, text).toBe(200);
    }
    for (const client of [suspended, gone]) expect((await signIn(client)).status).toBe(401);
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: keyed.publicKeyJwk?.kid })
      .setIssuer(keyed.agentId)
      .setSubject(keyed.agentId)
      .setAudience(issuer)
      .setJti(crypto.randomUUID())
      .setIssuedAt(Math.floor(Date.now() / 1000))
      .setExpirationTime(Math.floor(Date.now() / 1000) + 60)
      .sign(await importJWK(keyed.privateJwk, "ES256"));
    const form = {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    };
    const answer = await call("/api/v1/token", { form });
    expect(answer.status, answer.text).toBe(200);
  });

  it("only admins keep admin:orgs", async () => {
    const client = { ...wide, clientSecret: wide.newSecret };
    expect((await signIn(client, { scope: "admin:orgs" })).body.error).toBe("invalid_scope");
    expect((await signIn(admin, { scope: "admin:orgs" })).status).toBe(200);
  });

  it("access tokens are refused, and not active at introspection", async () => {
    for (const name of ["admin", "last", "anyAudience"]) {
      expect((await call("/api/v1/agents", { token: tokens[name] })).status, name).toBe(401);
      const { body } = await call("/api/v1/token/introspect", { token, form: { token: tokens[name] } });
      expect(body, name).toEqual({ active: false });
    }
  });

  it("id_tokens are valid until they expire", async () => {
    const keys = createLocalJWKSet((await call("/.well-known/jwks.json")).body);
    const { payload } = await jwtVerify(tokens.idToken, keys, { issuer, currentDate: new Date() });
    expect(payload.sub).toContain(screener.agentId);
  });

  it("a delegation of a scope that can be lent goes on; one of a capability has ended, and a revoked one stays revoked", async () => {
    const check = async ({ delegationToken }: Body) =>
      (await call("/api/v1/oauth2/token/verify-delegation", { token, json: { delegationToken } })).body;
    expect(await check(delegations.reading)).toMatchObject({ valid: true, scopes: ["agents:read"] });
    expect(await check(delegations.capability)).toMatchObject({ valid: false });
    expect(await check(delegations.ended)).toMatchObject({ valid: false });
    const exchanged = await call("/api/v1/token", {
      basic: { ...wide, clientSecret: wide.newSecret },
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: delegations.reading.delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      },
    });
    expect(exchanged.status, exchanged.text).toBe(200);
  });
});

it("the second of two deployments finds the migrations applied, and changes nothing", async () => {
  const before = await rowsOf("d1_migrations");
  await migrate(madeAtMs + 60_000);
  expect(await rowsOf("d1_migrations")).toEqual(before);
  expect(before[0]?.name).toBe(old("d1_migrations")[0]?.name);
});

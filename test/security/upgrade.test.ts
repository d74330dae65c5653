/**
 * Attack: tokens and delegations made before the upgrade to resources. A database of 0.1.0 is upgraded: agents sign in as before,
 * and what is wider than this version allows has ended.
 */
import { applyD1Migrations, type D1Migration, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { forgetSigningKeys } from "../../src/keys/service.ts";
import { exchange, lend, verify } from "../identity/delegation/_parties.ts";
import { direct } from "../keys/_direct.ts";
import { adminToken, type Body, call, issuer, newClient, theOperator, tokenFor } from "../support/api.ts";
import { cron } from "../tenancy/audit/_chains.ts";

const { DB, MIGRATIONS, ORG_LEDGER, CACHE } = env as unknown as {
  DB: D1Database;
  MIGRATIONS: D1Migration[];
  ORG_LEDGER: DurableObjectNamespace;
  CACHE: KVNamespace;
};

type AgentClient = Awaited<ReturnType<typeof newClient>>;
interface OldDelegation {
  readonly chainId: string;
  readonly delegationToken: string;
}

const signIn = (client: AgentClient, scope: string) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials", scope } });
const jwks = async () => (await call("/.well-known/jwks.json")).body;
const stub = (organizationId: string) => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));
const scopesOf = async (agentId: string) =>
  JSON.parse(
    (await DB.prepare("SELECT granted_scopes AS it FROM agents WHERE id = ?").bind(agentId).first<string>("it")) ?? "",
  );
const execute = async (...statements: string[]) => {
  await DB.batch(statements.map((statement) => DB.prepare(statement)));
};

/** The tables of the database with their columns. */
async function tables(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { results } = await DB.prepare(
    `SELECT t.name AS "table", c.name AS "column" FROM sqlite_master t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB '_cf_*'`,
  ).all<{ table: string; column: string }>();
  const found = new Map<string, string[]>();
  for (const { table, column } of results) found.set(table, [...(found.get(table) ?? []), column]);
  return found;
}

/** Makes the database that of 0.1.0: its tables and columns, with the rows that are there now. */
async function returnToFirstVersion(): Promise<void> {
  const present = [...(await tables()).keys()];
  await execute(...present.map((table) => `ALTER TABLE ${table} RENAME TO new_${table}`));
  const { results } = await DB.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").all();
  await execute(...results.map(({ name }) => `DROP INDEX ${name}`));
  await applyD1Migrations(DB, MIGRATIONS.slice(0, 1));
  for (const [table, columns] of await tables()) {
    if (present.includes(table) && table !== "d1_migrations") {
      const names = columns.map((column) => `"${column}"`).join();
      await execute(`INSERT INTO ${table} (${names}) SELECT ${names} FROM new_${table}`);
    }
  }
  await execute(...present.map((table) => `DROP TABLE new_${table}`));
}

/** Makes a delegation one of 0.1.0, which had neither a resource nor the delegator's token. */
async function asOfFirstVersion(organizationId: string, { chainId }: OldDelegation, scopes: string[]): Promise<void> {
  await DB.prepare("UPDATE delegations SET scopes = ? WHERE id = ?").bind(JSON.stringify(scopes), chainId).run();
  await runInDurableObject(stub(organizationId), (_, { storage: { sql } }) => {
    const [row] = sql.exec("SELECT delegation FROM delegations WHERE chain_id = ?", chainId).toArray();
    const { tokenId: _tokenId, resource: _resource, ...delegation } = JSON.parse(String(row?.delegation));
    sql.exec(
      "UPDATE delegations SET delegation = ? WHERE chain_id = ?",
      JSON.stringify({ ...delegation, scopes }),
      chainId,
    );
  });
}

let operator: Awaited<ReturnType<typeof theOperator>>;
let member: AgentClient;
let delegatee: AgentClient;
let oldToken: string;
let oldKid: string;
let oldJwks: Body;
const lent = {} as Record<"capability" | "changes authority" | "reads", OldDelegation>;

beforeAll(async () => {
  operator = await theOperator();
  const { organizationId } = operator;
  member = await newClient(operator.token, {
    grantedScopes: ["agents:read", "agents:write", "audit:read", "tokens:read"],
  });
  delegatee = await newClient(operator.token, { grantedScopes: ["agents:read"] });
  oldToken = await tokenFor(member);
  oldKid = decodeProtectedHeader(oldToken).kid ?? "";
  oldJwks = await jwks();
  for (const name of ["capability", "changes authority", "reads"] as const) {
    lent[name] = await lend({ token: oldToken, delegatee } as never, { scopes: ["audit:read"] });
  }
  await asOfFirstVersion(organizationId, lent.capability, ["resume:read"]);
  await asOfFirstVersion(organizationId, lent["changes authority"], ["audit:read", "agents:write"]);
  await asOfFirstVersion(organizationId, lent.reads, ["audit:read"]);
  await DB.prepare("UPDATE agents SET granted_scopes = ? WHERE id = ?")
    .bind('["agents:read","admin:orgs","agents:write","audit:read"]', member.agentId)
    .run();
  await returnToFirstVersion();
  // The upgrade: the migrations, then a new Worker with new ledgers, then the scheduled run.
  await applyD1Migrations(DB, MIGRATIONS);
  await evictDurableObject(stub(organizationId));
  forgetSigningKeys(direct());
  await cron();
});

describe("agents", () => {
  it("sign in with the secret that they had", async () => {
    expect((await signIn(member, "agents:read")).status).toBe(200);
    expect((await call("/api/v1/agents", { token: await tokenFor(member) })).status).toBe(200);
  });

  it("keep their scopes, but a member loses admin:orgs", async () => {
    expect(await scopesOf(member.agentId)).toEqual(["agents:read", "agents:write", "audit:read"]);
    expect((await signIn(member, "admin:orgs")).body.error).toBe("invalid_scope");
  });

  it("keep admin:orgs when they are admins", async () => {
    expect(await scopesOf(operator.agentId)).toContain("admin:orgs");
    expect((await call("/api/v1/resources", { token: await adminToken(operator) })).status).toBe(200);
  });
});

describe("access tokens of 0.1.0", () => {
  it("are refused", async () => {
    expect((await call("/api/v1/agents", { token: oldToken })).status).toBe(401);
  });

  it("are not active at introspection", async () => {
    const form = { token: oldToken };
    const { body } = await call("/api/v1/token/introspect", { token: await tokenFor(member), form });
    expect(body).toEqual({ active: false });
  });

  it("do not verify offline, by the key set that is published", async () => {
    const options = { issuer, typ: "at+jwt" };
    const before = await jwtVerify(oldToken, createLocalJWKSet(oldJwks), options);
    expect(before.protectedHeader.kid).toBe(oldKid);
    await expect(jwtVerify(oldToken, createLocalJWKSet(await jwks()), options)).rejects.toThrow();
    expect(await CACHE.get("jwks")).not.toContain(oldKid);
  });

  it("have a dropped key, retired once every ledger has dropped it", async () => {
    const row = await DB.prepare("SELECT * FROM signing_keys WHERE id = ?").bind(oldKid).first();
    expect(row).toMatchObject({ state: "retired", private_sealed: null, compromised_at: expect.any(Number) });
  });
});

describe("new access tokens", () => {
  it("have a key that was published before the upgrade", async () => {
    const { kid } = decodeProtectedHeader(await tokenFor(member));
    expect(kid).not.toBe(oldKid);
    expect(oldJwks.keys.map((key: Body) => key.kid)).toContain(kid);
  });

  it("and a new next key is published", async () => {
    const { keys } = await jwks();
    expect(keys.map(({ alg }: Body) => alg).sort()).toEqual(["ES256", "ES256", "RS256", "RS256"]);
  });
});

describe("delegations of 0.1.0", () => {
  it.each(["capability", "changes authority"] as const)("%s: ended, in the record and in the ledger", async (name) => {
    const { body } = await verify(await tokenFor(delegatee), lent[name].delegationToken);
    expect(body).toMatchObject({ valid: false, revokedAt: expect.stringMatching(/Z$/) });
    const refused = await exchange(delegatee, lent[name].delegationToken);
    expect(refused.body.error, refused.text).toBe("invalid_grant");
  });

  it.each(["capability", "changes authority"] as const)("%s: ended in the ledger alone", async (name) => {
    await DB.prepare("UPDATE delegations SET revoked_at = NULL WHERE id = ?").bind(lent[name].chainId).run();
    expect((await exchange(delegatee, lent[name].delegationToken)).body.error).toBe("invalid_grant");
  });

  it("of a scope that can still be lent: go on", async () => {
    const { body } = await verify(await tokenFor(delegatee), lent.reads.delegationToken);
    expect(body).toMatchObject({ valid: true, scopes: ["audit:read"], revokedAt: null });
    const answer = await exchange(delegatee, lent.reads.delegationToken);
    expect(answer.status, answer.text).toBe(200);
    expect((await call("/api/v1/audit", { token: answer.body.access_token })).status).toBe(200);
  });
});

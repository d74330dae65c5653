/**
 * Attack: SQL in every filter and cursor; a forged or foreign cursor: 400 or nothing, never another tenant's row. Every
 * query parameter and every path parameter of every operation, from the OpenAPI document.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  adminToken,
  type Body,
  call,
  newAgent,
  newCredential,
  newOrganization,
  type Organization,
} from "../support/api.ts";
import { filled, type Operation, operations, parametersOf } from "./_operations.ts";

const { DB } = env as unknown as { DB: D1Database };

const injections = [
  "'",
  "''",
  '"',
  "`",
  "';",
  "' OR '1'='1",
  "' OR 1=1 --",
  '" OR ""="',
  ") OR (1=1",
  "1 OR 1=1",
  "x' UNION SELECT id, slug, name FROM organizations --",
  "'; DROP TABLE agents; --",
  "'; UPDATE agents SET status='suspended'; --",
  "1; ATTACH DATABASE ':memory:' AS x; --",
  "%",
  "_",
  "%%%",
  "*",
  "\\",
  "\\'",
  "' || (SELECT group_concat(secret_hash) FROM credentials) || '",
  "' AND load_extension('x') --",
  "randomblob(1000000000)",
  "' GLOB '*",
  "0x27204f5220313d31",
  "\u0000",
  "ʼ OR 1=1 --",
  "＇ OR 1=1 --",
  '{"$ne": null}',
  "[object Object]",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e308",
  "9".repeat(400),
];

let attacker: Organization;
let victim: Organization;
/** Everything by which a row of the victim's would be known. */
let marks: string[];
let before: string;

const tables = [
  "organizations",
  "agents",
  "credentials",
  "webhook_subscriptions",
  "trust_policies",
  "federation_partners",
  "delegations",
];

async function snapshot(): Promise<string> {
  const rows = await Promise.all(
    tables.map((table) =>
      DB.prepare(`SELECT * FROM ${table} WHERE ${table === "organizations" ? "id" : "organization_id"} = ? ORDER BY id`)
        .bind(victim.organizationId)
        .all(),
    ),
  );
  // Its own sign-ins reach the table some time later.
  const without = (name: string, value: unknown) => (name === "last_used_at" ? null : value);
  return JSON.stringify(
    rows.map(({ results }) => results),
    without,
  );
}

async function fill({ organizationId, token }: Organization, mark: string): Promise<string[]> {
  const agents = [];
  for (let count = 0; count < 3; count++) agents.push(await newAgent(token, { owner: mark, description: mark }));
  const [agent] = agents as [Body];
  for (let count = 0; count < 2; count++) await newCredential(token, agent.agentId);
  const made: Answer[] = [];
  for (const name of ["a", "b"]) {
    made.push(
      await call("/api/v1/webhooks", {
        token,
        json: { name: `${mark}-${name}`, url: "https://hooks.example.com/", events: ["agent.created"] },
      }),
      await call("/api/v1/federation/trust", {
        token,
        json: { name: mark, issuer: `https://${name}.${mark}.example.com` },
      }),
      await call("/api/v1/oidc/trust-policies", {
        token,
        json: { provider: "github", repository: `${mark}/${name}`, branch: "main", agentId: agent.agentId },
      }),
      await call("/api/v1/oauth2/token/delegate", {
        token,
        json: { delegateeAgentId: agent.agentId, scopes: ["agents:read"], ttlSeconds: 600 },
      }),
    );
  }
  for (const { status, text } of made) expect(status, text).toBe(201);
  return [mark, organizationId, ...agents.map(({ agentId }) => agentId)];
}

beforeAll(async () => {
  attacker = await newOrganization();
  victim = await newOrganization();
  await fill(attacker, "attackers-own");
  marks = await fill(victim, "victims-secret");
  before = await snapshot();
});

/** What is public by design shows nobody's rows but those that are public. */
const ofTenant = operations.filter(({ bearer }) => bearer !== "none");
const ids = () => ({ orgId: attacker.organizationId, agentId: attacker.agentId, credentialId: attacker.credentialId });

function expectHarmless({ status, text }: Answer, what: string): void {
  expect([200, 400, 404], `${what}: ${text.slice(0, 300)}`).toContain(status);
  for (const mark of marks) expect(text, what).not.toContain(mark);
  expect(text.toLowerCase(), what).not.toMatch(/sqlite|syntax error|d1_error|no such (table|column)|drizzle/);
}

const withQuery = operations.filter(({ query }) => query.length > 0);

describe("SQL in a query parameter", () => {
  it.each(withQuery)("$method $path", async ({ method, path, query, bearer }: Operation) => {
    const token = bearer === "none" ? {} : { token: attacker.token };
    for (const { name } of query) {
      for (const value of injections) {
        const parameters = new URLSearchParams({ [name]: value });
        expectHarmless(await call(`${filled(path, ids())}?${parameters}`, { method, ...token }), `${name}=${value}`);
      }
    }
  });

  it("under a name that nobody knows, in brackets, and twice", async () => {
    for (const query of [
      "' OR 1=1 --=1",
      "owner[]=a",
      "owner[$ne]=a",
      "limit=1&limit=100",
      "__proto__[x]=1",
      "constructor=1",
    ]) {
      expectHarmless(await call(`/api/v1/agents?${query}`, { token: attacker.token }), query);
    }
  });
});

describe("SQL in a path parameter", () => {
  const withId = ofTenant.filter(({ path }) => path.includes("{"));

  it.each(withId)("$method $path", async ({ method, path }) => {
    const token = await adminToken(attacker);
    for (const name of parametersOf(path)) {
      for (const value of injections.filter((text) => !["", ".", ".."].includes(text))) {
        const answer = await call(filled(path, { ...ids(), [name]: encodeURIComponent(value) }), { method, token });
        expect([400, 404, 415], `${name}=${value}: ${answer.text}`).toContain(answer.status);
        for (const mark of marks) expect(answer.text).not.toContain(mark);
      }
    }
  });
});

describe("a cursor", () => {
  // The export of an organization has a cursor and is no list: see test/tenancy/export.
  const lists = ofTenant.filter(({ query }) =>
    ["cursor", "limit"].every((wanted) => query.some(({ name }) => name === wanted)),
  );
  const at = ({ path }: Operation, organization: Organization, query: string) =>
    `${filled(path, { orgId: organization.organizationId, agentId: organization.agentId })}?${query}`;

  it("is what every list but that of deliveries pages by", () => {
    expect(lists.length).toBeGreaterThanOrEqual(9);
  });

  it.each(lists)("of somebody else, or made up, opens nothing: $method $path", async (operation) => {
    const page = async (organization: Organization) =>
      (await call(at(operation, organization, "limit=1"), { token: organization.token })).body;
    const { nextCursor } = await page(victim);
    const own = (await page(attacker)).nextCursor;
    const made = [
      ...(nextCursor ? [nextCursor] : []),
      btoa(JSON.stringify({ id: "0", organizationId: victim.organizationId })),
      btoa(`${victim.organizationId}:0`),
      victim.agentId,
      "0",
      "AAAA",
      ...(own ? [`${own}A`, own.slice(0, -1), own.split("").reverse().join("")] : []),
    ];
    for (const cursor of made) {
      const answer = await call(at(operation, attacker, `cursor=${encodeURIComponent(cursor)}`), {
        token: attacker.token,
      });
      expectHarmless(answer, cursor);
      if (cursor === nextCursor) {
        expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "cursor"]);
      }
    }
  });

  it.each(lists)("of every other list opens nothing at $method $path", async (operation) => {
    for (const other of lists.filter(({ path }) => path !== operation.path)) {
      const { body } = await call(at(other, attacker, "limit=1"), { token: attacker.token });
      if (!body.nextCursor) continue;
      const answer = await call(at(operation, attacker, `cursor=${encodeURIComponent(body.nextCursor)}`), {
        token: attacker.token,
      });
      expect([other.path, answer.status]).toEqual([other.path, 400]);
    }
  });
});

it("nothing of the other organization has changed", async () => {
  expect(await snapshot()).toBe(before);
});

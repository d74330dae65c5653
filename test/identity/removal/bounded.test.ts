/** A deleted organization of 10,000 agents is cleared by a few bounded runs, which may end at any point and may overlap. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { removal } from "../../../src/identity/removal/service.ts";
import { type Context, contextOf } from "../../../src/platform/context.ts";
import { limitQueries } from "../../../src/platform/db/query-budget.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import { call, newAgent, newCredential, newOrganization, type Organization } from "../../support/api.ts";

const bindings = env as unknown as Bindings;
const { DB } = bindings;

const contextWith = (database: D1Database): Context =>
  contextOf(
    { ...bindings, DB: database },
    { requestId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", source: { ip: "", userAgent: "cron" } },
    () => {},
    async () => {},
  );

/** A run with so many queries; returns how many agents and organizations wait, and how many queries are left. */
async function runWith(queries: number): Promise<{ waiting: number; left: number }> {
  const { database, left } = limitQueries(DB, queries);
  const callApp = async () => new Response();
  const waiting = await removal.run(contextWith(database), { callApp, queriesLeft: left });
  return { waiting, left: left() };
}

/** Copies the agent with its key and its credential so many times, without the way through the API. */
async function multiply(agentId: string, times: number): Promise<void> {
  const columnsOf = async (table: string) => {
    const { results } = await DB.prepare(`SELECT name FROM pragma_table_info('${table}')`).all<{ name: string }>();
    return results.map(({ name }) => name);
  };
  const copy = async (table: string, own: string, changed: Readonly<Record<string, string>>) => {
    const columns = await columnsOf(table);
    const values = columns.map((column) => changed[column] ?? column);
    const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${times})`;
    return DB.prepare(
      `INSERT INTO ${table} (${columns}) ${numbers} SELECT ${values} FROM ${table}, numbers WHERE ${own} = ?`,
    ).bind(agentId);
  };
  const numbered = (column: string) => `${column} || '-' || n`;
  await DB.batch([
    await copy("agent_keys", "agent_id", { id: numbered("id"), agent_id: numbered("agent_id") }),
    await copy("credentials", "agent_id", { id: numbered("id"), agent_id: numbered("agent_id") }),
    await copy("agents", "id", { id: numbered("id"), email: `n || '-' || email` }),
  ]);
}

const left = `SELECT
  (SELECT count(*) FROM agents WHERE organization_id = ?1 AND (email NOT LIKE 'erased+%@invalid' OR owner <> 'erased')) AS texts,
  (SELECT count(*) FROM agents WHERE organization_id = ?1 AND (status <> 'decommissioned' OR cleared_at IS NULL)) AS agents,
  (SELECT count(*) FROM agent_keys k JOIN agents a ON a.id = k.agent_id
    WHERE a.organization_id = ?1 AND private_sealed <> '') AS keys,
  (SELECT count(*) FROM credentials WHERE organization_id = ?1 AND (secret_hash <> '' OR revoked_at IS NULL)) AS hashes,
  (SELECT count(*) FROM webhook_deliveries WHERE organization_id = ?1) AS deliveries,
  (SELECT count(*) FROM webhook_subscriptions WHERE organization_id = ?1) AS webhooks,
  (SELECT count(*) FROM organizations WHERE id = ?1 AND cleared_at IS NULL) AS organizations`;

const leftOf = ({ organizationId }: Organization) =>
  DB.prepare(left).bind(organizationId).first<Record<string, number>>();

const nothing = { texts: 0, agents: 0, keys: 0, hashes: 0, deliveries: 0, webhooks: 0, organizations: 0 };

describe("a deleted organization of 10,000 agents", () => {
  let organization: Organization;

  beforeAll(async () => {
    organization = await newOrganization();
    const { token, organizationId } = organization;
    const json = { name: "A receiver", url: "https://hooks.example.com/in", events: ["agent.created"] };
    expect((await call("/api/v1/webhooks", { token, json })).status).toBe(201);
    const { agentId } = await newAgent(token);
    await newCredential(token, agentId);
    await multiply(agentId, 10_000);
    expect(await leftOf(organization)).toMatchObject({ texts: 10_002, keys: 10_002, hashes: 10_002, webhooks: 1 });
    expect((await call(`/api/v1/organizations/${organizationId}`, { method: "DELETE", token })).status).toBe(204);
  });

  it("a run that ends early, at any query, leaves each agent whole or cleared", async () => {
    for (const failAfter of [0, 1, 3, 5, 7]) {
      await expect(runWith(failAfter)).rejects.toThrow();
      const half = await DB.prepare(
        `SELECT count(*) AS count FROM agents a JOIN agent_keys k ON k.agent_id = a.id JOIN credentials c ON c.agent_id = a.id
          WHERE a.organization_id = ? AND (a.erased_at IS NULL) <> (private_sealed <> '' AND secret_hash <> '' AND revoked_at IS NULL)`,
      )
        .bind(organization.organizationId)
        .first<{ count: number }>();
      expect(half?.count).toBe(0);
    }
  });

  it("each run stays in its share, two at once do no harm, the counts fall to 0 within six", async () => {
    const counts: number[] = [];
    while (counts.at(-1) !== 0 && counts.length < 6) {
      const runs = counts.length === 0 ? 2 : 1;
      const ended = await Promise.all(Array.from({ length: runs }, () => runWith(removal.queries)));
      counts.push(Math.max(...ended.map(({ waiting }) => waiting)));
    }
    expect(counts.at(-1)).toBe(0);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(await leftOf(organization)).toEqual(nothing);
    expect((await runWith(removal.queries)).left).toBeGreaterThan(removal.queries - 6);
  });
});

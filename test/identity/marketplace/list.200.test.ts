/** GET /api/v1/marketplace/agents: which agents everybody finds, and by what. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Body,
  call,
  issuer,
  newAgent,
  newOrganization,
  type Organization,
  theOperator,
} from "../../support/api.ts";

const path = "/api/v1/marketplace/agents";
const { DB } = env as unknown as { DB: D1Database };

let one: Organization;
let other: Organization;
const agents: Record<string, Body> = {};

beforeAll(async () => {
  [one, other] = [await newOrganization(), await newOrganization()];
  const add = async (name: string, { token }: Organization, fields: object) => {
    agents[name] = await newAgent(token, { email: `${name}@agents.example`, isPublic: true, ...fields });
  };
  await add("alpha", one, { capabilities: ["resume:read", "mail:send"], owner: "Talent Team" });
  await add("beta", other, { agentType: "router", capabilities: ["ticket:*"], owner: "jane.doe@corp.example" });
  await add("gamma_100", one, { agentType: "router", owner: "Zürich", description: "secret sauce" });
  await add("hidden", one, { isPublic: false });
  await add("off", one, {});
  await add("gone", one, {});
  const { token } = one;
  await call(`/api/v1/agents/${agents.off.agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
  await call(`/api/v1/agents/${agents.gone.agentId}`, { token, method: "DELETE" });
});

async function names(query = ""): Promise<string[]> {
  const { status, body, text } = await call(`${path}${query}`);
  expect(status, text).toBe(200);
  return body.data.map(({ name }: Body) => name.split("@")[0]);
}

describe("the marketplace", () => {
  it("lists the public, active agents of all organizations, newest first", async () => {
    expect(await names()).toEqual(["gamma_100", "beta", "alpha"]);
  });

  it("shows an agent's card with its id, and nothing else", async () => {
    const { body, headers } = await call(path);
    expect(headers.get("Cache-Control")).toBe("public, max-age=60");
    expect(body.data.at(-1)).toStrictEqual({
      agentId: agents.alpha.agentId,
      did: agents.alpha.did,
      name: "alpha@agents.example",
      agentType: "screener",
      capabilities: ["resume:read", "mail:send"],
      owner: "Talent Team",
      version: "1.0.0",
      deploymentEnv: "production",
      identityProvider: issuer,
      issuedAt: agents.alpha.createdAt,
    });
    expect(body.nextCursor).toBeNull();
  });

  it("tells no e-mail address but the agent's own, and no id of its organization", async () => {
    const { body, text } = await call(path);
    expect(body.data[1].owner).toBeNull();
    for (const secret of ["jane.doe", one.organizationId, other.organizationId, "secret sauce"]) {
      expect(text).not.toContain(secret);
    }
  });

  it("is the same for whoever asks, with or without a token", async () => {
    const { text } = await call(path);
    expect((await call(path, { token: one.token })).text).toBe(text);
    expect((await call(path, { token: "nonsense" })).text).toBe(text);
  });

  it("has an ETag", async () => {
    const tag = (await call(path)).headers.get("ETag")!;
    expect((await call(path, { headers: { "If-None-Match": tag } })).status).toBe(304);
  });

  it("loses an agent that is made private, and an organization that is suspended, at once", async () => {
    const tenant = await newOrganization();
    const { agentId } = await newAgent(tenant.token, { email: "late@agents.example", isPublic: true });
    expect(await names("?search=late@")).toEqual(["late"]);
    const patch = (target: string, token: string, json: object) =>
      call(`/api/v1/${target}`, { token, method: "PATCH", json });
    await patch(`agents/${agentId}`, tenant.token, { isPublic: false });
    expect(await names("?search=late@")).toEqual([]);
    await patch(`agents/${agentId}`, tenant.token, { isPublic: true });
    expect(await names("?search=late@")).toEqual(["late"]);
    const organization = `organizations/${tenant.organizationId}`;
    await patch(organization, (await theOperator()).token, { status: "suspended" });
    expect(await names("?search=late@")).toEqual([]);
  });
});

describe("search and filters", () => {
  it.each([
    ["search=ALPHA", ["alpha"]],
    ["search=talent", ["alpha"]],
    ["search=mail:se", ["alpha"]],
    ["search=agents.example", ["gamma_100", "beta", "alpha"]],
    ["search=%25", []],
    ["search=_100", ["gamma_100"]],
    ["search=gamma_1_0", []],
    ["search=Z%C3%BCrich", ["gamma_100"]],
    ["search=%20%20beta%20", ["beta"]],
    ["search=nobody", []],
    ["search=jane", []],
    ["search=corp.example", []],
    ["search=secret", []],
    ["search=%27%20OR%201=1%20--", []],
    ["search=%22,%22", []],
    ["agentType=router", ["gamma_100", "beta"]],
    ["capability=mail:send", ["alpha"]],
    ["capability=ticket:*", ["beta"]],
    ["capability=ticket:read", []],
    ["capability=mail", []],
    ["agentType=router&search=beta", ["beta"]],
    ["agentType=screener&capability=ticket:*", []],
  ])("%s", async (query, expected) => {
    expect(await names(`?${query}`)).toEqual(expected);
  });

  it("takes a search as long as a search may be, in any script", async () => {
    expect(await names(`?search=${encodeURIComponent("𝕏".repeat(50))}`)).toEqual([]);
  });
});

describe("pages", () => {
  it("follow each other, stable while agents are added", async () => {
    const first = (await call(`${path}?limit=2`)).body;
    expect(first.data.map(({ agentId }: Body) => agentId)).toEqual([agents.gamma_100.agentId, agents.beta.agentId]);
    const { agentId } = await newAgent(one.token, { isPublic: true });
    const second = (await call(`${path}?limit=2&cursor=${first.nextCursor}`)).body;
    expect(second.data.map((agent: Body) => agent.agentId)).toEqual([agents.alpha.agentId]);
    expect(second.nextCursor).toBeNull();
    await call(`/api/v1/agents/${agentId}`, { token: one.token, method: "DELETE" });
  });
});

describe("a page looks at 2,000 agents at most, so that nobody makes the database search them all", () => {
  const added = 4_500;

  beforeAll(async () => {
    // Older than all others, so that they come last.
    await DB.prepare(
      `INSERT INTO agents (id, organization_id, email, agent_type, version, capabilities, owner, deployment_env, description,
         granted_scopes, role, is_public, status, created_at, updated_at)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
       SELECT printf('00000000-0000-7000-8000-%012d', n), organization_id, 'many-' || n || '@agents.example', agent_type, version,
         capabilities, owner, deployment_env, NULL, granted_scopes, NULL, 1, 'active', 0, 0
       FROM numbers, (SELECT * FROM agents WHERE id = ?2)`,
    )
      .bind(added, agents.alpha.agentId)
      .run();
    return async () => {
      await DB.prepare("DELETE FROM agents WHERE email LIKE 'many-%'").run();
    };
  });

  /** The sizes of all pages, and the names on them. */
  async function follow(query: string): Promise<{ sizes: number[]; found: string[] }> {
    const [sizes, found]: [number[], string[]] = [[], []];
    for (let cursor = ""; ; ) {
      const { status, body, text } = await call(`${path}?${query}${cursor}`);
      expect(status, text).toBe(200);
      sizes.push(body.data.length);
      found.push(...body.data.map(({ name }: Body) => name.split("@")[0]));
      if (body.nextCursor === null) return { sizes, found };
      cursor = `&cursor=${body.nextCursor}`;
    }
  }

  it("and goes on behind them: what is rare is found, once, on a later page", async () => {
    expect(await follow("search=many-7@")).toEqual({ sizes: [0, 0, 1], found: ["many-7"] });
    expect(await follow("search=nobody")).toEqual({ sizes: [0, 0, 0], found: [] });
  });

  it("what is frequent is found as before, each once", async () => {
    const { sizes, found } = await follow("search=many-&limit=100");
    expect(found).toEqual(Array.from({ length: added }, (_, index) => `many-${added - index}`));
    expect(sizes.every((size) => size > 0)).toBe(true);
  });
});

describe("400", () => {
  it.each([
    ["search=", "search: must have at least 1 character"],
    ["search=%20", "search: must have at least 1 character"],
    [`search=${"a".repeat(101)}`, "search: must have at most 100 characters"],
    ["search=a&search=b", "search: must be one text"],
    [`capability=${"a".repeat(129)}`, "capability: must have at most 128 characters"],
    [
      "agentType=robot",
      "agentType: must be one of screener, classifier, orchestrator, extractor, summarizer, router, monitor, custom",
    ],
    ["limit=101", "limit: must be a whole number from 1 to 100"],
    ["cursor=AAAA", "cursor: is not a cursor of this list"],
  ])("%s", async (query, message) => {
    const { status, body } = await call(`${path}?${query}`);
    expect([status, body.code, body.message]).toEqual([400, "VALIDATION_ERROR", message]);
  });

  it("a cursor of an organization's own list", async () => {
    const { body } = await call("/api/v1/agents?limit=1", { token: one.token });
    expect((await call(`${path}?cursor=${body.nextCursor}`)).status).toBe(400);
  });
});

it("finds the listed agents by an index, however many agents there are", async () => {
  const { results } = await DB.prepare(
    `EXPLAIN QUERY PLAN SELECT agents.id FROM agents INNER JOIN organizations ON organizations.id = agents.organization_id
     WHERE agents.is_public = 1 AND agents.status = 'active' AND organizations.status = ? ORDER BY agents.id DESC LIMIT ?`,
  )
    .bind("active", 21)
    .all<{ detail: string }>();
  expect(results[0]?.detail).toContain("agents_public");
});

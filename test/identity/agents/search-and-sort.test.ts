import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { type Body, call, newAgent, newOrganization } from "../../support/api.ts";

const { DB } = env as unknown as Bindings;
const list = (token: string, query: string) => call(`/api/v1/agents?${query}`, { token });

/** Every agent of the list, page by page. `between` runs after each page. */
async function allPages(token: string, query: string, between: () => Promise<unknown>): Promise<Body[]> {
  const agents: Body[] = [];
  for (let cursor = ""; ; ) {
    const { status, body, text } = await list(token, `${query}&limit=40${cursor}`);
    expect(status, text).toBe(200);
    agents.push(...body.data);
    if (body.nextCursor === null) return agents;
    cursor = `&cursor=${body.nextCursor}`;
    await between();
  }
}

describe("GET /agents?search=", () => {
  let token: string;
  const names = new Map<string, string>();

  beforeAll(async () => {
    const organization = await newOrganization();
    ({ token } = organization);
    const add = async (name: string, fields: Record<string, unknown>) =>
      names.set((await newAgent(token, fields)).agentId, name);
    await add("percent", { email: "p@search.example", owner: "100 % of the team" });
    await add("underscore", { email: "a_b@search.example", owner: "x" });
    await add("letters", { email: "acb@search.example", owner: "x" });
    await add("backslash", { email: "back@search.example", owner: "C:\\agents" });
    await add("capitals", { email: "caps@search.example", owner: "TALENT Team" });
    await add("accent", { email: "accent@search.example", owner: "Équipe" });
    await add("quote", { email: "o'neil@search.example", owner: "x" });
    await add("long", { email: "long@search.example", owner: "o".repeat(128) });
    await newAgent((await newOrganization()).token, { email: "a_b@search.example", owner: "100 %" });
  });

  it.each([
    ["%25", ["percent"]],
    ["_", ["underscore"]],
    ["a_b", ["underscore"]],
    ["%5C", ["backslash"]],
    ["talent", ["capitals"]],
    ["TALENT%20team", ["capitals"]],
    ["CAPS%40", ["capitals"]],
    ["%C3%89quipe", ["accent"]],
    // Only the case of A to Z is folded.
    ["%C3%A9quipe", []],
    ["%C3%89QUIPE", ["accent"]],
    ["'", ["quote"]],
    ["'%20OR%201=1%20--", []],
    ["o".repeat(100), ["long"]],
    ["nothing%20like%20it", []],
    ["search.example&owner=x", ["underscore", "letters", "quote"]],
    ["search.example&owner=x&sort=email&status=suspended", []],
  ])("%s finds only the text itself, in e-mail and owner", async (search, expected) => {
    const { status, body, text } = await list(
      token,
      `search=${search}&sort=createdAt`.replace(/(&sort=email.*)&sort.*/, "$1"),
    );
    expect(status, text).toBe(200);
    expect(body.data.map(({ agentId }: Body) => names.get(agentId))).toEqual(expected);
  });

  it("finds an erased agent by what its record shows", async () => {
    const { agentId } = await newAgent(token, { email: "leaver@search.example", owner: "leaving" });
    await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });
    expect((await call(`/api/v1/agents/${agentId}/erase`, { token, method: "POST" })).status).toBe(200);
    expect((await list(token, "search=leav")).body.data).toEqual([]);
    expect((await list(token, `search=ERASED%2B${agentId}`)).body.data).toMatchObject([{ agentId, owner: "erased" }]);
  });

  it.each([
    ["search=", "search"],
    [`search=${"x".repeat(101)}`, "search"],
    ["search=a%00b", "search"],
    ["search=a&search=b", "search"],
    ["sort=", "sort"],
    ["sort=owner", "sort"],
    ["sort=%2Bemail", "sort"],
    ["sort=email,owner", "sort"],
    ["serch=a", "serch"],
  ])("400 for %s", async (query, path) => {
    const { status, body } = await list(token, query);
    expect([status, body.code, body.details.issues[0].path]).toEqual([400, "VALIDATION_ERROR", path]);
  });

  it("a cursor is valid with its sort and its search only", async () => {
    const queries = ["", "sort=createdAt", "sort=email", "sort=-email", "search=x", "search=e", "search=e&sort=email"];
    const cursors = await Promise.all(
      queries.map(async (query) => (await list(token, `${query}&limit=1`)).body.nextCursor as string),
    );
    for (const [of, cursor] of cursors.entries()) {
      const answers = await Promise.all(queries.map((query) => list(token, `${query}&cursor=${cursor}`)));
      expect(answers.map(({ status }) => status)).toEqual(queries.map((_, at) => (at === of ? 200 : 400)));
    }
    expect((await list(token, `sort=-createdAt&cursor=${cursors[0]}`)).status).toBe(200);
  });

  it("the longest cursor is accepted", async () => {
    const search = "\u{1F600}".repeat(50);
    const owner = `${search}${"x".repeat(28)}`;
    const email = (at: string) => `${at}${"m".repeat(60)}@${`${"d".repeat(61)}.`.repeat(3)}example`.slice(0, 254);
    const made = [
      await newAgent(token, { owner, email: email("1") }),
      await newAgent(token, { owner, email: email("2") }),
    ];
    const query = `sort=-email&limit=1&search=${encodeURIComponent(search)}`;
    const first = await list(token, query);
    const second = await list(token, `${query}&cursor=${first.body.nextCursor}`);
    expect([...first.body.data, ...second.body.data].map(({ agentId }: Body) => agentId)).toEqual(
      made.map(({ agentId }) => agentId).reverse(),
    );
  });
});

/** Copies a row many times, with other values in some columns: what costs least, as a registration makes a key. */
async function copy(table: string, column: string, value: string, changed: readonly Record<string, string>[]) {
  const { results } = await DB.prepare(`SELECT name FROM pragma_table_info('${table}')`).all<{ name: string }>();
  const columns = results.map(({ name }) => name);
  const values = columns.map((name) => (name in (changed[0] ?? {}) ? `value ->> '${name}'` : `${table}.${name}`));
  await DB.prepare(
    `INSERT INTO ${table} (${columns}) SELECT ${values} FROM ${table}, json_each(?) WHERE ${table}.${column} = ?`,
  )
    .bind(JSON.stringify(changed), value)
    .run();
}

describe("GET /agents?sort=, over 250 agents while others are added", () => {
  let token: string;
  const made = new Set<string>();

  const add = async (name: string) => {
    const { agentId } = await newAgent(token, { email: `${name}@sort.example`, owner: "sorted" });
    made.add(agentId);
    return agentId;
  };

  beforeAll(async () => {
    ({ token } = await newOrganization());
    const first = await add("first");
    const rows = Array.from({ length: 250 }, (_, at) => {
      const time = (Date.now() - 1000 + at).toString(16).padStart(12, "0");
      const id = `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
      // 167 and 250 have no common divisor: the order of e-mails is not that of registration.
      return { id, email: `n${String((at * 167) % 250).padStart(3, "0")}@sort.example` };
    });
    await copy("agents", "id", first, rows);
    const keys = rows.map(({ id }) => ({ id: crypto.randomUUID(), agent_id: id }));
    await copy("agent_keys", "agent_id", first, keys);
    for (const { id } of rows) made.add(id);
  });

  it.each([
    ["-createdAt", "agentId", -1],
    ["createdAt", "agentId", 1],
    ["email", "email", 1],
    ["-email", "email", -1],
  ])("%s has each agent once, in order", async (sort, key, sign) => {
    const before = [...made];
    expect(before.length).toBeGreaterThanOrEqual(250);
    let added = 0;
    const seen = await allPages(token, `sort=${sort}&search=sorted`, async () => {
      added += 1;
      await Promise.all(
        ["a", "n1", "z"].map((prefix) => add(`${prefix}-${key}${sign < 0 ? "-down" : "-up"}-${added}`)),
      );
    });
    expect(added).toBeGreaterThanOrEqual(6);
    const keys: string[] = seen.map((agent) => agent[key]);
    expect(keys).toEqual([...keys].sort().map((_, at, sorted) => sorted.at(sign > 0 ? at : -1 - at)));
    expect(new Set(keys).size).toBe(keys.length);
    const ids = new Set(seen.map(({ agentId }) => agentId));
    expect(before.filter((agentId) => !ids.has(agentId))).toEqual([]);
  });

  it.each([
    ["sort=-createdAt", "agents_of_organization"],
    ["sort=createdAt", "agents_of_organization"],
    ["sort=email", "agents_email"],
    ["sort=-email&search=sorted", "agents_email"],
  ])("%s reads its page from an index, without sorting the agents", async (query, index) => {
    const prepared = vi.spyOn(Object.getPrototypeOf(DB) as D1Database, "prepare");
    expect((await list(token, query)).status).toBe(200);
    const [statement, ...others] = prepared.mock.calls.map(([text]) => text).filter((text) => /order by/.test(text));
    prepared.mockRestore();
    expect(others).toEqual([]);
    const { results } = await DB.prepare(`EXPLAIN QUERY PLAN ${statement}`)
      .bind(...Array.from(statement?.matchAll(/\?/g) ?? [], () => ""))
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).toContain(index);
    expect(plan).not.toContain("TEMP B-TREE");
  });
});

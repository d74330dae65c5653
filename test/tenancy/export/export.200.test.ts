import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/platform/db/client.ts";
import { encodeCursor } from "../../../src/platform/http/pagination.ts";
import { newId } from "../../../src/platform/ids.ts";
import { keyOf, type Row, rowsAfter, type StoredType, stored } from "../../../src/tenancy/export/store.ts";
import { newParty, type Party } from "../../security/generated-attacks/_party.ts";
import { type Answer, adminToken, type Body, call, newOrganization, theOperator } from "../../support/api.ts";
import { eventsOf } from "../audit/_log.ts";

const { DB } = env as unknown as { DB: D1Database };

const ask = (token: string, organizationId: string, query = ""): Promise<Answer> =>
  call(`/api/v1/organizations/${organizationId}/export${query}`, { token });

const linesOf = ({ text }: Answer): Body[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

let party: Party;
let other: Party;
let answer: Answer;
let lines: Body[];

const ofType = (type: string) => lines.filter((line) => line.type === type);

beforeAll(async () => {
  const [one, two] = [await newOrganization(), await newOrganization()];
  other = await newParty(two, one);
  party = await newParty(one, two);
  const { agentId, credentialId } = party.agents.wide;
  const path = `/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`;
  for (const overlapSeconds of [600, 600]) await call(path, { token: party.token, json: { overlapSeconds } });
  // Two sessions, so that a page can end between them.
  for (const { agentId, clientSecret } of [party.agents.wide, party.agents.wide, other.agents.wide]) {
    const json = { clientId: agentId, clientSecret };
    const signedIn = await call("/console/session", { json, headers: { "Sec-Fetch-Site": "same-origin" } });
    expect(signedIn.status, signedIn.text).toBe(201);
  }
  // What only a scheduled run, Stripe or a later commit writes.
  const [now, { organizationId }] = [Date.now(), party];
  await DB.batch([
    DB.prepare("INSERT INTO calls_by_route VALUES (?, '2026-11-01', 'GET /made-up', '2xx', 7)").bind(organizationId),
    DB.prepare("INSERT INTO billing_accounts (organization_id, customer_id, version) VALUES (?, 'cus_1', 1)").bind(
      organizationId,
    ),
    DB.prepare("INSERT INTO audit_verifications (organization_id, events, verified_at) VALUES (?, 3, ?)").bind(
      organizationId,
      now,
    ),
    DB.prepare("INSERT INTO audit_checkpoints VALUES (?, 1, ?, 'h', ?, 'kid', 'a.b.c')").bind(
      organizationId,
      newId(now),
      now,
    ),
  ]);
  party = { ...party, token: await adminToken(one) };
  answer = await ask(party.token, organizationId);
  lines = linesOf(answer);
});

describe("GET /organizations/{orgId}/export", () => {
  it("is newline-delimited JSON for a file", () => {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("Content-Type")).toBe("application/x-ndjson");
    expect(answer.headers.get("Content-Disposition")).toBe(`attachment; filename="organization-${party.slug}.ndjson"`);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it("has lines of every type, and ends with their numbers", () => {
    const counts: Record<string, number> = {};
    for (const { type } of lines.slice(0, -1)) counts[type] = (counts[type] ?? 0) + 1;
    expect(lines.at(-1)).toEqual({ type: "end", counts, nextCursor: null });
    expect(Object.keys(counts).sort()).toEqual([...Object.keys(stored), "usage", "signing_key", "audit_event"].sort());
  });

  it("has each row of the organization, and none of another one", async () => {
    const count = async (sql: string) => (await DB.prepare(sql).bind(party.organizationId).first<{ n: number }>())?.n;
    const { organizationId } = party;
    expect(ofType("organization")).toEqual([
      expect.objectContaining({ organizationId, slug: party.slug, status: "active" }),
    ]);
    expect(ofType("agent")).toHaveLength((await count("SELECT count(*) AS n FROM agents WHERE organization_id = ?"))!);
    expect(ofType("credential")).toHaveLength(
      (await count("SELECT count(*) AS n FROM credentials WHERE organization_id = ?"))!,
    );
    expect(ofType("agent_key")).toHaveLength(ofType("agent").length);
    expect(ofType("webhook_delivery")).toHaveLength(
      (await count("SELECT count(*) AS n FROM webhook_deliveries WHERE organization_id = ?"))!,
    );
    expect(new Set(lines.flatMap((line) => line.organizationId ?? []))).toEqual(new Set([organizationId]));
    expect(answer.text).not.toContain(other.secretText);
    expect(answer.text.split(party.secretText).length).toBeGreaterThan(10);
  });

  it("shows an agent with all that is held of it, in the names and forms of the API", async () => {
    const { agentId } = party.agents.wide;
    const { body } = await call(`/api/v1/agents/${agentId}`, { token: party.token });
    const { organization_id: organizationId, did: _, publicKeyJwk, ...fields } = body;
    expect(ofType("agent").find((line) => line.agentId === agentId)).toMatchObject({
      type: "agent",
      organizationId,
      role: "member",
      ...fields,
    });
    expect(ofType("agent_key").find((line) => line.agentId === agentId)).toMatchObject({
      number: 1,
      publicJwk: publicKeyJwk,
      replacedAt: null,
    });
  });

  it("has the log as it is, with the event of this export, and the keys of its signatures", async () => {
    const events = await eventsOf(party.token);
    const exported = ofType("audit_event").map(({ type: _, ...event }) => event);
    expect(exported).toEqual(events.slice(0, exported.length));
    expect(exported.at(-1)).toMatchObject({
      action: "organization.exported",
      outcome: "success",
      agentId: null,
      actor: { agentId: party.agentId },
      target: party.organizationId,
      details: {},
    });
    const { body } = await call("/.well-known/jwks.json");
    const keys = ofType("signing_key").map(({ publicJwk }) => publicJwk);
    expect(keys).toEqual(expect.arrayContaining(body.keys));
  });

  it("has no secret, no hash of one and no sealed key", async () => {
    const columns = [
      "SELECT private_sealed AS value FROM agent_keys",
      "SELECT private_sealed AS value FROM signing_keys",
      "SELECT private_sealed AS value FROM webhook_secrets",
      "SELECT secret_hash AS value FROM credentials",
      "SELECT previous_secret_hash AS value FROM credentials",
      "SELECT earlier.value ->> 'secretHash' AS value FROM credentials, json_each(earlier_secrets) AS earlier",
    ];
    const values: string[] = Object.values(party.agents).map(({ clientSecret }) => clientSecret);
    for (const sql of columns) {
      const { results } = await DB.prepare(sql).all<{ value: string | null }>();
      const found = results.flatMap(({ value }) => value ?? []);
      expect(found.length, sql).toBeGreaterThan(0);
      values.push(...found);
    }
    expect(values.filter((value) => answer.text.includes(value))).toEqual([]);
    expect(answer.text).not.toMatch(/sa_sec_|whsec_|"d":|v1\.test-1\./);
  });

  it("the operator exports another organization, and both logs say so", async () => {
    const operator = await theOperator();
    const token = await adminToken(operator);
    const exported = await ask(token, other.organizationId);
    expect(linesOf(exported)[0]).toMatchObject({ type: "organization", slug: other.slug });
    for (const log of [token, other.token]) {
      const events = await eventsOf(log, { action: "organization.exported" });
      expect(events.at(-1)).toMatchObject({ actor: { agentId: operator.agentId }, target: other.organizationId });
    }
  });
});

it("attack: a cursor that names an agent or a webhook of another organization leads to no row of it", async () => {
  for (const section of [
    "agent_key",
    "credential",
    "webhook_delivery",
    "webhook_delivery_attempt",
    "delegation",
    "console_session",
    "agent",
  ]) {
    for (const ids of other.ids) {
      const id = ids.agentId ?? ids.webhookId;
      if (id === undefined) continue;
      const rest: Record<string, (string | number)[]> = {
        agent: [],
        console_session: [],
        agent_key: [0],
        webhook_delivery_attempt: ["", 0],
      };
      const after = [id, ...(rest[section] ?? [""])];
      const cursor = encodeCursor(
        { name: "export", organizationId: party.organizationId as never },
        { section, after },
      );
      const { status, text } = await ask(party.token, party.organizationId, `?cursor=${cursor}`);
      expect(status).toBe(200);
      expect(text).not.toContain(other.secretText);
      expect(text.includes(`"agentId":"${other.agents.wide.agentId}"`)).toBe(false);
    }
  }
});

describe("a page of a table", () => {
  const walk = async (type: StoredType, limit: number): Promise<Row[]> => {
    const all: Row[] = [];
    for (let after: ReturnType<typeof keyOf> | null = null; ; ) {
      const rows: Row[] = await rowsAfter({ db: openDatabase(DB) }, type, party.organizationId as never, after, limit);
      all.push(...rows);
      const end = rows.at(-1);
      if (!end) return all;
      after = keyOf(type, end);
    }
  };

  it.each(Object.keys(stored) as StoredType[])(
    "%s: pages of one row, and of two, are the rows of one page",
    async (type) => {
      const whole = await walk(type, 10_000);
      expect(whole.length).toBeGreaterThan(0);
      for (const limit of [1, 2]) expect(await walk(type, limit)).toEqual(whole);
    },
  );
});

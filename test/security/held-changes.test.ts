/**
 * Attack: another change of the same agent relayed between `withdraw` and the commit of a suspension. The agent stays refused,
 * and no token from before the suspension is active after a reactivation.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  adminToken,
  type Client,
  call,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";

const { DB } = env as unknown as { DB: D1Database };
const batchOwner = Object.getPrototypeOf(DB) as { batch: D1Database["batch"] };

let organization: Organization;
let agent: Client & { agentId: string; credentialId: string };
let path: string;

beforeEach(async () => {
  organization = await newOrganization();
  agent = await newClient(organization.token);
  path = `/api/v1/agents/${agent.agentId}`;
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const signIn = (client: Client = agent) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
const isActive = async (token: string) =>
  (await call("/api/v1/token/introspect", { basic: organization, form: { token } })).body.active;
const setStatus = (status: string, token = organization.token) =>
  call(path, { method: "PATCH", token, json: { status } });
const statusOfAgent = async () => (await call(path, { token: organization.token })).body.status;

/** Runs something when the first write to a table has been sent and D1 does not have it. */
function beforeWrite(table: string, run: () => Promise<void>) {
  const own = batchOwner.batch;
  let isFirst = true;
  vi.spyOn(batchOwner, "batch").mockImplementation(async function (this: D1Database, statements) {
    const texts = statements.map((one) => String((one as unknown as { statement: string }).statement));
    if (isFirst && texts.some((text) => text.startsWith(`update "${table}"`))) {
      isFirst = false;
      await run();
    }
    return own.call(this, statements) as never;
  });
}

describe("between the announcement of a suspension and its write", () => {
  it("the event of another change of the agent does not end the refusal", async () => {
    const before = await tokenFor(agent);
    const between: number[] = [];
    beforeWrite("agents", async () => {
      between.push((await call(`${path}/credentials`, { token: organization.token, json: {} })).status);
      between.push((await signIn()).status);
    });
    expect((await setStatus("suspended")).status).toBe(200);
    expect(between).toEqual([201, 401]);
    expect((await signIn()).status).toBe(401);
    expect((await setStatus("active")).status).toBe(200);
    const after = await signIn();
    expect(after.status).toBe(200);
    expect([await isActive(before), await isActive(after.body.access_token)]).toEqual([false, true]);
  });

  it("several changes of the agent are held side by side: the end of one does not end the other", async () => {
    const other = await newCredential(organization.token, agent.agentId);
    const between: number[] = [];
    beforeWrite("agents", async () => {
      const revocation = { method: "DELETE", token: organization.token };
      between.push((await call(`${path}/credentials/${other.credentialId}`, revocation)).status);
      between.push((await signIn()).status);
    });
    expect((await setStatus("suspended")).status).toBe(200);
    expect(between).toEqual([204, 401]);
    expect((await setStatus("active")).status).toBe(200);
    expect([(await signIn()).status, (await signIn(other)).status]).toEqual([200, 401]);
  });

  it("the event of another change of the organization does not end its refusal", async () => {
    const { token: operator } = await theOperator();
    const organizationPath = `/api/v1/organizations/${organization.organizationId}`;
    const change = (json: Record<string, string>) => call(organizationPath, { method: "PATCH", token: operator, json });
    const before = await tokenFor(agent);
    const between: number[] = [];
    beforeWrite("organizations", async () => {
      between.push((await change({ name: "Another name" })).status);
      between.push((await signIn()).status);
    });
    expect((await change({ status: "suspended" })).status).toBe(200);
    expect(between).toEqual([200, 401]);
    expect((await change({ status: "active" })).status).toBe(200);
    expect((await signIn()).status).toBe(200);
    expect(await isActive(before)).toBe(false);
  });

  it("a crash: the agent is refused for a minute, then its record decides; tokens from before are not active", async () => {
    const before = await tokenFor(agent);
    beforeWrite("agents", () => Promise.reject(new Error("Network connection lost.")));
    expect((await setStatus("suspended")).status).toBe(503);
    vi.restoreAllMocks();
    const crashedAt = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: crashedAt + 55_000 });
    expect((await signIn()).status).toBe(401);
    vi.setSystemTime(crashedAt + 61_000);
    const after = await signIn();
    expect(after.status).toBe(200);
    expect([await isActive(before), await isActive(after.body.access_token)]).toEqual([false, true]);
  });
});

describe("a write that reaches D1 later than 45 seconds after its announcement", () => {
  it.each([
    ["suspend the agent", "PATCH", "", { status: "suspended" }],
    ["change the agent", "PATCH", "", { owner: "other-team" }],
    ["decommission the agent", "DELETE", "", undefined],
    ["create a credential", "POST", "/credentials", {}],
  ])("changes nothing and is answered with 503: %s", async (_, method, below, json) => {
    const record = async () => ({
      agent: (await call(path, { token: organization.token })).body,
      credentials: (await call(`${path}/credentials`, { token: organization.token })).body.data.length,
    });
    const read = await record();
    // The clock of D1 is 46 seconds ahead, as if the write had been on its way for so long.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 46_000 });
    const token = await adminToken(organization);
    const answer = await call(`${path}${below}`, { method, token, ...(json ? { json } : {}) });
    vi.useRealTimers();
    expect([answer.status, answer.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect(await record()).toEqual(read);
    expect(await statusOfAgent()).toBe("active");
    expect(await DB.prepare("SELECT count(*) AS n FROM outbox").first("n")).toBe(0);
  });
});

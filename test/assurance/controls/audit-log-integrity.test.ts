/** CC7.3: the chains of all organizations, the longest unverified first, spread over runs. */
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { contextOf } from "../../../src/platform/context.ts";
import { newId, type OrganizationId } from "../../../src/platform/ids.ts";
import { verifySlice } from "../../../src/tenancy/audit/service.ts";
import { adminToken, call, newAgent, newOrganization, type Organization } from "../../support/api.ts";
import { bindings, control, day, hour, later, measured, minute, runCron, sql } from "./_cron.ts";

let organization: Organization;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  organization = await newOrganization();
  for (let made = 0; made < 4; made++) await newAgent(organization.token);
  await runCron();
  return () => vi.useRealTimers();
});

beforeEach(() => {
  later(2 * hour);
});

const events = "audit_events WHERE organization_id = ? AND sequence";

it.each([
  ["was changed", `UPDATE audit_events SET outcome = 'failure' WHERE organization_id = ? AND sequence = 3`],
  ["was removed", `DELETE FROM ${events} = 3`],
  ["is missing at the end", `DELETE FROM ${events} = (SELECT max(sequence) FROM kept WHERE organization_id = '%')`],
  [
    "was added behind the end",
    `INSERT INTO audit_events SELECT organization_id, sequence + 100, 'invented', agent_id, action, outcome, actor, target,
      details, timestamp, previous_hash, hash FROM ${events} = 3`,
  ],
])("fails when an event %s, and recovers with the next run", async (_, spoil) => {
  await sql("CREATE TABLE kept AS SELECT * FROM audit_events");
  await sql(spoil.replace("%", organization.organizationId), organization.organizationId);
  expect(await measured("CC7.3")).toMatchObject({ status: "fail", evidence: "1 audit log tampered with" });
  await sql("DELETE FROM audit_events WHERE event_id = 'invented'");
  await sql("INSERT OR REPLACE INTO audit_events SELECT * FROM kept");
  await sql("DROP TABLE kept");
  expect(await measured("CC7.3")).toMatchObject({
    status: "pass",
    evidence: expect.stringMatching(/^2 logs with \d+ events verified within 1\u00a0h$/),
  });
});

it("verifies no log again within an hour that was in order", async () => {
  await measured("CC7.3");
  await sql(
    "UPDATE audit_events SET outcome = 'failure' WHERE organization_id = ? AND sequence = 3",
    organization.organizationId,
  );
  later(50 * minute);
  expect(await measured("CC7.3")).toMatchObject({ status: "pass" });
  later(10 * minute);
  expect(await measured("CC7.3")).toMatchObject({ status: "fail" });
  await sql(
    "UPDATE audit_events SET outcome = 'success' WHERE organization_id = ? AND sequence = 3",
    organization.organizationId,
  );
  expect(await measured("CC7.3")).toMatchObject({ status: "pass" });
});

describe("any verification that finds a break turns it to fail with the next run, and the log that verifies turns it back", () => {
  const spoil = (outcome: string) =>
    sql(
      "UPDATE audit_events SET outcome = ? WHERE organization_id = ? AND sequence = 3",
      outcome,
      organization.organizationId,
    );
  const verdict = async (query = "") => {
    const answer = await call(`/api/v1/audit/verify${query}`, { token: await adminToken(organization) });
    expect(answer.status, answer.text).toBe(200);
    return answer.body.verified;
  };
  const integrityInReport = async () => {
    await bindings.CACHE.delete(`compliance-report:${organization.organizationId}`);
    const answer = await call("/api/v1/compliance/report", { token: await adminToken(organization) });
    expect(answer.status, answer.text).toBe(200);
    return answer.body.auditChainIntegrity;
  };

  it.each<[string, () => Promise<boolean>]>([
    ["a request over the whole log", () => verdict()],
    ["a request over a range", () => verdict(`?fromDate=2020-01-01&toDate=${new Date().toISOString()}`)],
    ["the report", integrityInReport],
  ])("%s", async (_, verifies) => {
    const { lastChecked } = await measured("CC7.3");
    expect(lastChecked).toBe(new Date().toISOString());
    later(10 * minute);
    await spoil("failure");
    expect(await measured("CC7.3"), "it is not verified again within an hour").toMatchObject({
      status: "pass",
      lastChecked,
    });
    expect(await verifies()).toBe(false);
    expect(await measured("CC7.3"), "the oldest verification is that of the other log").toMatchObject({
      status: "fail",
      evidence: "1 audit log tampered with",
      lastChecked,
    });
    await spoil("success");
    expect(await verifies()).toBe(true);
    expect(await measured("CC7.3")).toMatchObject({ status: "pass", lastChecked });
  });
});

it("spreads many organizations over runs, and fails when a log was not verified for more than a day", async () => {
  const ids = Array.from({ length: 30 }, (_, index) => newId<OrganizationId>(Date.now() + index));
  for (const id of ids) {
    await sql(
      `INSERT INTO organizations (id, name, slug, is_operator, plan_tier, max_agents, max_tokens_per_month,
        status, created_at, updated_at)
      SELECT ?1, name, ?1, 0, plan_tier, NULL, NULL, 'active', created_at, updated_at
      FROM organizations LIMIT 1`,
      id,
    );
  }
  expect(await measured("CC7.3")).toMatchObject({ status: "pass", evidence: expect.stringMatching(/^27 logs/) });
  expect(await measured("CC7.3")).toMatchObject({ status: "pass", evidence: expect.stringMatching(/^32 logs/) });
  // No run for a day: each run verifies some logs, and the others are too old.
  const second = new Date().toISOString();
  later(day);
  expect(await measured("CC7.3")).toMatchObject({
    status: "fail",
    evidence: expect.stringMatching(/^The oldest verification of an audit log is \d+ h old$/),
    lastChecked: second,
  });
  expect(await measured("CC7.3")).toMatchObject({ status: "pass", evidence: expect.stringMatching(/^32 logs/) });
  await sql("DELETE FROM organizations WHERE slug = id");
});

it("says unknown when a ledger does not answer, and looks at the others", async () => {
  const { ORG_LEDGER } = bindings;
  const withOneDown = {
    idFromName: (name: string) => (name === organization.organizationId ? name : ORG_LEDGER.idFromName(name)),
    get: (id: DurableObjectId | string) =>
      typeof id === "string"
        ? new Proxy({}, { get: () => () => Promise.reject(new Error("reset")) })
        : ORG_LEDGER.get(id),
  } as unknown as DurableObjectNamespace;
  expect(await measured("CC7.3", { ORG_LEDGER: withOneDown })).toMatchObject({
    status: "unknown",
    evidence: "1 audit log could not be reached",
  });
  expect(await measured("CC7.3")).toMatchObject({ status: "pass" });
  expect(await control("CC7.3")).toMatchObject({ evidence: expect.stringMatching(/^2 logs/) });
});

it("a long chain is verified in slices that go on where the last one ended", async () => {
  const run = { requestId: "r", source: { ip: "", userAgent: "cron" } };
  const context = contextOf(
    bindings,
    run,
    () => {},
    async () => {},
  );
  const id = organization.organizationId as OrganizationId;
  const whole = await verifySlice(context, id, null, 10_000);
  expect(whole).toMatchObject({ isIntact: true, isLast: true });
  let checked = 0;
  let slices = 0;
  for (let from: Parameters<typeof verifySlice>[2] = null; ; ) {
    const slice = await verifySlice(context, id, from, 3);
    expect(slice.isIntact).toBe(true);
    slices += 1;
    checked += slice.checkedCount;
    if (slice.isLast) break;
    from = slice.link;
  }
  expect(checked).toBe(whole.checkedCount);
  expect(slices).toBe(Math.ceil(whole.checkedCount / 3));
});

import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { call, theOperator } from "../../support/api.ts";
import { bindings, control, later, minute, readControls, runCron, sql } from "./_cron.ts";

const ids = ["CC6.1", "CC6.2", "CC6.6", "CC6.7", "CC7.2", "CC7.3", "CC8.1", "CC9.2", "A1.2"];

describe("before the first run", () => {
  it("has every control, each unknown", async () => {
    const controls = await readControls();
    expect(controls.map(({ id }) => id)).toEqual(ids);
    for (const one of controls) {
      expect(one).toMatchObject({ status: "unknown", lastChecked: null, evidence: "Not measured yet" });
    }
  });
});

describe("GET /api/v1/compliance/controls", () => {
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await theOperator();
    return () => vi.useRealTimers();
  });

  // While nothing but the times changes, the copy in KV may be two minutes behind.
  beforeEach(() => {
    later(3 * minute);
  });

  it("has what the last run measured, in the order of the table", async () => {
    await runCron();
    const controls = await readControls();
    expect(controls.map(({ id, name }) => [id, name])).toEqual([
      ["CC6.1", "Logical Access Controls"],
      ["CC6.2", "Credential Lifecycle"],
      ["CC6.6", "Encryption at Rest"],
      ["CC6.7", "Encryption in Transit"],
      ["CC7.2", "System Monitoring"],
      ["CC7.3", "Audit Log Integrity"],
      ["CC8.1", "Change Management"],
      ["CC9.2", "Secrets Rotation"],
      ["A1.2", "Recovery"],
    ]);
    const statuses = Object.fromEntries(controls.map(({ id, status }) => [id, status]));
    // A development service without https: the one control that cannot be measured here.
    expect(statuses, JSON.stringify(controls)).toEqual({
      ...Object.fromEntries(ids.map((id) => [id, "pass"])),
      "CC6.7": "unknown",
    });
    for (const { lastChecked } of controls) expect(lastChecked).toBe(new Date().toISOString());
  });

  it("is readable by scripts of any origin, for a minute", async () => {
    const answer = await call("/api/v1/compliance/controls", { headers: { Origin: "https://status.example" } });
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=60");
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(answer.headers.get("Set-Cookie")).toBeNull();
  });

  it("answers 304 to who has it already", async () => {
    await runCron();
    const { headers } = await call("/api/v1/compliance/controls");
    const again = await call("/api/v1/compliance/controls", {
      headers: { "If-None-Match": headers.get("ETag") ?? "" },
    });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("takes a measurement of up to 15 minutes ago for what is, and an older one for unknown", async () => {
    await runCron();
    const { lastChecked } = await control("CC8.1");
    later(15 * minute);
    expect(await control("CC8.1")).toMatchObject({ status: "pass", lastChecked });
    later(1);
    for (const one of await readControls()) {
      expect(one).toMatchObject({
        status: "unknown",
        // Of CC7.3 it is the time of the oldest verification counted.
        lastChecked: one.id === "CC7.3" ? expect.any(String) : lastChecked,
        evidence: "Not measured for more than 15 minutes",
      });
    }
    await runCron();
    expect(await control("CC8.1")).toMatchObject({ status: "pass", lastChecked: new Date().toISOString() });
  });

  it("tells no id and no secret", async () => {
    const { organizationId, agentId, credentialId, clientSecret, slug } = await theOperator();
    await runCron();
    const text = JSON.stringify(await readControls());
    for (const secret of [organizationId, agentId, credentialId, clientSecret, slug])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it("comes from D1 while KV has nothing, or nonsense", async () => {
    await runCron();
    const before = await readControls();
    await bindings.CACHE.delete("controls");
    expect(await readControls()).toEqual(before);
    await bindings.CACHE.put("controls", JSON.stringify([{ id: "CC6.1", status: "perfect" }]));
    expect(await readControls()).toEqual(before);
  });

  it("is all unknown, and never an error, while neither KV nor D1 answers", async () => {
    await bindings.CACHE.delete("controls");
    await sql("ALTER TABLE control_results RENAME TO gone");
    for (const one of await readControls()) expect(one).toMatchObject({ status: "unknown", lastChecked: null });
    await sql("ALTER TABLE gone RENAME TO control_results");
    await runCron();
    expect(await control("CC8.1")).toMatchObject({ status: "pass" });
  });
});

/** Every control watches something: when that is broken the next run says so, and when it is mended the next run says that. */
import { describe, expect, it } from "vitest";
import { newAgent, newCredential } from "../../support/api.ts";
import { control, day, measured, measuredOrganization, sql } from "./_cron.ts";

const organization = measuredOrganization();

describe("CC8.1 change management", () => {
  it("fails when a migration was not applied", async () => {
    const { results } = await sql("SELECT * FROM d1_migrations ORDER BY id DESC LIMIT 1");
    const [last] = results as [{ id: number; name: string }];
    await sql("DELETE FROM d1_migrations WHERE id = ?", last.id);
    expect(await measured("CC8.1")).toMatchObject({ status: "fail", evidence: "1 migration not applied" });
    await sql("INSERT INTO d1_migrations (id, name) VALUES (?, ?)", last.id, last.name);
    expect(await measured("CC8.1")).toMatchObject({ status: "pass" });
  });

  it("fails when somebody applied another one", async () => {
    await sql("INSERT INTO d1_migrations (name) VALUES ('9999_by_hand.sql')");
    expect(await measured("CC8.1")).toMatchObject({
      status: "fail",
      evidence: "1 applied migration not of this version",
    });
    await sql("DELETE FROM d1_migrations WHERE name = '9999_by_hand.sql'");
    expect(await measured("CC8.1")).toMatchObject({
      status: "pass",
      evidence: expect.stringMatching(/^Version \d+\.\d+\.\d+, all of its \d+ migrations? applied$/),
    });
  });
});

describe("CC9.2 secrets rotation", () => {
  it("fails when a signing key could not be replaced", async () => {
    await sql(`CREATE TRIGGER stuck BEFORE UPDATE OF state ON signing_keys BEGIN SELECT RAISE(ABORT, 'stuck'); END`);
    const before = "(SELECT id FROM signing_keys WHERE state = 'current' AND alg = 'ES256')";
    await sql(`UPDATE signing_keys SET activated_at = ? WHERE id = ${before}`, Date.now() - 36 * day);
    await expect(measured("CC9.2")).rejects.toThrow("maintenance of the signing keys");
    expect(await control("CC9.2")).toMatchObject({ status: "fail", evidence: "A signing key is in use for 36 days" });
    await sql("DROP TRIGGER stuck");
    expect(await measured("CC9.2")).toMatchObject({
      status: "pass",
      evidence: "Oldest key 0 days; 0 credentials expiring within 7 days",
    });
  });

  it("counts the credentials that expire within 7 days", async () => {
    const { agentId } = await newAgent(organization().token);
    const expiresAt = (days: number) => ({ expiresAt: new Date(Date.now() + days * day).toISOString() });
    await newCredential(organization().token, agentId, expiresAt(6));
    await newCredential(organization().token, agentId, expiresAt(8));
    expect((await measured("CC9.2")).evidence).toMatch(/; 1 credential expiring within 7 days$/);
  });
});

/** Every control watches something: when that is broken the next run says so, and when it is mended the next run says that. */
import { describe, expect, it } from "vitest";
import { ledgerOf } from "../../../src/ledger/client.ts";
import type { HoldId, OrganizationId } from "../../../src/platform/ids.ts";
import { call, newAgent, newClient, newCredential } from "../../support/api.ts";
import { bindings, day, later, measured, measuredOrganization, minute, sql } from "./_cron.ts";

const organization = measuredOrganization();

const production = { ISSUER: "https://idp.example.com", ENVIRONMENT: "production" };

describe("CC6.1 logical access", () => {
  const nobody = {
    organization: "00000000-0000-7000-8000-000000000001" as OrganizationId,
    agent: "00000000-0000-7000-8000-000000000002",
  };

  it("fails when a genuine token of an organization that does not exist is accepted", async () => {
    await sql(`INSERT INTO organizations (id, name, slug, is_operator, plan_tier, max_agents, max_tokens_per_month,
        status, created_at, updated_at)
      SELECT '${nobody.organization}', name, 'nobody', 0, plan_tier, NULL, NULL,
      'active', created_at, updated_at FROM organizations LIMIT 1`);
    await sql(
      `INSERT INTO agents (id, organization_id, email, agent_type, version, capabilities, owner, deployment_env,
        granted_scopes, role, is_public, status, created_at, updated_at)
       VALUES (?, ?, 'nobody@example.com', 'custom', '1.0.0', '["a:b"]', 'o', 'production', '["agents:read"]', 'admin', 0,
        'active', 0, 0)`,
      nobody.agent,
      nobody.organization,
    );
    expect(await measured("CC6.1")).toMatchObject({
      status: "fail",
      evidence: expect.stringMatching(/^[1-9]\d* of 12 calls without valid access accepted$/),
    });

    // As the service would: first the ledger, which remembers it, then the record.
    await ledgerOf({ env: bindings }, nobody.organization).withdraw(
      [{ kind: "organization" }],
      crypto.randomUUID() as HoldId,
    );
    await sql("DELETE FROM agents WHERE id = ?", nobody.agent);
    await sql("DELETE FROM organizations WHERE id = ?", nobody.organization);
    later(minute);
    expect(await measured("CC6.1")).toMatchObject({ status: "pass" });
  });

  it("fails when an agent of one organization is seen by another", async () => {
    const { agentId } = await newAgent(organization().token);
    await sql("UPDATE agents SET organization_id = ? WHERE id = ?", nobody.organization, agentId);
    expect(await measured("CC6.1")).toMatchObject({
      status: "fail",
      evidence: "An organization can read data of another",
    });
    await sql("UPDATE agents SET organization_id = ? WHERE id = ?", organization().organizationId, agentId);
    expect(await measured("CC6.1")).toMatchObject({
      status: "pass",
      evidence: "12 calls without valid access refused; no foreign data readable",
    });
  });
});

describe("CC6.2 credential lifecycle", () => {
  it("fails when a decommissioned agent has a live credential", async () => {
    const { agentId, credentialId } = await newClient(organization().token);
    await call(`/api/v1/agents/${agentId}`, { method: "DELETE", token: organization().token });
    expect(await measured("CC6.2")).toMatchObject({ status: "pass" });
    await sql("UPDATE credentials SET revoked_at = NULL WHERE id = ?", credentialId);
    expect(await measured("CC6.2")).toMatchObject({
      status: "fail",
      evidence: "1 credential of switched-off agents still usable",
    });
    await sql("UPDATE credentials SET revoked_at = ? WHERE id = ?", Date.now(), credentialId);
    expect(await measured("CC6.2")).toMatchObject({ status: "pass" });
  });

  it("fails when a suspended agent has signed in, and not because it is suspended", async () => {
    const { agentId, credentialId } = await newClient(organization().token);
    await call(`/api/v1/agents/${agentId}`, {
      method: "PATCH",
      token: organization().token,
      json: { status: "suspended" },
    });
    expect(await measured("CC6.2")).toMatchObject({ status: "pass" });
    await sql("UPDATE credentials SET last_used_at = ? WHERE id = ?", Date.now() + 2 * minute, credentialId);
    expect(await measured("CC6.2")).toMatchObject({ status: "fail" });
    await call(`/api/v1/agents/${agentId}`, { method: "DELETE", token: organization().token });
    expect(await measured("CC6.2")).toMatchObject({ status: "pass" });
  });

  it("tells the share of live credentials that are older than 90 days", async () => {
    const { results } = await sql("SELECT count(*) AS live FROM credentials WHERE revoked_at IS NULL");
    const [{ live }] = results as [{ live: number }];
    const { agentId } = await newAgent(organization().token);
    for (let made = 0; made < live; made++) {
      const { credentialId } = await newCredential(organization().token, agentId);
      await sql("UPDATE credentials SET created_at = ? WHERE id = ?", Date.now() - 91 * day, credentialId);
    }
    expect(await measured("CC6.2")).toMatchObject({
      status: "pass",
      evidence: `${2 * live} live credentials; 50% older than 90 days`,
    });
  });
});

describe("CC6.6 encryption at rest", () => {
  const oneKey = "(SELECT id FROM agent_keys ORDER BY id LIMIT 1)";

  async function spoilt(statement: string, mend: string): Promise<string> {
    await sql(`CREATE TABLE kept_keys AS SELECT * FROM agent_keys`);
    await sql(`CREATE TABLE kept_credentials AS SELECT * FROM credentials`);
    await sql(statement);
    const { status, evidence } = await measured("CC6.6");
    expect(status).toBe("fail");
    await sql(mend);
    await sql("DROP TABLE kept_keys");
    await sql("DROP TABLE kept_credentials");
    expect(await measured("CC6.6")).toMatchObject({ status: "pass" });
    return evidence;
  }

  const mendKeys = `UPDATE agent_keys SET
    private_sealed = (SELECT private_sealed FROM kept_keys WHERE kept_keys.id = agent_keys.id),
    public_jwk = (SELECT public_jwk FROM kept_keys WHERE kept_keys.id = agent_keys.id)`;

  it("fails when a private key was changed", async () => {
    const last =
      "substr(private_sealed, 1, length(private_sealed) - 1) || CASE substr(private_sealed, -1) WHEN 'A' THEN 'Q' ELSE 'A' END";
    expect(await spoilt(`UPDATE agent_keys SET private_sealed = ${last} WHERE id = ${oneKey}`, mendKeys)).toBe(
      "stored keys do not decrypt: 1",
    );
  });

  it("fails when a private key lies in clear, where the sealed one belongs or in the public one", async () => {
    const jwk = `'{"kty":"EC","crv":"P-256","x":"x","y":"y","d":"secret"}'`;
    expect(await spoilt(`UPDATE agent_keys SET private_sealed = ${jwk} WHERE id = ${oneKey}`, mendKeys)).toBe(
      "stored keys do not decrypt: 1",
    );
    expect(await spoilt(`UPDATE agent_keys SET public_jwk = ${jwk} WHERE id = ${oneKey}`, mendKeys)).toBe(
      "private keys are stored in clear: 1",
    );
  });

  it("fails when a secret is no hash", async () => {
    const mend = `UPDATE credentials SET
      secret_hash = (SELECT secret_hash FROM kept_credentials WHERE kept_credentials.id = credentials.id)`;
    const clear = `UPDATE credentials SET secret_hash = 'sa_sec_${"a".repeat(49)}'
      WHERE id = (SELECT id FROM credentials LIMIT 1)`;
    expect(await spoilt(clear, mend)).toBe("secrets are not stored as hashes: 1");
    const earlier = JSON.stringify([{ secretHash: `sa_sec_${"a".repeat(49)}`, hashKeyId: "k1", expiresAt: 0 }]);
    const clearEarlier = `UPDATE credentials SET earlier_secrets = '${earlier}'
      WHERE id = (SELECT id FROM credentials LIMIT 1)`;
    const mendEarlier = "UPDATE credentials SET earlier_secrets = '[]'";
    expect(await spoilt(clearEarlier, mendEarlier)).toBe("secrets are not stored as hashes: 1");
  });

  it("fails when the key that they are encrypted with is not on the list", async () => {
    const other = { KEY_ENCRYPTION_KEYS: "other-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8" };
    expect(await measured("CC6.6", other)).toMatchObject({
      status: "fail",
      evidence: expect.stringMatching(/^stored keys do not decrypt: \d+$/),
    });
    expect(await measured("CC6.6")).toMatchObject({ status: "pass" });
  });
});

describe("CC6.7 encryption in transit", () => {
  it("is unknown in development without https, and passes with it", async () => {
    expect(await measured("CC6.7")).toMatchObject({ status: "unknown" });
    expect(await measured("CC6.7", production)).toMatchObject({
      status: "pass",
      evidence: "Issuer is https, HSTS is sent, 0 webhook targets, all https",
    });
  });

  it("fails when a webhook goes to an http address", async () => {
    await sql(`INSERT INTO webhook_subscriptions (id, organization_id, name, url, events, active, failure_count, slow_until, created_at, updated_at) VALUES
      ('w1', '${organization().organizationId}', 'n', 'http://hooks.example.com/', '[]', 1, 0, 0, 0, 0)`);
    expect(await measured("CC6.7", production)).toMatchObject({
      status: "fail",
      evidence: "1 webhook target without https",
    });
    await sql("UPDATE webhook_subscriptions SET url = 'https://hooks.example.com/' WHERE id = 'w1'");
    expect(await measured("CC6.7", production)).toMatchObject({ status: "pass" });
    await sql("DELETE FROM webhook_subscriptions");
  });
});

/**
 * The last admin that can act and sign in stays: active, `admin`, with `admin:orgs` and `agents:write`, and a way to sign in that
 * is good for 24 hours more.
 * Attack: a member suspends an admin; the last admin narrows, suspends, decommissions itself or lets its last credential go: 403.
 */
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  adminToken,
  call,
  newAdmin,
  newClient,
  newCredential,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";

type Subject = { readonly organizationId: string; readonly agentId: string; readonly credentialId: string };
type Road = (token: string, admin: Subject) => Promise<Answer>;

const secondAdmin = async (organization: Organization) => {
  const client = await newAdmin(organization);
  return { ...client, token: await tokenFor(client, { scope: "admin:orgs agents:read agents:write" }) };
};
const patch = (token: string, { agentId }: Subject, json: unknown) =>
  call(`/api/v1/agents/${agentId}`, { method: "PATCH", token, json });
const members = ({ organizationId }: Subject) => `/api/v1/organizations/${organizationId}/members`;
const without = async (token: string, admin: Subject, scope: string) => {
  const { grantedScopes } = (await call(`/api/v1/agents/${admin.agentId}`, { token })).body;
  return patch(token, admin, { grantedScopes: grantedScopes.filter((held: string) => held !== scope) });
};

const roads: [string, Road][] = [
  ["removing it", (token, admin) => call(`${members(admin)}/${admin.agentId}`, { method: "DELETE", token })],
  ["demoting it", (token, admin) => call(members(admin), { token, json: { agentId: admin.agentId, role: "member" } })],
  ["suspending it", (token, admin) => patch(token, admin, { status: "suspended" })],
  ["decommissioning it", (token, { agentId }) => call(`/api/v1/agents/${agentId}`, { method: "DELETE", token })],
  ["narrowing it below admin:orgs", (token, admin) => without(token, admin, "admin:orgs")],
  ["narrowing it below agents:write", (token, admin) => without(token, admin, "agents:write")],
  [
    "revoking its last credential",
    (token, { agentId, credentialId }) =>
      call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token }),
  ],
];

const lastAdmin = {
  code: "FORBIDDEN",
  message:
    "This is the last admin of the organization that can act and sign in: give another agent the role admin, admin:orgs, agents:write and a credential first.",
};
const expectRefused = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(403);
  expect(answer.body).toMatchObject(lastAdmin);
};

/** The admin signs in with a key of its own, or with a policy, in place of its credential. */
async function withOwnKey(admin: Organization): Promise<void> {
  const { publicKey } = await generateKeyPair("ES256", { extractable: true });
  expect((await patch(admin.token, admin, { publicKeyJwk: await exportJWK(publicKey) })).status).toBe(200);
}
async function withPolicy({ token, agentId }: Organization): Promise<string> {
  const json = { agentId, provider: "github", repository: "acme/api", branch: "main" };
  const answer = await call("/api/v1/oidc/trust-policies", { token, json });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.policyId;
}
const revoke = ({ token, agentId, credentialId }: Organization) =>
  call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token });

afterEach(() => {
  vi.useRealTimers();
});

describe("the last usable admin", () => {
  it.each(roads)("403 for %s, by itself; it goes on working", async (_, road) => {
    const admin = await newOrganization();
    expectRefused(await road(admin.token, admin));
    expect((await call("/api/v1/agents", { token: await adminToken(admin) })).status).toBe(200);
  });

  it.each(roads)("%s is possible while another admin is usable", async (_, road) => {
    const admin = await newOrganization();
    const other = await secondAdmin(admin);
    const answer = await road(other.token, admin);
    expect(answer.status, answer.text).toBeLessThan(300);
  });

  it.each(roads)("%s: of two admins who do so to each other at once, exactly one stays usable", async (_, road) => {
    const admin = await newOrganization();
    const other = await secondAdmin(admin);
    const second = { ...other, organizationId: admin.organizationId };
    const answers = await Promise.all([road(admin.token, second), road(other.token, admin)]);
    // The one that comes second may have lost its token by then: 401.
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
  });

  it.each([
    ["is suspended", { status: "suspended" }],
    ["lacks admin:orgs", { grantedScopes: ["agents:read", "agents:write"] }],
    ["lacks agents:write", { grantedScopes: ["agents:read", "admin:orgs"] }],
  ])("another admin does not count that %s", async (_, json) => {
    const admin = await newOrganization();
    const other = await secondAdmin(admin);
    expect((await call(`/api/v1/agents/${other.agentId}`, { method: "PATCH", token: admin.token, json })).status).toBe(
      200,
    );
    expectRefused(await patch(admin.token, admin, { status: "suspended" }));
  });

  it("another admin does not count without a way to sign in, or with one that ends within 24 hours", async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    const admin = await newOrganization();
    const other = await secondAdmin(admin);
    const path = `/api/v1/agents/${other.agentId}/credentials`;
    const { credentialId } = (await call(path, { token: admin.token })).body.data[0];
    expect((await call(`${path}/${credentialId}`, { method: "DELETE", token: admin.token })).status).toBe(204);
    expectRefused(await patch(admin.token, admin, { status: "suspended" }));
    const endsAt = (afterMs: number) => ({ expiresAt: new Date(now + afterMs).toISOString() });
    await newCredential(admin.token, other.agentId, endsAt(86_400_000));
    expectRefused(await patch(admin.token, admin, { status: "suspended" }));
    await newCredential(admin.token, other.agentId, endsAt(86_400_001));
    expect((await patch(admin.token, admin, { status: "suspended" })).status).toBe(200);
  });

  it("an expiring credential of its own does not let the lasting one go", async () => {
    const admin = await newOrganization();
    await newCredential(admin.token, admin.agentId, { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expectRefused(await revoke(admin));
    await newCredential(admin.token, admin.agentId);
    expect((await revoke(admin)).status).toBe(204);
  });

  it("an own key is a way to sign in: the credential can go, then the key cannot", async () => {
    const admin = await newOrganization();
    await withOwnKey(admin);
    const other = await adminToken({ ...admin, ...(await newCredential(admin.token, admin.agentId)) });
    expect((await revoke(admin)).status).toBe(204);
    const [last] = (await call(`/api/v1/agents/${admin.agentId}/credentials`, { token: other })).body.data;
    // While the credential is there, the key can go; and the other way round.
    expect((await patch(other, admin, { publicKeyJwk: null })).status).toBe(200);
    expectRefused(await revoke({ ...admin, token: other, credentialId: last.credentialId }));
  });

  it("the last own key cannot be given back, but can be replaced by another own key", async () => {
    const admin = await newOrganization();
    await withOwnKey(admin);
    const helper = await newCredential(admin.token, admin.agentId, {
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const token = await adminToken(helper);
    expect((await revoke(admin)).status).toBe(204);
    expectRefused(await patch(token, admin, { publicKeyJwk: null }));
    await withOwnKey({ ...admin, token });
  });

  it("a policy is a way to sign in; the last one cannot be deleted", async () => {
    const admin = await newOrganization();
    const policyId = await withPolicy(admin);
    const helper = await newCredential(admin.token, admin.agentId, {
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const token = await adminToken(helper);
    expect((await revoke(admin)).status).toBe(204);
    const remove = (id: string) => call(`/api/v1/oidc/trust-policies/${id}`, { method: "DELETE", token });
    expectRefused(await remove(policyId));
    await withPolicy({ ...admin, token });
    expect((await remove(policyId)).status).toBe(204);
  });

  it("403 for a member that suspends an admin, the last one or not", async () => {
    const admin = await newOrganization();
    await secondAdmin(admin);
    const member = await tokenFor(await newClient(admin.token, { grantedScopes: ["agents:write"] }));
    const answer = await patch(member, admin, { status: "suspended" });
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe("Only an admin of the organization may change an admin.");
  });
});

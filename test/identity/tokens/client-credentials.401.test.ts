import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  type Client,
  call,
  newAgent,
  newClient,
  newCredential,
  newOrganization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

let admin: string;

beforeAll(async () => {
  admin = (await theOperator()).token;
});

const signIn = (client: Client, ip = "198.51.100.7") =>
  call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials" },
    headers: { "CF-Connecting-IP": ip },
  });

const withoutRequestId = ({ body }: Answer) => ({ ...body, requestId: undefined });

async function reasonsInLog(token: string, target: string): Promise<string[]> {
  const { body } = await call("/api/v1/audit?action=token.refused&outcome=failure&limit=100", { token });
  return body.data
    .filter((event: { target: string }) => event.target === target)
    .map((event: { details: { reason: string } }) => event.details.reason);
}

describe("RFC 6749 5.2: invalid_client", () => {
  it("answers with the same bytes for every reason; the audit log has the true one", async () => {
    const wrong = await newClient(admin);
    const suspended = await newClient(admin);
    await call(`/api/v1/agents/${suspended.agentId}`, { method: "PATCH", token: admin, json: { status: "suspended" } });
    const decommissioned = await newClient(admin);
    await call(`/api/v1/agents/${decommissioned.agentId}`, { method: "DELETE", token: admin });
    const revoked = await newClient(admin);
    await call(`/api/v1/agents/${revoked.agentId}/credentials/${revoked.credentialId}`, {
      method: "DELETE",
      token: admin,
    });
    const { agentId } = await newAgent(admin);
    const expired = await newCredential(admin, agentId, { expiresAt: new Date(Date.now() + 60_000).toISOString() });
    const unknown = { clientId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", clientSecret: wrong.clientSecret };

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    const answers = [
      await signIn({
        clientId: wrong.clientId,
        clientSecret: `${wrong.clientSecret.slice(0, -1)}${wrong.clientSecret.endsWith("x") ? "y" : "x"}`,
      }),
      await signIn(suspended),
      await signIn(decommissioned),
      await signIn(revoked),
      await signIn({ clientId: agentId, clientSecret: expired.clientSecret }),
      await signIn(unknown),
      await signIn({ clientId: "not-even-an-id", clientSecret: "x" }),
    ];
    vi.useRealTimers();

    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Basic realm=/);
      expect(withoutRequestId(answer)).toEqual({
        error: "invalid_client",
        error_description: "Client authentication failed.",
        code: "UNAUTHORIZED",
        message: "Client authentication failed.",
        hint: "Check the client id and its secret, key or workload token. If they are right, the credential, the agent or its organization is not active.",
        docs: "http://localhost:8787/errors#UNAUTHORIZED",
      });
    }
    expect(await reasonsInLog(admin, wrong.clientId)).toEqual(["wrong_secret"]);
    expect(await reasonsInLog(admin, suspended.clientId)).toEqual(["agent_suspended"]);
    expect(await reasonsInLog(admin, decommissioned.clientId)).toEqual(["agent_decommissioned"]);
    expect(await reasonsInLog(admin, revoked.clientId)).toEqual(["credential_revoked"]);
    expect(await reasonsInLog(admin, agentId)).toEqual(["credential_expired"]);
    // No ledger is called for an id that does not exist.
    expect(await reasonsInLog(admin, unknown.clientId)).toEqual([]);
    expect(await reasonsInLog(admin, "not-even-an-id")).toEqual([]);
  });

  it("refuses everybody of a suspended organization", async () => {
    const tenant = await newOrganization();
    await call(`/api/v1/organizations/${tenant.organizationId}`, {
      method: "PATCH",
      token: admin,
      json: { status: "suspended" },
    });
    expect((await signIn(tenant)).body.error).toBe("invalid_client");
    await call(`/api/v1/organizations/${tenant.organizationId}`, {
      method: "PATCH",
      token: admin,
      json: { status: "active" },
    });
    expect((await signIn(tenant)).status).toBe(200);
    expect((await call("/api/v1/agents", { token: tenant.token })).status).toBe(401);
  });

  it.each([
    ["no client at all", {}],
    ["an empty secret", { client_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", client_secret: "" }],
    ["a secret without a client", { client_secret: "sa_sec_x" }],
  ])("refuses %s", async (_, form) => {
    const answer = await call("/api/v1/token", { form: { grant_type: "client_credentials", ...form } });
    expect(answer.status).toBe(401);
    expect(answer.body.error).toBe("invalid_client");
  });

  it.each(["Basic", "Basic !!!", "Basic YQ==", "Bearer x", "Digest a=b", "Basic JTp4"])(
    "refuses Authorization: %s",
    async (header) => {
      const answer = await call("/api/v1/token", {
        form: { grant_type: "client_credentials" },
        headers: { Authorization: header },
      });
      expect(answer.status).toBe(401);
      expect(answer.body.error).toBe("invalid_client");
    },
  );
});

describe("429: repeated failures", () => {
  it("are throttled for that client and that source for a minute; the right secret is accepted from there too", async () => {
    const client = await newClient(admin);
    const bystander = await newClient(admin);
    const guess = { clientId: client.clientId, clientSecret: "wrong" };
    for (let attempt = 1; attempt <= 10; attempt++) expect((await signIn(guess, "203.0.113.9")).status).toBe(401);

    const throttled = await signIn(guess, "203.0.113.9");
    expect(throttled.status).toBe(429);
    expect(throttled.body).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect(Number(throttled.headers.get("Retry-After"))).toBeGreaterThan(50);
    expect((await signIn(guess, "203.0.113.10")).status).toBe(401);
    for (const [who, ip] of [
      [client, "203.0.113.9"],
      [client, "203.0.113.10"],
      [bystander, "203.0.113.9"],
    ] as const)
      expect((await signIn(who, ip)).status).toBe(200);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    const later = await signIn(guess, "203.0.113.9");
    vi.useRealTimers();
    expect(later.status).toBe(401);
  });

  it("count an IPv6 source by its /64, whose addresses are all one host's to choose", async () => {
    const client = await newClient(admin);
    const guess = { clientId: client.clientId, clientSecret: "wrong" };
    for (let attempt = 1; attempt <= 10; attempt++) await signIn(guess, `2001:db8:0:1::${attempt}`);
    expect((await signIn(guess, "2001:db8:0:1:ffff::1")).status).toBe(429);
    expect((await signIn(guess, "2001:db8:0:2::1")).status).toBe(401);
  });

  it("do not flood the audit log", async () => {
    const client = await newClient(admin);
    const guess = { clientId: client.clientId, clientSecret: "wrong" };
    await Promise.all(Array.from({ length: 100 }, () => signIn(guess, "192.0.2.44")));
    expect((await reasonsInLog(admin, client.clientId)).length).toBeLessThanOrEqual(10);
    expect((await tokenFor(client)).length).toBeGreaterThan(100);
  });
});

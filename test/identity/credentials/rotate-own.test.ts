/**
 * Rotating one's own credential: by client authentication with its newest secret (RFC 6749 2.3.1), and with no token.
 * Attack: a leaked secret in its overlap, or a narrow token, rotates; a cross-site POST with cached Basic credentials: refused.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  type Call,
  call,
  issuer,
  newAgent,
  newClient,
  newCredential,
  newOrganization,
  tokenFor,
} from "../../support/api.ts";

interface Named {
  readonly agentId: string;
  readonly credentialId: string;
}
const pathOf = ({ agentId, credentialId }: Named) => `/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`;
const rotate = (own: Named & { clientSecret: string }, json: unknown = {}, init: Call = {}) =>
  call(pathOf(own), { basic: { clientId: own.agentId, clientSecret: own.clientSecret }, json, ...init });
const signIn = async (clientId: string, clientSecret: string) =>
  (await call("/api/v1/token", { basic: { clientId, clientSecret }, form: { grant_type: "client_credentials" } }))
    .status;
const alive = async (token: string) => (await call("/agent-info", { token })).status;
const logOf = async (token: string, { agentId }: Body, action: string) =>
  (await call(`/api/v1/audit?agentId=${agentId}&action=${action}`, { token })).body.data;

afterEach(() => {
  vi.useRealTimers();
});

describe("POST …/rotate by Basic, 200", () => {
  it("with the newest secret of that credential, without a token and without a scope", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token, { grantedScopes: [] });
    const answer = await rotate(own, { overlapSeconds: 0 });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.body).toMatchObject({ credentialId: own.credentialId, clientId: own.agentId, status: "active" });
    expect(await signIn(own.agentId, own.clientSecret)).toBe(401);
    expect(await signIn(own.agentId, answer.body.clientSecret)).toBe(200);
    expect(await logOf(token, own, "credential.rotated")).toMatchObject([
      { actor: { agentId: own.agentId, credentialId: own.credentialId }, details: { overlapSeconds: 0 } },
    ]);
  });

  it("also for an agent that is no member any more", async () => {
    const { token, organizationId } = await newOrganization();
    const own = await newClient(token);
    await call(`/api/v1/organizations/${organizationId}/members/${own.agentId}`, { method: "DELETE", token });
    expect((await rotate(own)).status).toBe(200);
  });

  it("from a page of the service itself", async () => {
    const { token } = await newOrganization();
    const headers = { Origin: issuer, "Sec-Fetch-Site": "same-origin" };
    expect((await rotate(await newClient(token), {}, { headers })).status).toBe(200);
  });

  it("eight at once with one secret: exactly one wins, and its secret signs in", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(own, { overlapSeconds: 60 })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual(Array(7).fill(401));
    expect(await signIn(own.agentId, won[0]?.body.clientSecret)).toBe(200);
  });
});

describe("what a rotation ends", () => {
  it("without overlap the tokens that the old secret got, and no others", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const other = await newCredential(token, own.agentId);
    const [ofOld, ofOther] = [await tokenFor(own), await tokenFor({ ...other, clientId: own.agentId })];
    const fresh = (await rotate(own)).body;
    expect([await alive(ofOld), await alive(ofOther)]).toEqual([401, 200]);
    expect(await alive(await tokenFor(fresh))).toBe(200);
  });

  it("with an overlap nothing; the next rotation without one ends them", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const ofOld = await tokenFor(own);
    const second = (await rotate(own, { overlapSeconds: 600 })).body;
    const ofOverlap = await tokenFor(own);
    expect([await alive(ofOld), await alive(ofOverlap)]).toEqual([200, 200]);
    await rotate({ ...own, clientSecret: second.clientSecret });
    expect([await alive(ofOld), await alive(ofOverlap)]).toEqual([401, 401]);
  });

  it("without overlap the delegations that were made with the old secret, by an admin's rotation too", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token, { grantedScopes: ["agents:read", "audit:read"] });
    const { agentId: delegateeAgentId } = await newAgent(token);
    const lend = async (client: Body) => {
      const delegator = await tokenFor(client);
      const answer = await call("/api/v1/oauth2/token/delegate", {
        token: delegator,
        json: { delegateeAgentId, scopes: ["audit:read"], ttlSeconds: 3600 },
      });
      expect(answer.status, answer.text).toBe(201);
      return answer.body.chainId as string;
    };
    const lent = await lend(own);
    const rotated = await call(pathOf(own), { token, json: {} });
    expect(rotated.status, rotated.text).toBe(200);
    const listed = await call("/api/v1/oauth2/token/delegations", { token: await tokenFor(rotated.body) });
    expect(listed.body.data).toMatchObject([{ chainId: lent, status: "revoked" }]);
  });

  it("without overlap also what the old secret got while the change was written", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const racing = Array.from({ length: 12 }, async () =>
      call("/api/v1/token", { basic: { ...own, clientId: own.agentId }, form: { grant_type: "client_credentials" } }),
    );
    expect((await rotate(own)).status).toBe(200);
    const issued = (await Promise.all(racing)).filter(({ status }) => status === 200);
    for (const { body } of issued) expect(await alive(body.access_token)).toBe(401);
  });
});

describe("POST …/rotate by Basic, 401", () => {
  const refusal = {
    code: "UNAUTHORIZED",
    error: "invalid_client",
    message: "Client authentication failed.",
  };
  const expectRefused = (answer: Body) => {
    expect(answer.status, answer.text).toBe(401);
    expect(answer.body).toMatchObject(refusal);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer(?!.*Basic)/);
  };

  it("for a secret in its overlap, which signs in all the same", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const fresh = (await rotate(own, { overlapSeconds: 600 })).body;
    expectRefused(await rotate(own));
    expect(await signIn(own.agentId, own.clientSecret)).toBe(200);
    expect((await rotate({ ...own, clientSecret: fresh.clientSecret })).status).toBe(200);
  });

  it("for another credential of the same agent, and another agent's or a credential's id in the path", async () => {
    const { token, agentId, credentialId } = await newOrganization();
    const own = await newClient(token);
    const second = await newCredential(token, own.agentId);
    const stranger = await newClient(token);
    const basic = { clientId: own.agentId, clientSecret: own.clientSecret };
    const paths = [
      { agentId: own.agentId, credentialId: second.credentialId },
      { agentId: own.agentId, credentialId: crypto.randomUUID() },
      { agentId: stranger.agentId, credentialId: stranger.credentialId },
      { agentId: stranger.agentId, credentialId: own.credentialId },
      { agentId: crypto.randomUUID(), credentialId: own.credentialId },
      { agentId, credentialId },
    ];
    for (const path of paths) expectRefused(await call(pathOf(path), { basic, json: {} }));
    expect(await signIn(own.agentId, own.clientSecret)).toBe(200);
    expect(await signIn(stranger.agentId, stranger.clientSecret)).toBe(200);
  });

  it("for a wrong secret, what is no Basic, a revoked credential, a suspended agent and one that never was", async () => {
    const { token } = await newOrganization();
    const [own, revoked, suspended] = [await newClient(token), await newClient(token), await newClient(token)];
    await call(`/api/v1/agents/${revoked.agentId}/credentials/${revoked.credentialId}`, { method: "DELETE", token });
    await call(`/api/v1/agents/${suspended.agentId}`, { method: "PATCH", token, json: { status: "suspended" } });
    expectRefused(await rotate({ ...own, clientSecret: "sa_sec_wrong" }));
    expectRefused(await rotate(revoked));
    expectRefused(await rotate(suspended));
    expectRefused(await rotate({ ...own, agentId: crypto.randomUUID() }));
    for (const authorization of ["Basic", "Basic !", "Basic dTpw"]) {
      expectRefused(await call(pathOf(own), { json: {}, headers: { Authorization: authorization } }));
    }
    expect(await logOf(token, own, "client.refused")).toMatchObject([
      { outcome: "failure", details: { reason: "wrong_secret" } },
    ]);
  });

  it("says in the log that the secret was not the newest, and counts it as a failure", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    await rotate(own, { overlapSeconds: 600 });
    const headers = { "CF-Connecting-IP": "198.51.100.9" };
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt++) statuses.push((await rotate(own, {}, { headers })).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    const [newest] = await logOf(token, own, "client.refused");
    expect(newest.details).toMatchObject({ reason: "not_newest_secret" });
  });
});

describe("POST …/rotate by Basic, refused before the secret is looked at", () => {
  it.each([
    ["a foreign Origin", { Origin: "https://evil.example" }],
    ["an opaque Origin", { Origin: "null" }],
    ["Sec-Fetch-Site: cross-site", { "Sec-Fetch-Site": "cross-site" }],
    ["Sec-Fetch-Site: same-site", { "Sec-Fetch-Site": "same-site" }],
  ])("403 with %s: a browser may have sent the credentials by itself", async (_, headers) => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const answer = await rotate(own, {}, { headers });
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
    expect(await signIn(own.agentId, own.clientSecret)).toBe(200);
  });

  it.each([
    ["no body", {}],
    ["a form", { body: "overlapSeconds=0", headers: { "Content-Type": "application/x-www-form-urlencoded" } }],
    ["a text", { body: "{}", headers: { "Content-Type": "text/plain" } }],
  ])("415 with %s", async (_, init) => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const basic = { clientId: own.agentId, clientSecret: own.clientSecret };
    const answer = await call(pathOf(own), { method: "POST", basic, ...init });
    expect([answer.status, answer.body.code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    expect(await signIn(own.agentId, own.clientSecret)).toBe(200);
  });
});

describe("POST …/rotate with an access token", () => {
  it("403 without agents:write, for one's own too; the hint names the way without a token", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token);
    const answer = await call(pathOf(own), { token: await tokenFor(own), json: {} });
    expect(answer.status, answer.text).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "agents:write" } });
    expect(answer.body.hint).toContain("Authorization: Basic");
    expect(await signIn(own.agentId, own.clientSecret)).toBe(200);
  });

  it("403 with agents:write that could not take the agent over, with the hint", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token, { grantedScopes: ["agents:read", "agents:write"] });
    const narrow = await tokenFor(own, { scope: "agents:write" });
    const answer = await call(pathOf(own), { token: narrow, json: {} });
    expect(answer.status, answer.text).toBe(403);
    expect(answer.body.details.notGrantable).toContain("agents:read");
    expect(answer.body.hint).toContain("Authorization: Basic");
  });

  it("the document names the three ways: a bearer token, OAuth, and the client's own secret", async () => {
    const { body } = await call("/openapi.json");
    expect(body.paths["/api/v1/agents/{agentId}/credentials/{credentialId}/rotate"].post.security).toEqual([
      { bearer: ["agents:write"] },
      { oauth2: ["agents:write"] },
      { clientSecretBasic: [] },
    ]);
  });
});

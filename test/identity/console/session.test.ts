/**
 * Sessions of the console: sign-in, and what they may do. Attacks: a page of another site that calls the console with its visitor's cookie (CSRF), by a form or by fetch, or signs the visitor in;
 * the cookie of a session at `/api/v1`, an access token at the console, the CSRF token of another session.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { type Client, call, newClient, newOrganization, type Organization } from "../../support/api.ts";
import { requestWith } from "../../support/with-bindings.ts";
import { type Browser, cookieIn, samePage, signedIn, signIn } from "./_browser.ts";

let organization: Organization;
let admin: Browser;

beforeAll(async () => {
  organization = await newOrganization();
  admin = await signedIn(organization);
});

const client = (): Client => ({ clientId: organization.agentId, clientSecret: organization.clientSecret });

describe("sign-in", () => {
  it("answers who signed in, with every platform scope that the agent holds and no other", () => {
    const { body } = admin.answer;
    expect(body).toMatchObject({
      agent: { agentId: organization.agentId, status: "active" },
      organization: { organizationId: organization.organizationId, slug: organization.slug },
      role: "admin",
      isOperator: false,
    });
    expect([...body.scopes].sort()).toStrictEqual([
      "admin:orgs",
      "agents:read",
      "agents:write",
      "audit:read",
      "delegations:write",
      "tokens:read",
      "webhooks:read",
      "webhooks:write",
    ]);
    const lifeMs = Date.parse(body.expiresAt) - Date.now();
    expect(lifeMs).toBeGreaterThan(8 * 3_600_000 - 60_000);
    expect(lifeMs).toBeLessThanOrEqual(8 * 3_600_000);
    expect(admin.answer.text).not.toContain(organization.clientSecret);
  });

  it("sets a cookie that scripts cannot read and other sites cannot send", () => {
    const [pair = "", ...attributes] = (admin.answer.headers.get("Set-Cookie") ?? "").split("; ");
    // 43 base64url characters are 256 bits. Over http a browser refuses `__Host-` and `Secure`.
    expect(pair).toMatch(/^agentidp=[A-Za-z0-9_-]{43}$/);
    expect(attributes.sort()).toStrictEqual(["HttpOnly", "Path=/", "SameSite=Strict"]);
  });

  it("sets a cookie for this host over https alone, where the issuer has https", async () => {
    const overrides = { ISSUER: "https://idp.example.com" } as unknown as Partial<Bindings>;
    const { clientId, clientSecret } = organization;
    const { status, headers, text } = await requestWith(overrides, "/console/session", {
      method: "POST",
      headers: { ...samePage, "Content-Type": "application/json" },
      body: JSON.stringify({ clientId, clientSecret }),
    });
    expect(status, text).toBe(201);
    const [pair = "", ...attributes] = (headers.get("Set-Cookie") ?? "").split("; ");
    expect(pair).toMatch(/^__Host-agentidp=[A-Za-z0-9_-]{43}$/);
    expect(attributes.sort()).toStrictEqual(["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
  });

  it("refuses a wrong id and a wrong secret with one text, and without a dialog of the browser", async () => {
    const wrongSecret = await signIn({ ...client(), clientSecret: `${organization.clientSecret.slice(0, -1)}!` });
    const wrongId = await signIn({ ...client(), clientId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" });
    const noId = await signIn({ ...client(), clientId: "me" });
    for (const { status, body, headers } of [wrongSecret, wrongId, noId]) {
      expect(status).toBe(401);
      expect(body).toMatchObject({ code: "UNAUTHORIZED", message: "Client authentication failed." });
      expect(headers.get("Set-Cookie")).toBeNull();
      expect(headers.get("WWW-Authenticate")).not.toContain("Basic");
    }
    const [one, other] = [wrongSecret, wrongId].map(({ body: { requestId: _, ...rest } }) => rest);
    expect(one).toStrictEqual(other);
    const { body } = await call("/api/v1/audit?action=client.refused", { token: organization.token });
    expect(body.data[0]).toMatchObject({ agentId: organization.agentId, details: { reason: "wrong_secret" } });
  });

  it("throttles the failures of a network, and never the right secret", async () => {
    const from = { "CF-Connecting-IP": "198.51.100.77" };
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) statuses.push((await signIn({ ...client(), clientSecret: `no-${n}` }, from)).status);
    expect(statuses.slice(0, 10)).toStrictEqual(Array(10).fill(401));
    expect(statuses.slice(10)).toStrictEqual([429, 429]);
    expect((await signIn(client(), from)).status).toBe(201);
  });

  it("takes fewer scopes, and none that the agent does not hold", async () => {
    const narrow = await signedIn(client(), { scopes: ["agents:read"] });
    expect(narrow.answer.body.scopes).toStrictEqual(["agents:read"]);
    expect((await narrow.send("/api/v1/audit")).status).toBe(403);
    const plain = await newClient(organization.token, { grantedScopes: ["agents:read"] });
    const { clientId, clientSecret } = plain;
    const refused = await signIn({ clientId, clientSecret, scopes: ["audit:read"] });
    expect([refused.status, refused.body.error]).toStrictEqual([400, "invalid_scope"]);
  });

  it("refuses an agent whose tokens must be bound to a key", async () => {
    const { clientId, clientSecret } = await newClient(organization.token, { dpopRequired: true });
    expect(await signIn({ clientId, clientSecret })).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
  });

  it("refuses a page of another site, and a form", async () => {
    const json = client();
    const from = (headers: Record<string, string>) => call("/console/session", { json, headers });
    expect((await from({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    expect((await from({ "Sec-Fetch-Site": "same-site" })).status).toBe(403);
    expect((await from({ "Sec-Fetch-Site": "none" })).status).toBe(403);
    expect((await from({ Origin: "https://evil.example" })).status).toBe(403);
    expect((await from({})).status).toBe(403);
    expect((await from({ Origin: "http://localhost:8787" })).status).toBe(201);
    const form = await call("/console/session", { form: { ...json }, headers: samePage });
    expect(form.status).toBe(415);
  });

  it("ends the session that the browser has already", async () => {
    const before = await signedIn(client());
    const after = await signIn(client(), { Cookie: before.cookie });
    expect(after.status).toBe(201);
    expect(await before.send("/session")).toMatchObject({ status: 401, body: { details: { reason: "signed_out" } } });
  });

  it("counts as a token, and a call of the console as a call", async () => {
    const usage = async () => (await call("/api/v1/billing/usage", { token: organization.token })).body.usage;
    const before = await usage();
    const browser = await signedIn(client());
    await browser.send("/api/v1/agents");
    const after = await usage();
    // Reading the usage is a call too.
    expect([after.tokens - before.tokens, after.calls - before.calls]).toStrictEqual([1, 2]);
  });
});

describe("the API through the console", () => {
  it("works with the cookie alone, and /api/v1 does not", async () => {
    const listed = await admin.send("/api/v1/agents?limit=5");
    expect(listed.status, listed.text).toBe(200);
    expect(listed.body.data.length).toBeGreaterThan(0);
    expect(listed.headers.get("ETag")).toBeNull();
    const withoutCookie = await call("/console/api/v1/agents", { headers: samePage });
    expect(withoutCookie).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED", details: { reason: "none" } } });
    const ofApi = await call("/api/v1/agents", { headers: { ...samePage, Cookie: admin.cookie } });
    expect(ofApi.status).toBe(401);
  });

  it("changes nothing without the CSRF token of this very session", async () => {
    const other = await signedIn(client());
    const json = { name: "x", url: "https://hooks.example.com/x", events: ["agent.erased"] };
    const create = (csrf: Record<string, string>) =>
      call("/console/api/v1/webhooks", { json, headers: { ...samePage, Cookie: admin.cookie, ...csrf } });
    for (const csrf of [{}, { "X-CSRF-Token": "" }, { "X-CSRF-Token": other.csrfToken }]) {
      const { status, body } = await create(csrf);
      expect([status, body.code, body.details]).toStrictEqual([403, "FORBIDDEN", { requiredHeader: "X-CSRF-Token" }]);
    }
    const made = await create({ "X-CSRF-Token": admin.csrfToken });
    expect(made.status, made.text).toBe(201);
    const path = `/console/api/v1/webhooks/${made.body.id}`;
    const removed = await call(path, { method: "DELETE", headers: { ...samePage, Cookie: admin.cookie } });
    expect(removed.status).toBe(403);
  });

  it("refuses every other origin, also for reading, and opens no CORS", async () => {
    const Cookie = admin.cookie;
    const refusing = [
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "none" },
      { Origin: "https://evil.example" },
      { Origin: "null" },
      {},
    ] as Record<string, string>[];
    for (const headers of refusing) {
      const init = { headers: { ...headers, Cookie, "X-CSRF-Token": admin.csrfToken } };
      expect((await call("/console/api/v1/agents", init)).status).toBe(403);
      expect((await call("/console/session", init)).status).toBe(403);
      expect((await call("/console/api/v1/agents", { ...init, json: {} })).status).toBe(403);
      expect((await call("/console/api/v1/tiers", init)).headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  });

  it("drops an Authorization header", async () => {
    const narrow = await signedIn(client(), { scopes: ["agents:read"] });
    const headers = { Authorization: `Bearer ${organization.token}` };
    expect((await narrow.send("/api/v1/audit", { headers })).status).toBe(403);
    const basic = `Basic ${btoa(`${organization.agentId}:${organization.clientSecret}`)}`;
    const path = `/api/v1/agents/${organization.agentId}/credentials/${organization.credentialId}/rotate`;
    expect((await narrow.send(path, { json: {}, headers: { Authorization: basic } })).status).toBe(403);
    expect((await call("/console/api/v1/agents", { token: organization.token, headers: samePage })).status).toBe(401);
  });

  it("has preconditions, repeatable requests and streams", async () => {
    const json = {
      email: "console@example.com",
      agentType: "router",
      version: "1.0.0",
      capabilities: ["a:b"],
      owner: "me",
      deploymentEnv: "staging",
    };
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const first = await admin.send("/api/v1/agents", { json, headers });
    const again = await admin.send("/api/v1/agents", { json, headers });
    expect(first.status, first.text).toBe(201);
    expect([again.status, again.body.agentId]).toStrictEqual([201, first.body.agentId]);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    const path = `/api/v1/agents/${first.body.agentId}`;
    const etag = (await admin.send(path)).headers.get("ETag") ?? "";
    const patch = (ifMatch: string, version: string) =>
      admin.send(path, { method: "PATCH", json: { version }, headers: { "If-Match": ifMatch } });
    expect((await patch(etag, "2.0.0")).status).toBe(200);
    expect((await patch(etag, "3.0.0")).status).toBe(412);
    const exported = await admin.send("/api/v1/audit/export?format=ndjson");
    expect(exported.status, exported.text.slice(0, 300)).toBe(200);
    expect(exported.text.split("\n").length).toBeGreaterThan(5);
  });

  it("answers an unknown path and a wrong method as the API does", async () => {
    expect((await admin.send("/api/v1/nothing")).status).toBe(404);
    const { status, headers } = await admin.send("/api/v1/agents", { method: "PUT" });
    expect([status, headers.get("Allow")]).toStrictEqual([405, "POST, GET, HEAD"]);
  });
});

describe("the session", () => {
  it("is read again with the same CSRF token, and ends at sign-out", async () => {
    const browser = await signedIn(client());
    const read = await browser.send("/session");
    expect(read.status, read.text).toBe(200);
    expect(read.body).toStrictEqual(browser.answer.body);
    expect((await call("/console/session", { headers: samePage })).status).toBe(401);
    const out = await browser.send("/session", { method: "DELETE" });
    expect([out.status, cookieIn(out)]).toStrictEqual([204, "agentidp="]);
    expect(out.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await browser.send("/session")).status).toBe(401);
    expect((await browser.send("/api/v1/agents")).status).toBe(401);
  });

  it("is listed for its agent alone, and ended from another one", async () => {
    const [one, other] = [await signedIn(client()), await signedIn(client())];
    const { data } = (await one.send("/sessions")).body;
    expect(data.filter((session: { isCurrent: boolean }) => session.isCurrent)).toMatchObject([
      { sessionId: one.answer.body.sessionId, credentialId: organization.credentialId, ip: "unknown" },
    ]);
    const id = other.answer.body.sessionId;
    expect(data.map(({ sessionId }: { sessionId: string }) => sessionId)).toContain(id);
    const { clientId, clientSecret } = await newClient(organization.token);
    const stranger = await signedIn({ clientId, clientSecret });
    const foreign = await stranger.send(`/sessions/${id}`, { method: "DELETE" });
    expect([foreign.status, foreign.body.code]).toStrictEqual([404, "SESSION_NOT_FOUND"]);
    expect((await other.send("/session")).status).toBe(200);
    expect((await one.send(`/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await one.send(`/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await other.send("/api/v1/agents")).toMatchObject({ status: 401, body: { details: { reason: "ended" } } });
    const events = (await call(`/api/v1/audit?target=${id}`, { token: organization.token })).body.data;
    expect(events.map(({ action, details }: Record<string, unknown>) => [action, details])).toStrictEqual([
      ["session.ended", { reason: "ended" }],
      ["session.started", { scope: other.answer.body.scopes.join(" ") }],
    ]);
  });

  it("is one of 20 at most: the oldest ends", async () => {
    const { clientId, clientSecret } = await newClient(organization.token);
    const browsers: Browser[] = [];
    for (let n = 0; n < 21; n++) browsers.push(await signedIn({ clientId, clientSecret }));
    expect(await browsers[0]?.send("/session")).toMatchObject({
      status: 401,
      body: { details: { reason: "replaced" } },
    });
    expect((await browsers[1]?.send("/session"))?.status).toBe(200);
    expect((await browsers[20]?.send("/sessions"))?.body.data.length).toBe(20);
  });
});

/**
 * One-time links: from an access token to a session. Attack:
 * a one-time link used twice, at once, after its token, or for more than its token; a link made by a delegated token or by a session.
 */
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { call, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { exchanged } from "../delegation/_parties.ts";
import { browserAfter, signedIn, signIn } from "./_browser.ts";

let organization: Organization;

beforeAll(async () => {
  organization = await newOrganization();
});

afterEach(() => {
  vi.useRealTimers();
});

const makeLink = (token: string) => call("/api/v1/console/links", { method: "POST", token });

async function codeOf(token: string): Promise<string> {
  const { status, body, text } = await makeLink(token);
  expect(status, text).toBe(201);
  return new URL(body.url).hash.replace("#code=", "");
}

it("opens the console once, with the scopes of the token and no other", async () => {
  const token = await tokenFor(organization, { scope: "agents:read openid" });
  const made = await makeLink(token);
  expect(made.status, made.text).toBe(201);
  expect(made.body.url).toMatch(/^http:\/\/localhost:8787\/console\/sign-in#code=[A-Za-z0-9_-]{43}$/);
  const lifeMs = Date.parse(made.body.expiresAt) - Date.now();
  expect(lifeMs).toBeGreaterThan(30_000);
  expect(lifeMs).toBeLessThanOrEqual(60_000);
  const code = new URL(made.body.url).hash.replace("#code=", "");
  const browser = browserAfter(await signIn({ code }));
  expect(browser.answer.body).toMatchObject({ agent: { agentId: organization.agentId }, scopes: ["agents:read"] });
  expect((await browser.send("/api/v1/agents")).status).toBe(200);
  expect((await browser.send("/api/v1/audit")).status).toBe(403);
  const again = await signIn({ code });
  expect([again.status, again.body.message]).toStrictEqual([401, "The link is not valid."]);
  const { data } = (await call(`/api/v1/audit?agentId=${organization.agentId}`, { token: organization.token })).body;
  const actions = data.map(({ action }: { action: string }) => action);
  expect(actions).toContain("session.link_created");
  expect(JSON.stringify(data)).not.toContain(code);
});

it("lets one of two requests at once in", async () => {
  const code = await codeOf(organization.token);
  const answers = await Promise.all(Array.from({ length: 8 }, () => signIn({ code })));
  expect(answers.map(({ status }) => status).sort()).toStrictEqual([201, ...Array(7).fill(401)]);
});

it("lapses after 60 seconds, and not before", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  const madeMs = Date.now();
  const [early, late] = [await codeOf(organization.token), await codeOf(organization.token)];
  vi.setSystemTime(madeMs + 59_000);
  expect((await signIn({ code: early })).status).toBe(201);
  vi.setSystemTime(madeMs + 60_000);
  const { status, body } = await signIn({ code: late });
  expect([status, body.message]).toStrictEqual([401, "The link is not valid."]);
});

it("refuses a code that was never made, as one that was used", async () => {
  const unknown = await signIn({ code: "A".repeat(43) });
  const used = await codeOf(organization.token);
  await signIn({ code: used });
  const { requestId: _, ...one } = unknown.body;
  const { requestId: __, ...other } = (await signIn({ code: used })).body;
  expect(one).toStrictEqual(other);
  for (const body of [{}, { code: "x", clientId: "y" }, { code: 1 }, { code: "x".repeat(300) }]) {
    expect((await signIn(body)).status).toBe(400);
  }
});

it("ends with the token: before its use, and its session after it", async () => {
  const { agentId, credentialId, ...client } = await newClient(organization.token);
  const token = await tokenFor(client);
  const [unused, used] = [await codeOf(token), await codeOf(token)];
  const browser = browserAfter(await signIn({ code: used }));
  expect((await browser.send("/session")).status).toBe(200);
  expect((await call("/api/v1/token/revoke", { token: organization.token, form: { token } })).status).toBe(200);
  expect((await signIn({ code: unused })).status).toBe(401);
  expect(await browser.send("/session")).toMatchObject({ status: 401, body: { details: { reason: "revoked" } } });
  const other = browserAfter(await signIn({ code: await codeOf(await tokenFor(client)) }));
  const path = `/api/v1/agents/${agentId}/credentials/${credentialId}`;
  expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
  expect((await other.send("/session")).status).toBe(401);
});

it("is made by an agent's own token alone", async () => {
  const lender = await newClient(organization.token, { grantedScopes: ["agents:read", "audit:read"] });
  const borrower = await newClient(organization.token);
  const lent = await call("/api/v1/oauth2/token/delegate", {
    token: await tokenFor(lender),
    json: { delegateeAgentId: borrower.agentId, scopes: ["agents:read"], ttlSeconds: 600 },
  });
  const token = await exchanged(borrower, lent.body.delegationToken);
  expect(await makeLink(token)).toMatchObject({ status: 403, body: { details: { delegated: true } } });
  const browser = await signedIn({ clientId: organization.agentId, clientSecret: organization.clientSecret });
  const fromSession = await browser.send("/api/v1/console/links", { method: "POST" });
  expect([fromSession.status, fromSession.body.code]).toStrictEqual([403, "FORBIDDEN"]);
});

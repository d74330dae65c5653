/**
 * The API does not guess: at every operation of the OpenAPI document an unknown query parameter, and a known one that is sent twice,
 * is an error that names it. Every error has a hint and its page. What callers sent is cut.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { filled, guarded, type Operation, operations } from "../../security/_operations.ts";
import {
  type Answer,
  call,
  issuer,
  newAgent,
  newOrganization,
  type Organization,
  theOperator,
} from "../../support/api.ts";

let operator: Organization;

beforeAll(async () => {
  operator = await theOperator();
});

function send(
  { method, path, body }: Operation,
  query: string,
  token: string | null = operator.token,
): Promise<Answer> {
  const json = body?.type === "application/json" ? { json: {} } : {};
  return call(`${filled(path)}?${query}`, { method, ...json, ...(token === null ? {} : { token }) });
}

const strict = guarded.filter(({ path, bearer }) => path.startsWith("/api/v1/") && bearer === "needed");
const sizeOf = ({ text }: Answer) => new TextEncoder().encode(text).length;

function expectHelpful({ body, text }: Answer): void {
  expect(typeof body.hint, text).toBe("string");
  expect(body.docs, text).toBe(`${issuer}/errors#${body.code}`);
}

describe("an unknown query parameter is refused at", () => {
  it.each(strict)("$method $path", async (operation) => {
    const answer = await send(operation, "agent_tpye=screener");
    expect([answer.status, answer.body.code], answer.text).toEqual([400, "VALIDATION_ERROR"]);
    const names = operation.query.map(({ name }) => name);
    const known = names.length === 0 ? "there are no query parameters here" : `known: ${names.join(", ")}`;
    const message = names.length === 0 ? `is not known: ${known}` : `is not known; ${known}`;
    expect(answer.body.details.issues).toEqual([{ path: "agent_tpye", message, received: "screener" }]);
    expect(answer.body.message).toBe(`agent_tpye: ${message}`);
    expectHelpful(answer);
  });

  it("GET /api/v1/agents: a secret is not repeated, whatever the name of the parameter", async () => {
    for (const query of ["access_token=abc-secret", "t=sa_sec_abc-secret", "t=eyJabc-secret"]) {
      const answer = await call(`/api/v1/agents?${query}`, { token: operator.token });
      expect(answer.status).toBe(400);
      expect(answer.text).not.toContain("secret");
    }
  });
});

describe("a parameter that is sent twice is refused at", () => {
  it.each(strict.filter(({ query }) => query.length > 0))("$method $path", async (operation) => {
    for (const { name, schema } of operation.query) {
      const value = encodeURIComponent(String(schema.enum?.[0] ?? schema.default ?? "2026-01-01"));
      const answer = await send(operation, `${name}=${value}&${name}=${value}`);
      expect([answer.status, answer.body.details?.issues[0].path], `${name}: ${answer.text}`).toEqual([400, name]);
    }
  });
});

describe("what everybody may read ignores an unknown parameter", () => {
  it.each([
    "/api/v1/tiers",
    "/api/v1/compliance/controls",
    "/api/v1/marketplace/agents",
    "/.well-known/jwks.json",
    "/.well-known/did.json",
    "/.well-known/openid-configuration",
    "/embed/controls.js",
    "/openapi.json",
    "/health",
  ])("%s", async (path) => {
    expect((await call(`${path}?v=3&utm_source=mail&_=1700000000000`)).status).toBe(200);
  });

  it("so do the badge and the card of a public agent, with a token and without", async () => {
    const { agentId } = await newAgent(operator.token, { isPublic: true });
    for (const path of ["badge", "did/card"]) {
      for (const sent of [{}, { token: operator.token }]) {
        expect((await call(`/api/v1/agents/${agentId}/${path}?utm_source=mail&_=1`, sent)).status, path).toBe(200);
      }
    }
  });

  it("so does UserInfo, for the clients of OpenID Connect", async () => {
    expect((await call("/agent-info?schema=openid", { token: operator.token })).status).toBe(200);
  });
});

describe("GET /api/v1/marketplace/agents", () => {
  it.each(["q", "page", "serach", "Search", "agent_type", "capabilities", "limt", "sort", "offset"])(
    "refuses ?%s=, which would find everything",
    async (name) => {
      const answer = await call(`/api/v1/marketplace/agents?${name}=zzzz`);
      expect([answer.status, answer.body.details?.issues]).toEqual([
        400,
        [
          {
            path: name,
            message: "is not known; known: limit, cursor, search, agentType, capability",
            received: "zzzz",
          },
        ],
      ]);
    },
  );

  it.each(["utm_source", "utm_campaign", "fbclid", "gclid", "_", "v", "cb", "ref", "source", "lang"])(
    "ignores ?%s=",
    async (name) => {
      expect((await call(`/api/v1/marketplace/agents?${name}=zzzz`)).status).toBe(200);
    },
  );
});

describe("long values at every operation get a short answer", () => {
  const queries = [
    `${"n".repeat(7_000)}=1`,
    `name=${"v".repeat(7_000)}`,
    Array.from({ length: 900 }, (_, index) => `p${index}=1`).join("&"),
    `n=${"%F0%9F%98%80".repeat(600)}&${"%22".repeat(600)}=1`,
    `limit=${"9".repeat(7_000)}&cursor=${"A".repeat(500)}`,
  ];

  it.each(operations)("$method $path", async (operation) => {
    for (const query of queries) {
      const answer = await send(operation, query, operation.bearer === "none" ? null : operator.token);
      if (answer.status < 400) continue;
      expect(sizeOf(answer), answer.text.slice(0, 200)).toBeLessThan(4_096);
      expectHelpful(answer);
    }
    const path = operation.path.replace(/\{\w+\}/g, encodeURIComponent("\u20ac".repeat(700)));
    const { method } = operation;
    const answer = await call(path, { method, ...(operation.bearer === "none" ? {} : { token: operator.token }) });
    if (answer.status >= 400) expect(sizeOf(answer), answer.text.slice(0, 200)).toBeLessThan(4_096);
  });

  it("POST /api/v1/token: 6,000 unknown scopes, in the answer and in the event", async () => {
    const tenant = await newOrganization();
    const scope = Array.from({ length: 6_000 }, (_, index) => `scope:s${index}`).join(" ");
    const refused = await call("/api/v1/token", { basic: tenant, form: { grant_type: "client_credentials", scope } });
    expect([refused.status, refused.body.error]).toEqual([400, "invalid_scope"]);
    expect(sizeOf(refused)).toBeLessThan(2_048);
    const log = await call("/api/v1/audit?action=token.refused&limit=1", { token: tenant.token });
    expect(log.body.data[0].details.scopeCount).toBe(6_000);
    expect(JSON.stringify(log.body.data[0]).length).toBeLessThan(1_500);
  });

  it("POST /api/v1/oauth2/token/delegate and /agents: the longest names that are refused", async () => {
    const tenant = await newOrganization();
    const names = Array.from({ length: 60 }, (_, index) => `${"c".repeat(60)}:${"c".repeat(60)}${index}`);
    const delegation = { delegateeAgentId: tenant.agentId, scopes: names, ttlSeconds: 60 };
    const lent = await call("/api/v1/oauth2/token/delegate", { token: tenant.token, json: delegation });
    expect(lent.status, lent.text.slice(0, 300)).toBe(400);
    expect(sizeOf(lent)).toBeLessThan(4_096);
    const member = await call("/api/v1/token", {
      basic: tenant,
      form: { grant_type: "client_credentials", scope: "agents:write" },
    });
    const agent = {
      email: "long@example.com",
      agentType: "screener",
      version: "1.0.0",
      capabilities: names.slice(0, 50),
      owner: "team",
      deploymentEnv: "production",
    };
    const made = await call("/api/v1/agents", { token: member.body.access_token, json: agent });
    expect([made.status, made.body.code], made.text.slice(0, 300)).toEqual([403, "FORBIDDEN"]);
    expect(made.body.message).toContain(" and 40 more");
    expect(sizeOf(made)).toBeLessThan(4_096);
  });
});

describe("every error has a hint and its page", () => {
  it.each<[what: string, path: string, init: Parameters<typeof call>[1], code: string]>([
    ["an unknown path", "/nothing/here", {}, "NOT_FOUND"],
    ["an unknown path of the API", "/api/v1/nothing", {}, "NOT_FOUND"],
    ["another method", "/health", { method: "DELETE" }, "METHOD_NOT_ALLOWED"],
    ["no token", "/api/v1/agents", {}, "UNAUTHORIZED"],
    ["the token endpoint", "/api/v1/token", { form: { grant_type: "x" } }, "VALIDATION_ERROR"],
    ["an unknown client", "/api/v1/token", { form: { grant_type: "client_credentials" } }, "UNAUTHORIZED"],
    ["introspection", "/api/v1/token/introspect", { form: { token: "x" } }, "UNAUTHORIZED"],
    ["the authorization endpoint", "/authorize", {}, "VALIDATION_ERROR"],
    ["a long body", "/api/v1/agents", { body: "a".repeat(262_145) }, "PAYLOAD_TOO_LARGE"],
  ])("%s", async (_, path, init, code) => {
    const answer = await call(path, init);
    expect(answer.body.code, answer.text).toBe(code);
    expectHelpful(answer);
  });

  it("an unknown field of a body: the hint has the known ones", async () => {
    const json = { nmae: "x" };
    const path = `/api/v1/organizations/${operator.organizationId}`;
    const answer = await call(path, { method: "PATCH", token: operator.token, json });
    expect(answer.body.details.issues).toContainEqual({ path: "nmae", message: "is not a known field" });
    expect(answer.body.hint).toMatch(/^The known fields are: name, /);
  });

  it.each([
    ["undefined", "The header holds no access token. Is the variable with the token set?"],
    ["null", "The header holds no access token. Is the variable with the token set?"],
    ["sa_sec_abc", "This is a client secret. Exchange it for an access token at `POST /api/v1/token`."],
  ])("Bearer %s: one text, and a hint", async (token, hint) => {
    const answer = await call("/api/v1/agents", { token });
    expect([answer.status, answer.body.message, answer.body.hint]).toEqual([
      401,
      "The access token is not valid.",
      hint,
    ]);
    expectHelpful(answer);
  });
});

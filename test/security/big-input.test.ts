/**
 * Attack: deep JSON, huge arrays, bad UTF-8, duplicate form fields, 100 headers: 4xx in bounded time. Every operation that
 * takes a body, from the OpenAPI document; generated input: test/security/fuzz.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, call, newOrganization, type Organization } from "../support/api.ts";
import { filled, type Operation, operations } from "./_operations.ts";

let tenant: Organization;

beforeAll(async () => {
  tenant = await newOrganization();
});

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(parts.flatMap((part) => [...(typeof part === "string" ? utf8(part) : part)]));

/** JSON that is too much, or none. Each is under the limit of 256 KiB but for the last ones. */
const bodies: readonly (readonly [what: string, body: BodyInit])[] = [
  ["120,000 arrays in each other", "[".repeat(120_000) + "]".repeat(120_000)],
  ["120,000 arrays that do not close", "[".repeat(120_000)],
  ["40,000 objects in each other", `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`],
  ["40,000 objects in a known field", `{"name":${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}}`],
  ["an array of 100,000", `[${"0,".repeat(99_999)}0]`],
  ["100,000 in a known list", `{"events":[${"0,".repeat(99_999)}0],"scopes":[],"capabilities":[]}`],
  ["100,000 capabilities", `{"capabilities":[${'"a",'.repeat(60_000)}"a"]}`],
  ["20,000 fields", `{${Array.from({ length: 20_000 }, (_, index) => `"f${index}":1`).join()}}`],
  ["one field 30,000 times", `{${'"name":1,'.repeat(28_000)}"name":1}`],
  ["a name of 200 KB", `{"${"n".repeat(200_000)}":1}`],
  ["a number of 200,000 digits", `{"name":${"9".repeat(200_000)}}`],
  ["a number beyond all", '{"ttlSeconds":1e999999}'],
  ["the smallest number there is not", '{"ttlSeconds":1e-999999}'],
  ["escapes", `{"name":"${"\\u0000".repeat(30_000)}"}`],
  ["half an escape", '{"name":"\\u12'],
  ["half a surrogate", '{"name":"\\ud800"}'],
  ["bad UTF-8", bytes('{"name":"', [0xc3, 0x28, 0xff, 0xfe], '"}')],
  ["an overlong slash", bytes('{"name":"', [0xc0, 0xaf], '"}')],
  ["a surrogate in UTF-8", bytes('{"name":"', [0xed, 0xa0, 0x80], '"}')],
  ["a character cut off", bytes('{"name":"', [0xf0, 0x9f])],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])],
  ["gzip", new Uint8Array([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0])],
  ["NULs", new Uint8Array(1000)],
  ["nothing", ""],
  ["white space", " ".repeat(200_000)],
  ["null", "null"],
  ["a number", "7"],
  ["a text", '"{}"'],
  ["two objects", "{}{}"],
  ["a comment", "/* */{}"],
  ["single quotes", "{'name':'a'}"],
  ["NaN", '{"name":NaN}'],
  ["a trailing comma", '{"name":"a",}'],
  ["a form", "name=a&name=b"],
  ["too much by a byte", `{"name":"${"a".repeat(262_144 - 10)}"}`],
  ["10 MB", `{"name":"${"a".repeat(10 * 1024 * 1024)}"}`],
];

const ids = () => ({ orgId: tenant.organizationId, agentId: tenant.agentId, credentialId: tenant.credentialId });

function send({ method, path, bearer }: Operation, type: string, body: BodyInit): Promise<Answer> {
  const headers = { "Content-Type": type };
  return call(filled(path, ids()), { method, body, headers, ...(bearer === "none" ? {} : { token: tenant.token }) });
}

const takingJson = operations.filter(({ body }) => body?.type === "application/json");
const takingForms = operations.filter(({ body }) => body?.type === "application/x-www-form-urlencoded");
/** Where no body is a body too, of nothing but defaults. */
const optionalBodies = ["createCredential", "rotateCredential", "rotateSigningKeys"];

function expectRefused({ status, body, text }: Answer, what: string): void {
  expect(status, `${what}: ${text.slice(0, 300)}`).toBeGreaterThanOrEqual(400);
  expect(status, `${what}: ${text.slice(0, 300)}`).toBeLessThan(500);
  expect(typeof body.code).toBe("string");
  expect(new TextEncoder().encode(text).length, `${what}: ${text.slice(0, 300)}`).toBeLessThan(4_096);
}

describe("JSON that is too much, or none", () => {
  it.each(takingJson)("$method $path", async (operation) => {
    for (const [what, body] of bodies) {
      if (optionalBodies.includes(operation.operationId) && body === "") continue;
      expectRefused(await send(operation, "application/json", body), what);
    }
  });
});

describe("forms that are too much, or none", () => {
  const forms: readonly (readonly [string, BodyInit])[] = [
    ["grant_type twice", "grant_type=client_credentials&grant_type=client_credentials&token=a&token=b"],
    ["a field 20,000 times", "token=a&".repeat(20_000)],
    ["20,000 fields", Array.from({ length: 20_000 }, (_, index) => `f${index}=1`).join("&")],
    ["200,000 ampersands", "&".repeat(200_000)],
    ["brackets", "grant_type[]=client_credentials&grant_type[a][b][c]=1"],
    ["__proto__", "__proto__=1&__proto__[grant_type]=client_credentials&constructor[prototype]=1"],
    ["bad percents", "grant_type=%&client_id=%zz&client_secret=%c3%28"],
    ["bad UTF-8", bytes("grant_type=", [0xff, 0xfe, 0xc3, 0x28])],
    ["NULs", "grant_type=%00&client_id=%00&client_secret=%00&token=%00"],
    ["a secret of 200 KB", `grant_type=client_credentials&client_id=a&client_secret=${"s".repeat(200_000)}`],
    [
      "an assertion of 200 KB",
      `grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=${"a.".repeat(100_000)}`,
    ],
    ["100 resources", `grant_type=client_credentials${"&resource=https://a.example".repeat(100)}`],
    ["a scope of 200 KB", `grant_type=client_credentials&scope=${"a+".repeat(100_000)}`],
    ["JSON", '{"grant_type":"client_credentials"}'],
    ["nothing", ""],
    ["too much", "a".repeat(262_145)],
  ];

  it.each(takingForms)("$method $path", async (operation) => {
    for (const [what, body] of forms)
      expectRefused(await send(operation, "application/x-www-form-urlencoded", body), what);
  });
});

describe("a body of another type", () => {
  const types = [
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json-patch+json",
    "",
    "a",
    "application/json\u00e9",
  ];

  it.each(operations.filter(({ body }) => body !== null))("$method $path", async (operation) => {
    for (const type of types) {
      const { status } = await send(operation, type, "{}");
      expect([400, 401, 403, 404, 415], type).toContain(status);
    }
  });
});

describe("100 headers, and long ones", () => {
  it.each(operations)("$method $path", async ({ method, path, bearer }) => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`X-Header-${index}`, "v".repeat(50)]));
    const long = {
      Accept: "a/b,".repeat(2000),
      "If-None-Match": '"x",'.repeat(2000),
      "Accept-Language": "x".repeat(8000),
      Cookie: "a=b;".repeat(2000),
    };
    const path_ = filled(path, ids());
    for (const headers of [
      many,
      long,
      { Authorization: `Bearer ${"A".repeat(20_000)}` },
      { DPoP: "a.b.c".repeat(3000) },
    ]) {
      const token = bearer === "none" || "Authorization" in headers ? {} : { token: tenant.token };
      // To be refused for its body, or its id: what counts is that the headers do no harm.
      const { status } = await call(path_, { method: method === "DELETE" ? "GET" : method, headers, ...token });
      expect(status).not.toBe(500);
    }
  });
});

describe("long addresses", () => {
  it("are no 500", async () => {
    for (const path of [
      `/api/v1/agents/${"a".repeat(8000)}`,
      `/api/v1/agents?${"owner=a&".repeat(1000)}`,
      `/api/v1/agents?cursor=${"A".repeat(8000)}`,
      `/${"a/".repeat(2000)}`,
      `/api/v1/agents/%00`,
      `/api/v1/agents/%ff`,
      `/api/v1/agents/%`,
      `/api/v1/agents/%E0%80%AF`,
      "/api/v1//agents",
      "/api/v1/agents/..%2f..%2fkeys",
    ]) {
      const { status } = await call(path, { token: tenant.token });
      expect([400, 404, 414], path.slice(0, 60)).toContain(status);
    }
  });
});

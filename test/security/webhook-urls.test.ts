/**
 * Attack: webhook URL to 127.0.0.1, 169.254.169.254, [::1], decimal and octal addresses, `localhost.`, internal names, a
 * redirect to them: refused at save and at send. Every field of every body that takes a URL, found in the OpenAPI document, in
 * production. At send, and redirects: test/tenancy/webhooks/guard.test.ts.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { type Body, newOrganization, type Organization } from "../support/api.ts";
import { requestWith } from "../support/with-bindings.ts";
import { filled, type Operation, operations, resolved } from "./_operations.ts";

/** Loopback is for developers; nobody else may go there. */
const production = {
  ENVIRONMENT: "production",
  ISSUER: "https://idp.example.com",
  DNS_RESOLVER: "off",
} as unknown as Partial<Bindings>;

const attacks = [
  "http://hooks.example.com/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://127.0.0.1.:443/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.1/",
  "https://017700000001/",
  "https://0177.0.0.1/",
  "https://0/",
  "https://0.0.0.0/",
  "https://[::1]/",
  "https://[::]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/latest/meta-data/",
  "https://[fe80::1]/",
  "https://169.254.169.254/latest/meta-data/iam/security-credentials/",
  "https://2852039166/",
  "https://0xA9FEA9FE/",
  "https://0251.0376.0251.0376/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://169.254.43518/",
  "https://①⑥⑨.②⑤④.①⑥⑨.②⑤④/",
  "https://１６９.２５４.１６９.２５４/",
  "https://169。254。169。254/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://192.168.0.1/",
  "https://100.64.0.1/",
  "https://198.18.0.1/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://8.8.8.8/",
  "https://localhost/",
  "https://LOCALHOST/",
  "https://localhost./",
  "https://localhost:8443/",
  "https://a.localhost/",
  "https://localhost.localdomain/",
  "https://ⓛocalhost/",
  "https://hooks.example.com./",
  "https://vault/",
  "https://vault.internal/",
  "https://printer.local/",
  "https://db.corp/",
  "https://nas.lan/",
  "https://router.home.arpa/",
  "https://api.default.svc/",
  "https://api.default.svc.cluster.local/",
  "https://metadata.google.internal/computeMetadata/v1/",
  "https://metadata.goog/",
  "https://instance-data.ec2.internal/",
  "https://site.test/",
  "https://hidden.onion/",
  "https://user@hooks.example.com/",
  "https://user:secret@hooks.example.com/",
  "https://hooks.example.com@10.0.0.1/",
  "https://hooks.example.com%2f@10.0.0.1/",
  "https://hooks.example.com:22/",
  "https://hooks.example.com:6379/",
  "https://hooks.example.com:8787/",
  "https://hooks.example.com#@10.0.0.1/",
  "https://hooks.example.com\\@10.0.0.1/",
  "https:\\\\10.0.0.1\\",
  "https://hooks.example.com/\r\nHost: 10.0.0.1",
  "https://hooks.example.com/\t",
  " https://hooks.example.com/",
  "https:///10.0.0.1/",
  "//hooks.example.com/",
  "/hooks",
  "hooks.example.com",
  "ftp://hooks.example.com/",
  "file:///etc/passwd",
  "gopher://hooks.example.com/",
  "data:text/plain,hi",
  "javascript:alert(1)",
  "blob:https://hooks.example.com/1",
  "ws://hooks.example.com/",
  `https://hooks.example.com/${"a".repeat(3000)}`,
  "",
];

/** A body that is in order but for its URLs, for every operation that takes one. */
const bodies: Readonly<Record<string, Body>> = {
  createWebhook: { name: "A receiver", events: ["agent.created"] },
  changeWebhook: {},
  trustPartner: { name: "A partner", issuer: "https://idp.acme.example.com" },
  changePartner: {},
  createTrustPolicy: {
    provider: "oidc",
    issuer: "https://second.example.com",
    audience: "https://idp.example.com",
    claims: { sub: "a" },
  },
};

/** The names of the fields of a schema, its alternatives included, that take a URL which the service may call. */
function urlFieldsOf(schema: Body): string[] {
  const { properties = {}, oneOf = [], anyOf = [] } = resolved(schema);
  const own = Object.entries<Body>(properties).flatMap(([name, field]) =>
    /(url|uri|issuer|endpoint|callback)$/i.test(name) || field.format === "uri" ? [name] : [],
  );
  return [...new Set([...own, ...[...oneOf, ...anyOf].flatMap(urlFieldsOf)])];
}

const fields = operations
  .filter(({ body }) => body?.type === "application/json")
  .flatMap((operation) =>
    urlFieldsOf(operation.body?.schema).map((field): [string, string, Operation] => [
      operation.operationId,
      field,
      operation,
    ]),
  );

let tenant: Organization;
let token: string;
const ids: Record<string, string> = {};

const send = (method: string, path: string, json: unknown) =>
  requestWith(production, path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(json),
  });

beforeAll(async () => {
  tenant = await newOrganization();
  const signIn = await requestWith(production, "/api/v1/token", {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${tenant.clientId}:${tenant.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "agents:write webhooks:write admin:orgs" }),
  });
  token = signIn.body.access_token;
  const webhook = await send("POST", "/api/v1/webhooks", {
    ...bodies.createWebhook,
    url: "https://hooks.example.com/in",
  });
  const partner = await send("POST", "/api/v1/federation/trust", {
    ...bodies.trustPartner,
    issuer: "https://first.example.com",
  });
  expect([signIn.status, webhook.status, partner.status]).toEqual([200, 201, 201]);
  Object.assign(ids, { webhookId: webhook.body.id, partnerId: partner.body.partnerId });
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("nobody may be called"));
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("the document has the fields that take a URL", () => {
  expect(fields.map(([operationId, field]) => `${operationId} ${field}`)).toEqual(
    expect.arrayContaining([
      "createWebhook url",
      "changeWebhook url",
      "trustPartner issuer",
      "trustPartner jwksUri",
      "changePartner jwksUri",
      "createTrustPolicy issuer",
    ]),
  );
});

describe.each(fields)("%s refuses, as its %s,", (operationId, field, { method, path }) => {
  const ask = (url: string) => {
    expect(Object.keys(bodies)).toContain(operationId);
    const agent = operationId === "createTrustPolicy" ? { agentId: tenant.agentId } : {};
    return send(method, filled(path, ids), { ...bodies[operationId], ...agent, [field]: url });
  };

  it.each(attacks)("%j", async (url) => {
    const { status, body, text } = await ask(url);
    expect([status, body.code], text).toEqual([400, "VALIDATION_ERROR"]);
    expect(body.details.issues.map((issue: Body) => issue.path)).toEqual([field]);
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
  });

  it("and takes a public one", async () => {
    const { status, text } = await ask(`https://${operationId.toLowerCase()}-${field.toLowerCase()}.example.com/a`);
    expect([200, 201], text).toContain(status);
  });
});

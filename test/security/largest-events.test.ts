/**
 * Attack: the largest body at every operation that can write an event, sixty at once; a stranger's long `scope` in refused token requests.
 * Generated from the OpenAPI document. Afterwards the audit log is complete and is read, and no value was over the limit of D1.
 * The scope: test/tenancy/audit/large-refusals.200.test.ts.
 */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import {
  adminToken,
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
} from "../support/api.ts";
import { limitValues } from "../support/value-limit.ts";
import { filled, type Operation, operations, resolved } from "./_operations.ts";

const atOnce = 60;
/** Of a body that has little text, also at its largest, sixty events are small: each of its bodies is sent once. */
const littleText = 500;
/** Without a body the event has no text of the caller's but its headers. */
const atOnceWithoutBody = 2;
/** Of a field without a longest value: most of the 256 KiB of a body. */
const withoutLimit = 200_000;

let operator: Organization;
let token: string;
let ids: Record<string, string>;
let refusedSizes: number[];

beforeAll(async () => {
  operator = await theOperator();
  token = await adminToken(operator);
  const { organizationId } = await newOrganization();
  const { agentId, credentialId } = await newClient(token);
  const create = async (path: string, json: unknown) => (await call(`/api/v1${path}`, { token, json })).body;
  const webhook = await create("/webhooks", {
    name: "n",
    url: "https://hooks.example.com/",
    events: ["agent.updated"],
  });
  const partner = await create("/federation/trust", { name: "Partner", issuer: "https://idp.partner.example" });
  const resource = await create("/resources", { identifier: "urn:agentidp:operator:first", name: "First" });
  ids = {
    orgId: operator.organizationId,
    otherOrgId: organizationId,
    agentId,
    credentialId,
    webhookId: webhook.subscriptionId ?? webhook.webhookId ?? webhook.id,
    partnerId: partner.partnerId,
    resourceId: resource.resourceId,
  };
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Network connection lost."));
  refusedSizes = await limitValues();
});

afterAll(() => void vi.restoreAllMocks());

let counter = 0;

/** Values that no schema describes: they name things, or must be unique. By the name of their property. */
const known: Readonly<Record<string, () => unknown>> = {
  agentId: () => ids.agentId,
  delegateeAgentId: () => ids.agentId,
  organizationId: () => ids.otherOrgId,
  organization_id: () => operator.organizationId,
  identifier: () => `urn:agentidp:operator:${"i".repeat(40)}${++counter}`,
  issuer: () => `https://idp-${++counter}.example`,
  domain: () => `${"d".repeat(60)}.${"d".repeat(50)}-${++counter}.example`,
  repository: () => `${"o".repeat(39)}/${"r".repeat(90)}${++counter}`,
  repositoryId: () => "774218503",
  repositoryOwnerId: () => "9919",
  version: () => `1.0.0+${"v".repeat(58)}`,
  grant_type: () => "client_credentials",
  status: () => "active",
  role: () => "member",
  planTier: () => "enterprise",
  enterprise: () => "e".repeat(100),
  jobWorkflowRef: () => `acme/ci/${"w".repeat(480)}@refs/heads/main`,
  // Only without a branch and an environment.
  ...{ tag: () => undefined, ref: () => undefined, anyRef: () => undefined, pullRequests: () => undefined },
  // Only without jwksUri; an event has its digest.
  jwks: () => undefined,
};

/** Those of a resource, as many and as long as they may be. */
const scopeNames = Array.from(
  { length: 64 },
  (_, index) => `${"c".repeat(63)}:${"c".repeat(61)}${String.fromCharCode(97 + (index >> 3), 97 + (index & 7), 120)}`,
);

/** A text of the schema's greatest length; of three bytes a character, where it takes any. */
function longText({ pattern, format, maxLength = withoutLimit, example }: Body): string {
  const number = String(++counter);
  if (format === "email") return `${"e".repeat(50)}${number}@${"e".repeat(60)}.${"e".repeat(60)}.example`;
  if (format === "uri") return `https://${number}.example/${"u".repeat(1_900)}`;
  if (format === "date-time") return "2040-01-01T00:00:00.000Z";
  if (format === "uuid") return ids.agentId ?? "";
  // A form has three characters for each byte of the euro sign.
  if (pattern === undefined && maxLength === withoutLimit) return "x".repeat(withoutLimit);
  if (pattern === undefined || pattern.startsWith("^[^\\x00-"))
    return "\u20ac".repeat(maxLength - number.length) + number;
  if (pattern.startsWith("^[a-z0-9]+(")) return "s".repeat(maxLength - number.length) + number;
  if (pattern.startsWith("^[a-z][a-z0-9_-]*:")) return `${"c".repeat(60)}:${"c".repeat(60)}${number}`;
  return example ?? number;
}

/** The largest value of a schema. */
function largest(name: string, given: Body): unknown {
  const schema = resolved(given);
  if (known[name]) return known[name]();
  const [alternative] = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  if (alternative) return largest(name, alternative);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const [type] = [schema.type].flat();
  if (type === "string") return longText(schema);
  if (type === "integer" || type === "number") return schema.maximum ?? schema.example ?? 1_000;
  if (type === "boolean") return false;
  if (type === "array") {
    const items = resolved(schema.items);
    if (name === "scopes" && items.type === "string") return ["agents:read"];
    if (items.properties?.name && items.properties.description) {
      return scopeNames.map((one) => ({ name: one, description: largest("", items.properties.description) }));
    }
    if (items.format === "uuid") return [ids.agentId];
    if (items.properties?.organizationId) {
      return [{ organizationId: ids.otherOrgId, scopes: scopeNames }];
    }
    if (items.enum) return items.enum.filter((value: string) => value !== "admin:orgs");
    return Array.from({ length: schema.maxItems ?? 1 }, () => largest("", items));
  }
  const members = Object.entries<Body>(schema.properties ?? {});
  if (members.length === 0) return schema.example ?? {};
  return Object.fromEntries(members.map(([member, one]) => [member, largest(member, one)]));
}

/** The smallest body: what is required. */
const required = (schema: Body): [string, unknown][] =>
  (schema.required ?? []).map((name: string) => {
    const value = largest(name, schema.properties[name]);
    // Two such fields would be more than a body may have.
    return [name, typeof value === "string" && value.length === withoutLimit ? "x" : value];
  });

/** Makes the bodies of an operation: all fields at their largest, each field at its largest, each filled up. */
function bodiesOf({ body }: Operation): (() => Record<string, unknown>)[] {
  if (!body) return [];
  const schema = resolved(body.schema.oneOf?.[0] ?? body.schema.anyOf?.[0] ?? body.schema);
  const names = Object.keys(schema.properties ?? {}).filter((name) => name !== "publicKeyJwk");
  const value = (name: string) => largest(name, schema.properties[name]);
  const withOne = (name: string, one: unknown) => ({ ...Object.fromEntries(required(schema)), [name]: one });
  return [
    ...(body.type === "application/json" ? [() => Object.fromEntries(names.map((name) => [name, value(name)]))] : []),
    ...names.map((name) => () => withOne(name, value(name))),
    ...names.map((name) => () => withOne(name, "x".repeat(withoutLimit))),
  ];
}

/** Operations that need a session of the console, a domain with its record, a gap in a log, a delivery, Stripe, or a workload's issuer; or what was deleted with its agent. */
const unreachable = [
  "startSession",
  "verifyDomain",
  "acceptAuditGap",
  "redeliverDelivery",
  "upgradeTier",
  "upgradeTierByBilling",
  "openBillingPortal",
  "exchangeWorkloadToken",
  "endSession",
  "endOtherSession",
  "removeDomain",
  "revokeCredential",
  "revokeDelegation",
  "deleteTrustPolicy",
];

/** Operations that would end the test's own organization, its keys or its token. */
const ending = ["rotateSigningKeys", "setUp", "receiveEventFromStripe"];

const stageOf = ({ operationId, method }: Operation) =>
  operationId === "eraseAgent" ? 2 : method === "DELETE" ? 1 : 0;

function countOf({ body }: Operation, bodies: readonly (() => unknown)[]): number {
  if (!body) return atOnceWithoutBody;
  const isLarge = body.type !== "application/json" || JSON.stringify(bodies[0]?.() ?? {}).length > littleText;
  return isLarge ? atOnce : 2 * bodies.length;
}

const writing = operations
  .filter(({ method, operationId }) => method !== "GET" && !ending.includes(operationId))
  // What a deletion needs is there until the end.
  .sort((a, b) => stageOf(a) - stageOf(b));

/** The bodies in turns; the largest every second time, but at one record: sixty writers of it mostly wait for each other. */
function bodyAt({ method }: Operation, bodies: readonly (() => Record<string, unknown>)[], index: number) {
  if (method === "PATCH") return bodies[index % bodies.length]?.() ?? {};
  return bodies[index % 2 ? ((index + 1) / 2) % bodies.length : 0]?.() ?? {};
}

function send(operation: Operation, bodies: ReturnType<typeof bodiesOf>, index: number) {
  const body = bodyAt(operation, bodies, index);
  const { method, bearer } = operation;
  const path = filled(
    operation.path,
    operation.operationId === "deleteOrganization" ? { orgId: ids.otherOrgId ?? "" } : ids,
  );
  const headers = { "Sec-Fetch-Site": "same-origin", "CF-Connecting-IP": `2001:db8:0:${(++counter).toString(16)}::1` };
  if (!operation.body) return call(path, { method, token, headers });
  if (operation.body.type === "application/json") {
    return call(path, { method, json: body, headers, ...(bearer === "none" ? {} : { token }) });
  }
  const basic = {
    clientId: operator.clientId,
    clientSecret: index % 3 ? operator.clientSecret : `sa_sec_${"A".repeat(52)}`,
  };
  return call(path, { method, form: body as Record<string, string>, headers, basic });
}

const successful = new Set<string>();
const largestRefused: string[] = [];

it.each(writing)("$method $path", async (operation) => {
  const bodies = bodiesOf(operation);
  const length = countOf(operation, bodies);
  const answers = await Promise.all(Array.from({ length }, (_, index) => send(operation, bodies, index)));
  for (const { status, text } of answers) expect(status, text.slice(0, 300)).not.toBe(500);
  const [largestAnswer] = answers;
  if (answers.some(({ status }) => status < 300)) successful.add(operation.operationId);
  if (operation.body?.type === "application/json" && largestAnswer!.status >= 300) {
    largestRefused.push(operation.operationId);
  }
  expect(refusedSizes).toEqual([]);
});

it("the audit log, its verification, its export, the analytics and the report are read", async () => {
  for (const path of [
    "/audit?limit=100",
    "/audit/verify",
    "/audit/export",
    "/analytics/tokens",
    "/compliance/report",
  ]) {
    const { status, text } = await call(`/api/v1${path}`, { token });
    expect([path, status], text.slice(0, 300)).toEqual([path, 200]);
  }
  expect((await call("/api/v1/audit/verify", { token })).body).toMatchObject({ verified: true });
  expect(refusedSizes).toEqual([]);
});

it("every operation took one of its bodies, but for those that need a thing that is not there", () => {
  const refused = writing.map(({ operationId }) => operationId).filter((id) => !successful.has(id));
  expect(refused).toEqual(unreachable);
  // The largest client id is no client; there is no gap; the tier is the highest already; two long tokens are too long together; a delegation lends scopes or the capabilities for a resource, not both.
  expect(largestRefused).toEqual([
    "startSession",
    "acceptAuditGap",
    "upgradeTier",
    "upgradeTierByBilling",
    "exchangeWorkloadToken",
    "createDelegation",
  ]);
});

/**
 * What the OpenAPI document keeps to, so that generators make clients of it that compile, and whose names a person would choose.
 * Rules, not a snapshot: `sdk/openapi.json` is the document, which another test compares with the served one.
 */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { openApiPath } from "../../scripts/openapi.ts";
import { dataNameOf, webhookEventNames } from "../../src/events/catalogue.ts";
import { problemRegistry } from "../../src/platform/problems/problems.ts";

// biome-ignore lint/suspicious/noExplicitAny: the rules look at any part of the document
type Node = any;

const document: Node = JSON.parse(readFileSync(openApiPath, "utf8"));
const { schemas, responses, parameters } = document.components;

interface Found {
  /** Of the member: the name of its component or operation, and the keys below. */
  readonly place: string;
  readonly key: string;
  readonly value: Node;
  /** What it is a member of. */
  readonly of: Node;
}

/** The keywords of a schema whose value is an instance, not a schema. */
const instances = ["example", "examples", "default", "const", "enum"];

/** Every member of a schema, however deep, but those of examples. */
function membersOf(node: Node, place: string): Found[] {
  if (node === null || typeof node !== "object") return [];
  return Object.entries<Node>(node).flatMap(([key, value]) => [
    { place, key, value, of: node },
    ...(instances.includes(key) ? [] : membersOf(value, `${place}.${key}`)),
  ]);
}

const operations = Object.entries<Node>(document.paths).flatMap(([path, item]) =>
  Object.entries<Node>(item).map(([method, operation]) => ({ path, method, ...operation })),
);
const ids: string[] = operations.map(({ operationId }) => operationId);
const receipts = Object.entries<Node>(document.webhooks).map(([name, { post }]) => ({ name, ...post }));

/** The schemas of bodies: of requests, and of answers without an error. */
const bodies = operations.flatMap(({ operationId, requestBody, responses }) => {
  const answers = Object.entries<Node>(responses).filter(([status]) => Number(status) < 400);
  return [["request", requestBody] as const, ...answers].flatMap(([of, { content } = {}]) =>
    Object.entries<Node>(content ?? {}).map(([type, media]) => ({ name: `${operationId} ${of}`, type, ...media })),
  );
});
const jsonBodies = bodies.filter(({ type }) => /[/+]json$|urlencoded$/.test(type));

const members = [
  ...Object.entries(schemas).flatMap(([name, schema]) => membersOf(schema, name)),
  ...operations.flatMap((operation) => membersOf(operation, operation.operationId)),
];

/** The places that break a rule. */
const placesOf = (found: readonly Found[]) => [...new Set(found.map(({ place, key }) => `${place}.${key}`))].sort();

const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
ajv.addSchema({ $id: "document", ...document });
const absolute = (_: string, value: unknown) =>
  typeof value === "string" && value.startsWith("#/") ? `document${value}` : value;

/** What is wrong with a value; null when it fits. */
function misfit(schema: Node, value: unknown): string | null {
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema), absolute));
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

/** Up to case and plural. */
const alike = (name: string) => name.toLowerCase().replace(/[^a-z0-9]|s$/g, "");

it("patterns mean the same to every dialect of regular expressions (JSON Schema 2020-12 Core 6.4)", () => {
  const patterns: string[] = members
    .filter(({ key, value }) => key === "pattern" && typeof value === "string")
    .map(({ value }) => value);
  expect(patterns.length).toBeGreaterThan(10);
  const samples = [
    "",
    "Company",
    "p",
    "Cc",
    "{s}",
    "acme-2",
    "resume:read",
    "1.4.0",
    "a\nb",
    "a\u0000",
    "é",
    "😀",
    "…",
    "A B",
    "a-b_c",
    "/",
  ];
  for (const pattern of new Set(patterns)) {
    // Without classes of Unicode, look-around, names of groups, and the flags and delimiters of a literal.
    expect(pattern, pattern).not.toMatch(/\\[pPkuUhHR]|\(\?[^:]|^\/|\/[a-z]*$/);
    const [plain, unicode] = [new RegExp(pattern), new RegExp(pattern, "u")];
    for (const sample of samples) expect(plain.test(sample), `${pattern} ${sample}`).toBe(unicode.test(sample));
  }
});

it("no component begins with New, which is the name of a constructor in Go", () => {
  expect(Object.keys(schemas).filter((name) => name.startsWith("New"))).toStrictEqual([]);
});

it("no two components have the same name up to case and plural, of whatever kind", () => {
  const names = [schemas, responses, parameters].flatMap((kind) => Object.keys(kind)).map(alike);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toStrictEqual([]);
});

it("no component has the name of one of its members, up to case and plural", () => {
  const collisions = Object.entries<Node>(schemas).flatMap(([name, { properties = {} }]) =>
    Object.keys(properties)
      .filter((member) => alike(member) === alike(name))
      .map((member) => `${name}.${member}`),
  );
  expect(collisions).toStrictEqual([]);
});

it("every component is used", () => {
  const text = JSON.stringify(document);
  for (const kind of ["schemas", "responses", "parameters"]) {
    const isUsed = (name: string) => text.includes(`"#/components/${kind}/${name}"`);
    const unused = Object.keys(document.components[kind]).filter((name) => !isUsed(name));
    expect(unused, kind).toStrictEqual([]);
  }
});

it("every body is a component", () => {
  expect(jsonBodies.length).toBeGreaterThan(80);
  expect(jsonBodies.filter(({ schema }) => schema.$ref === undefined).map(({ name }) => name)).toStrictEqual([]);
});

it("every enumeration is a component of its own", () => {
  const inline = members.filter(
    ({ place, key, value }) => key === "enum" && Array.isArray(value) && value.length > 1 && place.includes("."),
  );
  expect(placesOf(inline)).toStrictEqual([]);
});

it("no enumeration is of booleans", () => {
  const booleans = members.filter(
    ({ key, value }) => key === "enum" && [value].flat().some((one) => typeof one === "boolean"),
  );
  expect(placesOf(booleans)).toStrictEqual([]);
});

it("every member of an event of the audit log is in each event, since its hash covers them all", () => {
  const { properties, required } = schemas.AuditEvent;
  expect(required).toStrictEqual(Object.keys(properties));
});

it("a list of the platform's scopes has their enumeration", () => {
  for (const name of ["Agent", "AgentEventData", "CreateAgent", "ChangeAgent"]) {
    const { items } = schemas[name].properties.grantedScopes;
    expect(items, name).toStrictEqual({ $ref: "#/components/schemas/PlatformScope" });
  }
});

it("an object that is used twice is a component", () => {
  const objects = members.filter(
    ({ value }) => value?.type === "object" && Object.keys(value.properties ?? {}).length > 0,
  );
  const nested = objects.filter(({ place }) => place !== "");
  const texts = nested.map(({ value }) => JSON.stringify(value.properties));
  expect(placesOf(nested.filter((_, at) => texts.indexOf(texts[at] ?? "") !== at))).toStrictEqual([]);
});

it("nothing is merged by allOf", () => {
  expect(placesOf(members.filter(({ key }) => key === "allOf"))).toStrictEqual([]);
});

it("unions are of a type and null, or of components that a member tells apart", () => {
  const isNull = (one: Node) => one === "null" || one?.type === "null";
  const isTold = ({ oneOf = [], discriminator }: Node) =>
    discriminator?.propertyName !== undefined && oneOf.every(({ $ref }: Node) => $ref !== undefined);
  const unions = members.filter(({ key, value, of }) => {
    const isUnion = ["anyOf", "oneOf", "type"].includes(key) && Array.isArray(value);
    return isUnion && value.filter((one) => !isNull(one)).length > 1 && !isTold(of);
  });
  expect(placesOf(unions)).toStrictEqual([]);
});

it("form bodies say nothing of further parameters, which RFC 6749 3.2 ignores", () => {
  const forms = bodies.filter(({ type }) => type.endsWith("urlencoded"));
  expect(forms.length).toBeGreaterThan(3);
  for (const { name, schema } of forms) {
    expect(schemas[schema.$ref.split("/").at(-1)], name).not.toHaveProperty("additionalProperties");
  }
});

it("a change of a record names at least one member", () => {
  const changes = bodies.filter(({ name }) =>
    operations.some(({ operationId, method }) => name === `${operationId} request` && method === "patch"),
  );
  expect(changes.length).toBeGreaterThan(3);
  for (const { name, schema } of changes) expect(schemas[schema.$ref.split("/").at(-1)].minProperties, name).toBe(1);
});

it("operationIds are unique, of words that other cases keep", () => {
  const all = [...ids, ...receipts.map(({ operationId }) => operationId)];
  expect(all.filter((id, at) => all.indexOf(id) !== at)).toStrictEqual([]);
  const forClients = operations
    .filter((operation) => typeof operation["x-sdk-call"] === "string")
    .map(({ operationId }) => operationId);
  expect(forClients.filter((id) => !/^[a-z]+([A-Z][a-z0-9]+)*$/.test(id))).toStrictEqual([]);
});

it("tags are words that other cases keep", () => {
  expect(
    document.tags.map(({ name }: Node) => name).filter((name: string) => !/^[A-Z][a-z-]+( [a-z]+)*$/.test(name)),
  ).toStrictEqual([]);
});

it("every operation is a method of the client libraries, or is for none of them", () => {
  const calls = operations.map((operation) => operation["x-sdk-call"]);
  const named = calls.filter((call) => typeof call === "string");
  expect(named.length).toBeGreaterThan(70);
  expect(named.filter((call, at) => named.indexOf(call) !== at)).toStrictEqual([]);
});

it("errors are references to components, one for each set of codes", () => {
  for (const { operationId, responses: declared } of operations) {
    const errors = Object.entries<Node>(declared).filter(([status]) => Number(status) >= 400);
    for (const [status, { $ref }] of errors) {
      const { content } = responses[String($ref).replace("#/components/responses/", "")] ?? {};
      const codes = Object.keys(content?.["application/json"].examples ?? {});
      const statuses = codes.map((code) => problemRegistry[code as keyof typeof problemRegistry].status);
      expect([...new Set(statuses)], `${operationId} ${status}`).toStrictEqual([Number(status)]);
    }
  }
  const sets = Object.values<Node>(responses).map(({ content }) =>
    Object.keys(content["application/json"].examples).sort().join(),
  );
  expect(sets.filter((set, at) => sets.indexOf(set) !== at)).toStrictEqual([]);
});

it("headers have their usual names", () => {
  const headers = [
    ...Object.values<Node>(parameters),
    ...operations.flatMap((operation) => operation.parameters ?? []),
  ];
  const names = headers.filter((parameter) => parameter.in === "header").map(({ name }) => name);
  expect(names).toContain("Stripe-Signature");
  expect(names.filter((name) => !/^(webhook-[a-z]+|([A-Z][A-Za-z]*)(-[A-Z][A-Za-z]*)*)$/.test(name))).toStrictEqual([]);
});

it("webhooks has an entry for each event of the catalogue, with its shape of data", () => {
  expect(receipts.map(({ name }) => name).sort()).toStrictEqual([...webhookEventNames].sort());
  for (const name of webhookEventNames) {
    const { $ref } = document.webhooks[name].post.requestBody.content["application/json"].schema;
    const { properties } = schemas[$ref.split("/").at(-1)];
    expect(properties.data.$ref, name).toBe(`#/components/schemas/${dataNameOf(name)}`);
    expect(Object.keys(properties)).toStrictEqual(Object.keys(schemas.WebhookPayload.properties));
  }
});

it("introspection and revocation take an access token, too", () => {
  for (const id of ["introspectToken", "revokeToken"]) {
    const { security } = operations.find(({ operationId }) => operationId === id) ?? {};
    expect(security, id).toContainEqual({ bearer: expect.any(Array) });
  }
});

it("the document links to further documentation", () => {
  expect(URL.canParse(document.externalDocs?.url)).toBe(true);
});

it("every body has an example that fits it", () => {
  const wrong = jsonBodies.flatMap(({ name, schema, example }) => {
    const error = example === undefined ? "no example" : misfit(schema, example);
    return error ? [`${name}: ${error}`] : [];
  });
  const errors = Object.values<Node>(responses).flatMap(({ content }) => {
    const { schema, examples } = content["application/json"];
    return Object.entries<Node>(examples).map(([code, { value }]) => ({ code, error: misfit(schema, value) }));
  });
  expect([...wrong, ...errors.filter(({ error }) => error)]).toStrictEqual([]);
});

it("every example and default of a schema fits it", () => {
  const wrong = members.flatMap(({ place, key, value }) => {
    if (value === null || typeof value !== "object" || instances.includes(key)) return [];
    const { example, default: unset, ...schema } = value;
    if (schema.type === undefined && schema.$ref === undefined && schema.anyOf === undefined) return [];
    const given = [example, unset].filter((one) => one !== undefined);
    return given.flatMap((one) => misfit(schema, one) ?? []).map((error) => `${place}.${key}: ${error}`);
  });
  expect([...new Set(wrong)]).toStrictEqual([]);
});

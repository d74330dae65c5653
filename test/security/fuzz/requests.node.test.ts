/**
 * security.md: bad UTF-8, duplicate form fields, 100 headers, SQL in every filter and cursor. Random bytes, hostile ids,
 * filters and headers at every operation of the OpenAPI document: a truthful answer, in the form that was promised.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { expectDeclared, expectOrdinary, type Operation, schemasOf } from "./_contract.ts";
import { hostileText } from "./_hostile.ts";
import { encoded, hostileHeaders, hostilePath, hostileQuery, ownPath } from "./_requests.ts";
import { holds } from "./_runs.ts";
import { type Scene, startService } from "./_service.ts";
import { exchange } from "./_wire.ts";

/** The document has to be read before the tests are made from it. */
const service = await startService();
const { document, operations, worker } = service;
const fits = schemasOf(document);

afterAll(() => worker.stop());

const scenes = new Map<string, Promise<Scene>>();
/** What only reads spoils nothing for the next; every other operation has an organization of its own. */
function sceneOf(operation: Operation): Promise<Scene> {
  const { operationId, method, path } = operation;
  const name = method === "GET" && !path.startsWith("/api/v1/organizations") ? "reading" : operationId;
  const scene = scenes.get(name) ?? service.newScene(operation);
  scenes.set(name, scene);
  return scene;
}

const contentType = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-8",
  'application/json; charset="UTF-8"; x="a;charset=latin1"',
  "application/json; charset=utf-16",
  "application/json;;;=;",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "multipart/form-data",
  "text/plain",
  "application/xml",
  "application/vnd.api+json",
  "",
  "/",
  "a".repeat(5_000),
);

/** Bytes that are no text, texts that are no JSON, JSON that broke off, and forms with every field many times. */
const rawBody: fc.Arbitrary<Uint8Array | string> = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.json({ stringUnit: "binary" }),
  fc.tuple(fc.json(), fc.nat({ max: 50 })).map(([text, length]) => text.slice(0, length)),
  fc
    .tuple(fc.json(), fc.uint8Array({ maxLength: 4 }))
    .map(([text, bytes]) => Buffer.concat([Buffer.from(text), bytes])),
  fc.constantFrom(
    "",
    "\ufeff{}",
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1}}',
    "[".repeat(100_000),
    `${'{"a":'.repeat(30_000)}1${"}".repeat(30_000)}`,
    `[${"0,".repeat(100_000)}0]`,
    "a".repeat(262_145),
    "a".repeat(1_000_000),
    "a=1&".repeat(60_000),
    "grant_type=client_credentials&".repeat(8_000),
    "token=a&token=b",
    "%=%&%zz=%ff&token=%c0%af",
    "&&&&====",
    '--x\r\nContent-Disposition: form-data; name="token"\r\n\r\na\r\n--x--\r\n',
    '--x\r\nContent-Disposition: form-data; name="token"; filename="a"\r\n\r\na\r\n--x--\r\n',
    "\r\n\r\n",
    "\xff\xfe{\x00}\x00",
  ),
);

/** A rotation of keys is the one operation that takes long. */
const runsOf = ({ operationId }: Operation) => (operationId === "rotateSigningKeys" ? 3 : 10);

const json = ["Content-Type", "application/json"] as const;
const emptyBody = ({ requestBody }: Operation) => (requestBody ? { headers: [json], body: "{}" } : {});

describe("hostile ids and filters find nothing, or are refused", () => {
  const withInput = operations.filter(({ method, path }) => method === "GET" || path.includes("{"));

  it.each(withInput)("$method $path", async (operation) => {
    const scene = await sceneOf(operation);
    const paths = hostilePath(operation, scene.things);
    const property = fc.asyncProperty(paths, hostileQuery(operation), async (path, query) => {
      const target = query === "" ? path : `${path}?${query}`;
      const answer = await scene.send({ method: operation.method, path: target, ...emptyBody(operation) });
      expectOrdinary(answer, path);
      // An id that holds a slash, or none at all, makes it another path.
      if (!["NOT_FOUND", "METHOD_NOT_ALLOWED"].includes(answer.body?.code)) expectDeclared(fits, operation, answer);
    });
    await holds(property, runsOf(operation));
  });
});

describe("bytes of any kind are a body, or none that is taken", () => {
  it.each(operations.filter(({ requestBody }) => requestBody))("$method $path", async (operation) => {
    const scene = await sceneOf(operation);
    const property = fc.asyncProperty(rawBody, contentType, fc.boolean(), async (body, type, isAuthenticated) => {
      const path = ownPath(operation, scene.things);
      const request = { method: operation.method, path, headers: [["Content-Type", type] as const], body };
      const answer = await (isAuthenticated ? scene.send(request) : exchange(worker.issuer, request));
      expectOrdinary(answer, path);
      expectDeclared(fits, operation, answer);
    });
    await holds(property, 2 * runsOf(operation));
  });
});

describe("headers may say anything", () => {
  it.each(operations)("$method $path", async (operation) => {
    const scene = await sceneOf(operation);
    const property = fc.asyncProperty(hostileHeaders, fc.boolean(), async (more, isAuthenticated) => {
      const path = ownPath(operation, scene.things);
      const { headers = [], ...body } = emptyBody(operation);
      const request = { method: operation.method, path, headers: [...headers, ...more], ...body };
      const answer = await (isAuthenticated ? scene.send(request) : exchange(worker.issuer, request));
      expectOrdinary(answer, path);
    });
    await holds(property, runsOf(operation));
  });
});

describe("any path", () => {
  const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "QUERY");
  const known = fc.constantFrom(...operations.map(({ path }) => path.replace(/\{\w+\}/g, "x")));
  const made = fc.oneof(
    known,
    fc.tuple(known, hostileText).map(([path, text]) => `${path}/${encoded(text.slice(0, 500))}`),
    fc
      .array(
        hostileText.map((text) => encoded(text.slice(0, 200))),
        { maxLength: 6 },
      )
      .map((parts) => `/${parts.join("/")}`),
    fc.constantFrom(
      "//",
      "/..",
      "/./api/v1/token",
      "/api//v1/token",
      "/api/v1/token/",
      "/%",
      "/%ff",
      "/api/v1/%74oken",
      "/;",
      "/*",
    ),
    fc.stringMatching(/^\/[!-~]{0,60}$/).filter((path) => !path.includes("#")),
  );

  it("with any method is answered, or does not exist", async () => {
    const property = fc.asyncProperty(method, made, async (name, path) => {
      const answer = await exchange(worker.issuer, { method: name, path: path.replaceAll("//", "/a/") });
      // What is no URI (RFC 3986 2) is refused before it comes to the Worker.
      if (answer.text === "invalid URI") {
        expect(answer.status).toBe(400);
        return;
      }
      expectOrdinary(answer, path);
      expect(answer.status).not.toBe(201);
    });
    await holds(property, 300);
  });
});

it("leaves every audit chain whole, and no exception in the log", () => service.expectUnharmed());

/**
 * security.md: deep JSON, huge arrays, HTML, CRLF, 4-byte characters, 1 MB strings, `__proto__`. Every request schema of the
 * OpenAPI document, as an admin who may do everything: bodies in order, in order but for one place, and hostile throughout.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { expectDeclared, expectOrdinary, type Operation, schemasOf } from "./_contract.ts";
import { hostileValue } from "./_hostile.ts";
import { bodiesOf, type Known } from "./_json-schema.ts";
import { ownPath } from "./_requests.ts";
import { holds } from "./_runs.ts";
import { type Scene, startService } from "./_service.ts";
import { exchange } from "./_wire.ts";

/** The document has to be read before the tests are made from it. */
const service = await startService();
const { document, operations, worker } = service;
const { valid, nearlyValid, namesIn } = bodiesOf(document);
const fits = schemasOf(document);

afterAll(() => worker.stop());

/** Another one each time, or the eleventh wrong secret is answered before it is looked at. */
const address = fc.ipV4();

const taking = (mediaType: string) =>
  operations
    .filter(({ requestBody }) => requestBody?.content?.[mediaType] !== undefined)
    .map((operation) => ({ ...operation, schema: operation.requestBody!.content![mediaType]!.schema }));

/** What is there, so that bodies in order come past the door. */
const knownOf = ({ things: { agentId = "" }, organizationId }: Scene): Known => ({
  agentId: fc.constantFrom(agentId, crypto.randomUUID()),
  delegateeAgentId: fc.constantFrom(agentId, crypto.randomUUID()),
  scopes: fc.constantFrom(["agents:read"], ["audit:read", "tokens:read"]),
  publicKeyJwk: fc.constantFrom(
    // The keys of RFC 7517 A.1 and RFC 8037 A.2.
    {
      kty: "EC",
      crv: "P-256",
      x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
      y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    },
    { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    { kty: "OKP", crv: "Ed25519", x: "A".repeat(43) },
    { kty: "EC" },
  ),
  repository: fc.constantFrom("acme/app", "a/b"),
  issuer: fc.uuid().map((id) => `https://${id}.example.com`),
  organization_id: fc.constantFrom(organizationId, crypto.randomUUID()),
});

describe.each(taking("application/json"))("$method $path", (operation: Operation & { schema: object }) => {
  it("takes what its schema describes, or says why not; refuses everything else", async () => {
    const scene = await service.newScene(operation);
    const known = knownOf(scene);
    const body = fc.oneof(
      { weight: 4, arbitrary: valid(operation.schema, known) },
      { weight: 6, arbitrary: nearlyValid(operation.schema, known) },
      { weight: 2, arbitrary: hostileValue },
    );
    const property = fc.asyncProperty(body, address, async (value, source) => {
      const text = JSON.stringify(value);
      const answer = await scene.send({
        method: operation.method,
        path: ownPath(operation, scene.things),
        headers: [
          ["Content-Type", "application/json"],
          ["CF-Connecting-IP", source],
        ],
        body: text,
      });
      // With more organizations than one request can tell of it, a rotation says that it is being finished.
      if (operation.operationId === "rotateSigningKeys" && answer.body?.message?.startsWith("The keys are rotated"))
        return;
      expectOrdinary(answer, operation.path);
      expectDeclared(fits, operation, answer);
      if (!fits(operation.schema, JSON.parse(text))) expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
    });
    await holds(property, operation.operationId === "rotateSigningKeys" ? 10 : 30);
  });
});

describe.each(taking("application/x-www-form-urlencoded"))(
  "$method $path",
  (operation: Operation & { schema: object }) => {
    it("takes a form in order, or says why not; refuses everything else", async () => {
      const { clientId, clientSecret } = (await service.newScene(operation)).client;
      const known: Known = {
        grant_type: fc.constantFrom("client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        client_id: fc.constantFrom(clientId, clientId.toUpperCase(), crypto.randomUUID()),
        client_secret: fc.constantFrom(clientSecret, `${clientSecret}x`),
        scope: fc.constantFrom("agents:read", "agents:read agents:read", "openid", "nothing:such"),
        resource: fc.webUrl(),
      };
      const fields = fc.oneof(valid(operation.schema, known), nearlyValid(operation.schema, known), hostileValue);
      const declared = namesIn(operation.schema);
      const again = fc.constantFrom(0, 0, 0, 1, 30);
      const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
      const property = fc.asyncProperty(
        fields,
        again,
        fc.boolean(),
        address,
        async (value, times, byHeader, source) => {
          const pairs = Object.entries(value ?? {}).flatMap(([name, inner]) =>
            [inner].flat(3).map((one) => [name, typeof one === "object" ? JSON.stringify(one) : String(one)] as const),
          );
          const [first = ["scope", "a"] as const] = pairs;
          // Of many megabytes the service refuses the first, and a client that is still sending would not read the answer.
          const repeats = first[1].length > 10_000 ? 0 : times;
          const repeated = [...pairs, ...Array.from({ length: repeats }, () => first)];
          const answer = await exchange(worker.issuer, {
            method: operation.method,
            path: operation.path,
            headers: [
              ["Content-Type", "application/x-www-form-urlencoded"],
              ["CF-Connecting-IP", source],
              ...(byHeader ? [["Authorization", basic] as const] : []),
            ],
            body: new URLSearchParams(repeated.map(([name, text]) => [name, text.toWellFormed()])).toString(),
          });
          expectOrdinary(answer, operation.path);
          expectDeclared(fits, operation, answer);
          // RFC 6749 3.2: parameters must not be included more than once.
          const names = repeated.map(([name]) => name).filter((name) => name !== "resource" && declared.has(name));
          if (new Set(names).size < names.length) expect(answer.status).toBeGreaterThanOrEqual(400);
        },
      );
      await holds(property, 100);
    });
  },
);

it("leaves every audit chain whole, and no exception in the log", () => service.expectUnharmed());

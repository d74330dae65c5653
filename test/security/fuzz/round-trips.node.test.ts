/**
 * security.md: fields with HTML, CRLF, 4-byte characters are stored or refused as text. What was taken is given back to the
 * character, at once and ever after.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ofEachProvider } from "../_trust-policies.ts";
import type { Operation } from "./_contract.ts";
import { hostileText } from "./_hostile.ts";
import { bodiesOf, type Known } from "./_json-schema.ts";
import { ownPath } from "./_requests.ts";
import { holds } from "./_runs.ts";
import { startService, type Things } from "./_service.ts";
import type { WireAnswer } from "./_wire.ts";

type Fields = Readonly<Record<string, unknown>>;

const service = await startService();
const { document, operations, worker } = service;
const { valid } = bodiesOf(document);

afterAll(() => worker.stop());

/** An operation that stores its body, and where the stored is read. */
interface Storing {
  readonly operationId: string;
  readonly known?: (things: Things) => Known;
  /** Where it is read, from the answer to its making and the things that are there. */
  readonly readAt: (made: Fields, things: Things) => string;
}

const uniqueUrl = fc.uuid().map((id) => `https://${id}.example.com/${id}`);
/** Every capability that its own rule takes, and none that is a scope of the platform. */
const partners: Known = {
  issuer: fc.uuid().map((id) => `https://${id}.example.com`),
  jwksUri: fc.option(uniqueUrl),
  allowedOrganizations: fc.option(
    fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 5 }),
  ),
};
const agents: Known = {
  grantedScopes: fc.uniqueArray(fc.constantFrom("agents:read", "tokens:read", "audit:read", "webhooks:write")),
  publicKeyJwk: fc.constant({ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
};
const secondsHence = fc.integer({ min: 60, max: 10 ** 9 });
const expiresAt = secondsHence.map((seconds) => new Date(Date.now() + seconds * 1000).toISOString());

const storing: readonly Storing[] = [
  { operationId: "createOrganization", readAt: ({ organizationId }) => `/api/v1/organizations/${organizationId}` },
  { operationId: "changeOrganization", readAt: (_, { orgId }) => `/api/v1/organizations/${orgId}` },
  {
    operationId: "registerAgent",
    known: ({ orgId = "" }) => ({ ...agents, organization_id: fc.constant(orgId) }),
    readAt: ({ agentId }) => `/api/v1/agents/${agentId}`,
  },
  { operationId: "changeAgent", known: () => agents, readAt: (_, { agentId }) => `/api/v1/agents/${agentId}` },
  {
    operationId: "createTrustPolicy",
    known: policyFields,
    readAt: ({ policyId }) => `/api/v1/oidc/trust-policies/${policyId}`,
  },
  {
    operationId: "trustPartner",
    known: () => ({ ...partners, expiresAt: fc.option(expiresAt) }),
    readAt: ({ partnerId }) => `/api/v1/federation/partners/${partnerId}`,
  },
  {
    operationId: "changePartner",
    known: () => ({ ...partners, expiresAt: fc.option(expiresAt) }),
    readAt: (_, { partnerId }) => `/api/v1/federation/partners/${partnerId}`,
  },
  { operationId: "createWebhook", known: () => ({ url: uniqueUrl }), readAt: ({ id }) => `/api/v1/webhooks/${id}` },
  {
    operationId: "changeWebhook",
    known: () => ({ url: uniqueUrl }),
    readAt: (_, { webhookId }) => `/api/v1/webhooks/${webhookId}`,
  },
];

/** JSON leaves it out. */
const absent = fc.constant(undefined);

function policyFields({ agentId = "" }: Things): Known {
  const claim = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 50 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  );
  return {
    agentId: fc.constant(agentId),
    repository: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,20}\/[A-Za-z0-9._-]{1,40}$/),
    repositoryId: fc.stringMatching(/^[1-9][0-9]{0,18}$/),
    repositoryOwnerId: fc.stringMatching(/^[1-9][0-9]{0,18}$/),
    // These exclude others: all of them at random would leave nearly nothing that is taken.
    anyRef: absent,
    pullRequests: absent,
    tag: fc.constantFrom(undefined, undefined, "v1.4.0"),
    ref: absent,
    jwks: absent,
    issuer: fc.uuid().map((id) => `https://${id}.example.com`),
    claims: fc.dictionary(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), claim, {
      minKeys: 1,
      maxKeys: 5,
    }),
  };
}

/** E-mails are kept in lower case; everything else is kept as it is. */
const kept = (fields: Fields): Fields => ({
  ...fields,
  ...(typeof fields.email === "string" ? { email: fields.email.toLowerCase() } : {}),
});

/** The names that are only in the request. */
const onlySent = new Set(["adminEmail"]);

function expectKept(answer: WireAnswer, sent: Fields): void {
  expect(answer.status, answer.text).toBe(200);
  const wanted = Object.entries(kept(sent)).filter(([name]) => !onlySent.has(name));
  for (const [name, value] of wanted) expect(answer.body[name], name).toEqual(value);
}

const operationOf = (id: string): Operation => operations.find(({ operationId }) => operationId === id)!;

describe.each(storing)("$operationId", ({ operationId, known, readAt }) => {
  const operation = operationOf(operationId);
  const schema = operation.requestBody!.content!["application/json"]!.schema;

  it("what was taken comes back exactly", async () => {
    const scene = await service.newScene(operation);
    let taken = 0;
    const named = document.components.schemas[String(schema.$ref).split("/").at(-1) ?? ""] ?? schema;
    const body = valid(ofEachProvider(named), known?.(scene.things)) as fc.Arbitrary<Fields>;
    const property = fc.asyncProperty(body, async (fields) => {
      const sent = JSON.parse(JSON.stringify(fields)) as Fields;
      const path = ownPath(operation, scene.things);
      const headers = [["Content-Type", "application/json"] as const];
      const answer = await scene.send({ method: operation.method, path, headers, body: JSON.stringify(sent) });
      if (answer.status >= 300) {
        expect([400, 403, 409], answer.text).toContain(answer.status);
        return;
      }
      taken++;
      expectKept(await scene.send({ method: "GET", path: readAt(answer.body, scene.things) }), sent);
    });
    await holds(property, 30);
    // A property over requests that are all refused would hold of anything.
    expect(taken).toBeGreaterThan(2);
  });
});

describe("free text", () => {
  it.each([
    [
      "createWebhook",
      "name",
      (text: string) => ({ name: text, url: "https://a.example.com", events: ["tier.changed"] }),
    ],
    ["trustPartner", "name", (text: string) => ({ name: text, issuer: `https://${crypto.randomUUID()}.example.com` })],
    [
      "registerAgent",
      "owner",
      (text: string) => ({
        email: `${crypto.randomUUID()}@example.com`,
        agentType: "custom",
        version: "1.0.0",
        capabilities: ["a:b"],
        owner: text,
        deploymentEnv: "production",
      }),
    ],
  ] as const)("%s keeps %s as it was, or refuses it: nothing between", async (operationId, field, bodyOf) => {
    const operation = operationOf(operationId);
    const scene = await service.newScene(operation);
    const text = fc.oneof(hostileText, fc.string({ unit: "binary", minLength: 2, maxLength: 100 }));
    const headers = [["Content-Type", "application/json"] as const];
    const property = fc.asyncProperty(text, async (value) => {
      const answer = await scene.send({
        method: "POST",
        path: operation.path,
        headers,
        body: JSON.stringify(bodyOf(value)),
      });
      if (answer.status === 201) expect(answer.body[field]).toBe(value);
      else expect(["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE", "FREE_TIER_LIMIT_EXCEEDED"]).toContain(answer.body.code);
      // A text of the right length without control characters and halves of pairs is no reason to refuse.
      const isPlain = [...value].length >= 2 && value.length <= 100 && value.isWellFormed() && !/\p{Cc}/u.test(value);
      if (isPlain) expect(answer.body.code, answer.text).not.toBe("VALIDATION_ERROR");
    });
    await holds(property, 50);
  });
});

it("leaves every audit chain whole, and no exception in the log", () => service.expectUnharmed());

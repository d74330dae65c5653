/**
 * What this service says about agents, as the libraries and schemas of others read it: badges with did-jwt-vc, OASF records
 * with the published JSON Schema, A2A cards with the types of the A2A SDK. Over https, as did:web demands.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { A2A_PROTOCOL_VERSION, AgentCard } from "@a2a-js/sdk";
import { Ajv, type ValidateFunction } from "ajv";
import { verifyCredential } from "did-jwt-vc";
import { Resolver, type ResolverRegistry } from "did-resolver";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getResolver } from "web-did-resolver";
import { type Admin, agentFields, type Body, send, setUp, tokenFor } from "../support/http-client.ts";
import { newTlsFront, type TlsFront } from "../support/tls.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

const agentTypes = ["screener", "classifier", "orchestrator", "extractor", "summarizer", "router", "monitor", "custom"];
const cardPath = "/api/v1/compliance/agent-cards";

let front: TlsFront;
let worker: WorkerProcess;
let origin: string;
let issuer: string;
let service: string;
let operator: Admin;

/** Every DID that was resolved; the two packages have types of different versions of did-resolver. */
const resolved: string[] = [];
const resolver = new Resolver(getResolver() as unknown as ResolverRegistry);
const recording = {
  resolve: (did: string) => {
    resolved.push(did.split("#")[0]!);
    return resolver.resolve(did);
  },
} as unknown as Parameters<typeof verifyCredential>[1];

async function register(fields: Record<string, unknown>): Promise<Body> {
  const { status, body, text } = await send(origin, "/api/v1/agents", {
    token: operator.token,
    json: agentFields(fields),
  });
  expect(status, text).toBe(201);
  return body;
}

beforeAll(async () => {
  // First, because it takes longer on a busy machine than the service keeps a connection without requests.
  compileSchemas();
  front = await newTlsFront();
  issuer = front.origin;
  service = `did:web:${encodeURIComponent(new URL(issuer).host)}`;
  worker = await newWorkerProcess({ ISSUER: issuer });
  await worker.start();
  origin = worker.instances[0];
  front.forwardTo(origin);
  operator = await setUp(origin);
  for (const agentType of agentTypes) await register({ agentType });
  await register({ owner: `"<b>\\ \u2028 𝕏`, description: "x".repeat(1000), capabilities: ["a:*", "b-c:d_e"] });
});

afterAll(async () => {
  await worker?.stop();
  await front?.close();
});

async function cards(format: string): Promise<Body[]> {
  const { status, body, text } = await send(origin, `${cardPath}?format=${format}`, { token: operator.token });
  expect(status, text.slice(0, 200)).toBe(200);
  return body;
}

async function badgeOf(agentId: string): Promise<string> {
  const { status, text } = await send(origin, `/api/v1/agents/${agentId}/badge`);
  expect(status, text).toBe(200);
  return text;
}

describe("an agent badge", () => {
  it("verifies with did-jwt-vc and the service's DID document alone", async () => {
    const { agentId, did } = await register({ isPublic: true, agentType: "monitor" });
    const jwt = await badgeOf(agentId);
    resolved.length = 0;
    const { verified, issuer: signer, verifiableCredential } = await verifyCredential(jwt, recording);
    expect([verified, signer, new Set(resolved)]).toEqual([true, service, new Set([service])]);
    expect(verifiableCredential).toMatchObject({
      type: ["VerifiableCredential", "AgentBadge"],
      issuer: { id: service },
      credentialSubject: { id: did },
    });
    expect(JSON.parse(verifiableCredential.credentialSubject.badge)).toMatchObject({
      schema_version: "1.0.0",
      annotations: { did },
    });
  });

  it("is an assertion of the service, and no authentication", async () => {
    const { agentId } = await register({ isPublic: true });
    const jwt = await badgeOf(agentId);
    expect((await verifyCredential(jwt, recording, { proofPurpose: "assertionMethod" })).verified).toBe(true);
    await expect(verifyCredential(jwt, recording, { proofPurpose: "authentication" })).rejects.toThrow();
  });

  it("does not verify when a character of it is another", async () => {
    const { agentId } = await register({ isPublic: true });
    const [header, payload = "", signature] = (await badgeOf(agentId)).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    claims.vc.credentialSubject.id = `${service}:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10`;
    const changed = Buffer.from(JSON.stringify(claims)).toString("base64url");
    await expect(verifyCredential(`${header}.${changed}.${signature}`, recording)).rejects.toThrow(/invalid_signature/);
  });

  it("is valid for a day, also after the service has rotated its keys", async () => {
    const { agentId } = await register({ isPublic: true });
    const jwt = await badgeOf(agentId);
    const { exp = 0, nbf = 0 } = decodeJwt(jwt);
    await send(origin, "/api/v1/keys/rotate", { token: operator.token, json: {} });
    const at = (now: number) => verifyCredential(jwt, recording, { policies: { now } });
    expect((await at(nbf)).verified).toBe(true);
    expect((await at(exp)).verified).toBe(true);
    await expect(at(exp + 3600)).rejects.toThrow(/expired/);
  });

  it("does not verify any more once the key that signed it was dropped as compromised", async () => {
    const { agentId } = await register({ isPublic: true });
    const jwt = await badgeOf(agentId);
    await send(origin, "/api/v1/keys/rotate", { token: operator.token, json: { compromised: true } });
    const scope = "agents:read agents:write tokens:read audit:read admin:orgs";
    operator = { ...operator, token: await tokenFor(origin, operator, { scope }) };
    await expect(verifyCredential(jwt, recording)).rejects.toThrow();
    expect((await verifyCredential(await badgeOf(agentId), recording)).verified).toBe(true);
  });
});

const schemaFile = process.env.OASF_SCHEMA;
/** The sample records that are published beside the schema. */
const sample = (name: string) => JSON.parse(readFileSync(join(dirname(schemaFile ?? ""), name), "utf8"));

let judges: Readonly<Record<string, ValidateFunction>> = {};
/** What the schema of its version has against a record; null when nothing. */
const complaints = (record: Body) => {
  const judge = judges[record.schema_version]!;
  return judge(record) ? null : judge.errors;
};

/**
 * The published schema is that of 0.8.0. A record of 1.0.0 is judged by it, too, but for what the published records of the two
 * versions differ in: the locators, which have a list of addresses.
 */
function compileSchemas() {
  if (!schemaFile) return;
  const published = JSON.parse(readFileSync(schemaFile, "utf8"));
  const later = structuredClone(published);
  const { locator } = later.$defs.objects;
  const { url, type, ...members } = locator.properties;
  locator.properties = {
    ...members,
    type: { type: "string", minLength: 1 },
    urls: { type: "array", items: url, minItems: 1 },
  };
  locator.required = ["type", "urls"];
  delete later.$id;
  const ajv = new Ajv({ strict: false });
  judges = { "0.8.0": ajv.compile(published), "1.0.0": ajv.compile(later) };
}

const skipped = schemaFile ? "" : " (skipped: OASF_SCHEMA names no schema)";

describe.skipIf(!schemaFile)(`OASF records and the published schema${skipped}`, () => {
  it.each(["0.8.0", "1.0.0"])("%s: the judge takes the published valid record, and not the invalid one", (version) => {
    expect(complaints(sample(`valid-${version}.json`))).toBeNull();
    expect(complaints(sample(`invalid-${version}.json`))).not.toBeNull();
  });

  it("no record of one version passes for one of the other", () => {
    const [earlier, later] = [sample("valid-0.8.0.json"), sample("valid-1.0.0.json")];
    expect(complaints({ ...earlier, schema_version: "1.0.0" })).not.toBeNull();
    expect(complaints({ ...later, schema_version: "0.8.0" })).not.toBeNull();
  });

  it.each([
    ["0.8.0", "oasf&oasfVersion=0.8.0"],
    ["1.0.0", "oasf"],
  ])("%s: the record of every type of agent is valid", async (version, format) => {
    const records = await cards(format);
    expect(new Set(records.map(({ annotations }) => annotations.agentType))).toEqual(new Set(agentTypes));
    for (const record of records) {
      expect(record.schema_version).toBe(version);
      expect(complaints(record), record.name).toBeNull();
    }
  });

  it("1.0.0: records have the members of the published valid record, each of the same kind", async () => {
    const kindOf = (value: unknown): unknown => {
      if (Array.isArray(value)) return [kindOf(value[0])];
      if (value === null || typeof value !== "object") return typeof value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, kindOf(member)]));
    };
    for (const { annotations, ...members } of await cards("oasf")) {
      expect(kindOf(members)).toEqual(kindOf(sample("valid-1.0.0.json")));
    }
  });
});

describe("A2A cards and the A2A SDK", () => {
  it("the SDK knows every member and loses none", async () => {
    for (const card of await cards("a2a")) {
      const parsed: AgentCard = AgentCard.fromJSON(card);
      expect(AgentCard.toJSON(parsed)).toStrictEqual(card);
    }
  });

  it("the SDK finds what a client needs: how to get a token, and for which scopes", async () => {
    const card = (await cards("a2a")).map((one) => AgentCard.fromJSON(one)).at(-1)!;
    const { scheme } = card.securitySchemes.oauth2!;
    expect(scheme?.$case === "oauth2SecurityScheme" && scheme.value.flows?.flow).toEqual({
      $case: "clientCredentials",
      value: expect.objectContaining({ tokenUrl: `${issuer}/api/v1/token` }),
    });
    const scopes = card.skills.map(({ id }) => id);
    expect(card.securityRequirements).toEqual([{ schemes: { oauth2: { list: scopes } } }]);
  });

  it("has everything that A2A 1.0 requires of a card", async () => {
    for (const card of await cards("a2a")) {
      const { name, description, version, supportedInterfaces, skills, defaultInputModes, defaultOutputModes } =
        AgentCard.fromJSON(card);
      for (const text of [name, description, version]) expect(text).not.toBe("");
      for (const list of [supportedInterfaces, skills, defaultInputModes, defaultOutputModes]) {
        expect(list.length).toBeGreaterThan(0);
      }
      expect(new Set(supportedInterfaces.map(({ protocolVersion }) => protocolVersion))).toEqual(
        new Set([A2A_PROTOCOL_VERSION]),
      );
      for (const skill of skills) expect(skill.tags.length).toBeGreaterThan(0);
    }
  });
});

describe("10,000 agents", () => {
  const added = 10_000;

  beforeAll(async () => {
    const numbered = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${added}),
      model AS (SELECT * FROM agents ORDER BY id LIMIT 1)`;
    const id = "printf('01f00000-0000-7000-8000-%012d', n)";
    await worker.query(`
      INSERT INTO agents (id, organization_id, email, agent_type, version, capabilities, owner, deployment_env, description,
        granted_scopes, role, is_public, status, created_at, updated_at)
      SELECT ${id}, organization_id, 'agent-' || n || '@many.example', agent_type, version, capabilities,
        owner, deployment_env, description, granted_scopes, NULL, is_public, status, created_at, updated_at
      FROM (${numbered} SELECT * FROM numbers, model)`);
    await worker.query(`
      INSERT INTO agent_keys SELECT 'key-' || n, ${id}, 1, public_jwk, NULL, created_at, NULL
      FROM (${numbered} SELECT n, agent_keys.* FROM numbers, model JOIN agent_keys ON agent_keys.agent_id = model.id
        WHERE replaced_at IS NULL)`);
  });

  /** Reads a stream to its end, and how much came at once. */
  async function read(format: string): Promise<{ body: Body[]; pieces: number }> {
    // Judging 10,000 records takes longer than the service keeps a connection that nobody uses.
    const headers = { Authorization: `Bearer ${operator.token}`, Connection: "close" };
    const response = await fetch(`${origin}${cardPath}?format=${format}`, { headers });
    expect([response.status, response.headers.get("Content-Length")]).toEqual([200, null]);
    const pieces: Uint8Array[] = [];
    for await (const piece of response.body!) pieces.push(piece);
    return { body: JSON.parse(Buffer.concat(pieces).toString()), pieces: pieces.length };
  }

  it.each([
    ["card", ({ did }: Body) => did],
    ["oasf", ({ annotations }: Body) => annotations.did],
    ["oasf&oasfVersion=0.8.0", ({ annotations }: Body) => annotations.did],
    ["a2a", ({ capabilities }: Body) => capabilities.extensions[0].params.did],
  ])("stream as %s, each once, and each is valid", async (format, didOf) => {
    const { body, pieces } = await read(format);
    expect(body.length).toBeGreaterThan(added);
    expect(new Set(body.map(didOf)).size).toBe(body.length);
    expect(pieces).toBeGreaterThan(added / 250);
    if (format === "card") {
      const fields = [
        "did",
        "name",
        "agentType",
        "capabilities",
        "owner",
        "version",
        "deploymentEnv",
        "identityProvider",
        "issuedAt",
      ];
      for (const card of body) expect(Object.keys(card)).toEqual(fields);
    }
    if (format.startsWith("oasf") && schemaFile) {
      for (const record of body) expect(complaints(record), record.name).toBeNull();
    }
    if (format === "a2a") {
      for (const card of body) expect(AgentCard.toJSON(AgentCard.fromJSON(card))).toStrictEqual(card);
    }
  });

  it("are looked at in one report, up to its bound, and it says so", async () => {
    const started = performance.now();
    const { status, body, text } = await send(origin, "/api/v1/compliance/report", { token: operator.token });
    const seconds = (performance.now() - started) / 1000;
    expect(status, text).toBe(200);
    console.log(`A report over ${body.verifiedAgentCount} agents took ${seconds.toFixed(1)} s.`);
    expect(body.agentCount).toBeGreaterThan(added);
    expect([body.verifiedAgentCount, body.agntcyConformance]).toEqual([added, true]);
    expect(body.sections[0].details).toContain("one report checks the 10,000 oldest.");
  });
});

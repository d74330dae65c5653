/**
 * The DIDs of the running Worker as the libraries of the field see them, over https as did:web demands: did-resolver with
 * web-did-resolver fetch, jose and did-jwt verify with what was fetched and nothing else.
 */
import { verifyJWT } from "did-jwt";
import { type DIDDocument, Resolver, type ResolverRegistry } from "did-resolver";
import {
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getResolver } from "web-did-resolver";
import { type Admin, type AgentClient, newClient, send, setUp, tokenFor } from "../support/http-client.ts";
import { newTlsFront, type TlsFront } from "../support/tls.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let front: TlsFront;
let worker: WorkerProcess;
let origin: string;
let issuer: string;
let service: string;
let operator: Admin;
/** Keeps its own key. */
let agent: AgentClient & { readonly did: string };
let agentKey: CryptoKey;

// The two packages have types of different versions of did-resolver.
const resolver = new Resolver(getResolver() as unknown as ResolverRegistry);

beforeAll(async () => {
  front = await newTlsFront();
  issuer = front.origin;
  service = `did:web:${encodeURIComponent(new URL(issuer).host)}`;
  worker = await newWorkerProcess({ ISSUER: issuer });
  await worker.start();
  origin = worker.instances[0];
  front.forwardTo(origin);
  operator = await setUp(origin);
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  agentKey = privateKey;
  const client = await newClient(origin, operator.token, { publicKeyJwk: await exportJWK(publicKey) });
  agent = { ...client, did: `${service}:agents:${client.agentId}` };
});

afterAll(async () => {
  await worker?.stop();
  await front?.close();
});

/** Fails the test unless the DID resolves. */
async function resolve(did: string): Promise<DIDDocument> {
  const { didDocument, didResolutionMetadata } = await resolver.resolve(did);
  expect(didResolutionMetadata).toStrictEqual({ contentType: "application/did+ld+json" });
  expect(didDocument?.id).toBe(did);
  return didDocument!;
}

/** What a stranger does who was handed an access token and trusts this issuer; see docs/guides/resolve-a-did.md. */
async function verifyOffline(token: string, document: DIDDocument) {
  const { kid } = decodeProtectedHeader(token);
  const method = document.verificationMethod?.find(
    ({ id, controller }) => controller === service && id.endsWith(`#${kid}`),
  );
  if (!method?.publicKeyJwk) throw new Error(`The document has no key of ${service} named ${kid}.`);
  const key = await importJWK(method.publicKeyJwk as Parameters<typeof importJWK>[0], "ES256");
  return jwtVerify(token, key, { issuer, audience: issuer, typ: "at+jwt", algorithms: ["ES256"] });
}

const signedByAgent = (claims: JWTPayload, kid: string, typ = "JWT") =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", typ, kid })
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(agentKey);

describe("did-resolver with web-did-resolver", () => {
  it("resolves the service's DID", async () => {
    const document = await resolve(service);
    expect(document.assertionMethod).toHaveLength(4);
    expect(document.service?.map(({ type }) => type)).toContain("OAuth2TokenEndpoint");
  });

  it("resolves an agent's DID, the one that the API gives it", async () => {
    const { body } = await send(origin, `/api/v1/agents/${agent.agentId}`, { token: operator.token });
    expect(body.did).toBe(agent.did);
    const document = await resolve(body.did);
    expect(document.authentication).toStrictEqual([`${agent.did}#key-1`]);
  });

  it("resolves the DID that the document is also known as, and finds the way back", async () => {
    const { alsoKnownAs } = await resolve(agent.did);
    expect(alsoKnownAs).toStrictEqual([`${service}:orgs:operator:agents:${agent.agentId}`]);
    expect((await resolve(alsoKnownAs![0]!)).alsoKnownAs).toStrictEqual([agent.did]);
  });

  it("finds nothing for an agent that is decommissioned, and for one that never was", async () => {
    const { agentId } = await newClient(origin, operator.token);
    await resolve(`${service}:agents:${agentId}`);
    await send(origin, `/api/v1/agents/${agentId}`, { token: operator.token, method: "DELETE" });
    for (const id of [agentId, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10"]) {
      const { didDocument, didResolutionMetadata } = await resolver.resolve(`${service}:agents:${id}`);
      expect([didDocument, didResolutionMetadata.error]).toStrictEqual([null, "notFound"]);
    }
  });
});

describe("jose", () => {
  it("verifies an access token with the agent's document alone", async () => {
    const token = await tokenFor(origin, agent, { scope: "agents:read" });
    const { payload } = await verifyOffline(token, await resolve(agent.did));
    expect(payload).toMatchObject({ sub: agent.agentId, scope: "agents:read" });
  });

  it("verifies it with the service's document, and with that of the agent's other DID", async () => {
    const token = await tokenFor(origin, agent);
    const { alsoKnownAs } = await resolve(agent.did);
    for (const did of [service, alsoKnownAs![0]!]) {
      const { payload } = await verifyOffline(token, await resolve(did));
      expect(payload.sub).toBe(agent.agentId);
    }
  });

  it("verifies tokens of before and after a rotation of the service's keys", async () => {
    const before = await tokenFor(origin, agent);
    await send(origin, "/api/v1/keys/rotate", { token: operator.token, json: {} });
    const after = await tokenFor(origin, agent);
    const document = await resolve(agent.did);
    await verifyOffline(before, document);
    await verifyOffline(after, document);
  });

  it("refuses an access token that the agent made itself, whatever key it names", async () => {
    const document = await resolve(agent.did);
    const claims = { iss: issuer, aud: issuer, sub: agent.agentId, scope: "admin:orgs" };
    const forged = await signedByAgent(claims, "key-1", "at+jwt");
    await expect(verifyOffline(forged, document)).rejects.toThrow("has no key of");
    const { kid = "" } = decodeProtectedHeader(await tokenFor(origin, agent));
    const misnamed = await signedByAgent(claims, kid, "at+jwt");
    await expect(verifyOffline(misnamed, document)).rejects.toThrow("signature verification failed");
  });
});

describe("did-jwt", () => {
  it("verifies what an agent signed with its own key, for authentication and for assertion", async () => {
    const jwt = await signedByAgent({ iss: agent.did, aud: "did:example:other" }, `${agent.did}#key-1`);
    for (const proofPurpose of ["authentication", "assertionMethod"] as const) {
      const verified = await verifyJWT(jwt, { resolver, audience: "did:example:other", proofPurpose });
      expect(verified).toMatchObject({ verified: true, issuer: agent.did, signer: { id: `${agent.did}#key-1` } });
    }
  });

  it("verifies an access token by the agent's DID, and by the service's as its assertion", async () => {
    const token = await tokenFor(origin, agent);
    const { kid } = decodeProtectedHeader(token);
    for (const did of [agent.did, service]) {
      const didResolutionResult = await resolver.resolve(did);
      const authenticators = didResolutionResult.didDocument?.verificationMethod ?? [];
      const didAuthenticator = { didResolutionResult, authenticators, issuer: did };
      const verified = await verifyJWT(token, { resolver, audience: issuer, didAuthenticator });
      expect(verified.signer).toMatchObject({ id: `${did}#${kid}`, controller: service });
    }
  });

  it("while the agent is suspended, authenticates it no more and still verifies what it asserted", async () => {
    const jwt = await signedByAgent({ iss: agent.did }, `${agent.did}#key-1`);
    const change = (status: string) =>
      send(origin, `/api/v1/agents/${agent.agentId}`, { token: operator.token, method: "PATCH", json: { status } });
    await change("suspended");
    await expect(verifyJWT(jwt, { resolver, proofPurpose: "authentication" })).rejects.toThrow("no_suitable_keys");
    expect((await verifyJWT(jwt, { resolver, proofPurpose: "assertionMethod" })).verified).toBe(true);
    await change("active");
    expect((await verifyJWT(jwt, { resolver, proofPurpose: "authentication" })).verified).toBe(true);
  });
});

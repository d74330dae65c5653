/** Delegation over real HTTP: with a standard client, for a third party that holds nothing but a DID document, and across instances. */
import { decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify } from "jose";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Admin,
  type AgentClient,
  agentFields,
  type Body,
  newClient,
  newOrganization,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const delegationTokenType = "urn:sentryagent:token-type:delegation";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

let worker: WorkerProcess;
let tenant: Admin;
let orchestrator: AgentClient;
let screener: AgentClient;
let token: string;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  tenant = await newOrganization(worker.issuer, await setUp(worker.issuer));
  const grantedScopes = ["agents:read", "audit:read", "webhooks:read"];
  orchestrator = await newClient(worker.issuer, tenant.token, { agentType: "orchestrator", grantedScopes });
  screener = await newClient(worker.issuer, tenant.token, { grantedScopes: ["agents:read", "tokens:read"] });
  token = await tokenFor(worker.issuer, orchestrator);
});

afterAll(() => worker?.stop());

async function lend(bearer = token, delegatee = screener): Promise<Body> {
  const answer = await send(worker.issuer, "/api/v1/oauth2/token/delegate", {
    token: bearer,
    json: { delegateeAgentId: delegatee.agentId, scopes: ["audit:read"], ttlSeconds: 900 },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const verify = (origin: string, delegationToken: string) =>
  send(origin, "/api/v1/oauth2/token/verify-delegation", { token: tenant.token, json: { delegationToken } });

const exchange = (origin: string, delegationToken: string) =>
  send(origin, "/api/v1/token", {
    basic: screener,
    form: { grant_type: exchangeGrant, subject_token: delegationToken, subject_token_type: delegationTokenType },
  });

describe("RFC 8693 with openid-client", () => {
  const discover = () =>
    openid.discovery(
      new URL(worker.issuer),
      screener.agentId,
      undefined,
      openid.ClientSecretBasic(screener.clientSecret),
      { execute: [openid.allowInsecureRequests] },
    );

  it("the issuer says that it exchanges, and does", async () => {
    const { delegationToken, chainId } = await lend();
    const config = await discover();
    expect(config.serverMetadata().grant_types_supported).toContain(exchangeGrant);
    const tokens = await openid.genericGrantRequest(config, exchangeGrant, {
      subject_token: delegationToken,
      subject_token_type: delegationTokenType,
      requested_token_type: accessTokenType,
    });
    expect(tokens).toMatchObject({ token_type: "bearer", scope: "audit:read", issued_token_type: accessTokenType });
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      sub: orchestrator.agentId,
      act: { sub: screener.agentId },
    });
    expect(await openid.tokenIntrospection(config, delegationToken)).toMatchObject({ active: true, jti: chainId });
  });

  it("and says invalid_grant of a delegation that was revoked", async () => {
    const { delegationToken, chainId } = await lend();
    const path = `/api/v1/oauth2/token/delegate/${chainId}`;
    expect((await send(worker.issuer, path, { method: "DELETE", token })).status).toBe(204);
    const parameters = { subject_token: delegationToken, subject_token_type: delegationTokenType };
    await expect(openid.genericGrantRequest(await discover(), exchangeGrant, parameters)).rejects.toMatchObject({
      error: "invalid_grant",
      status: 400,
    });
  });
});

describe("a third party that holds only the delegator's DID document", () => {
  interface Method {
    readonly id: string;
    readonly publicKeyJwk: JWK;
  }

  /** Everything that it knows: no call of the service comes after this one. */
  async function documentOf(agentId: string): Promise<{ id: string; verificationMethod: Method[] }> {
    const { body } = await send(worker.issuer, `/agents/${agentId}/did.json`);
    return body;
  }

  async function checkOffline(document: { id: string; verificationMethod: Method[] }, delegationToken: string) {
    const jws = delegationToken.slice("sa_del_".length);
    const { kid } = decodeProtectedHeader(jws);
    const method = document.verificationMethod.find(({ id }) => id === kid);
    if (!method) throw new Error("no such key");
    const key = await importJWK(method.publicKeyJwk, "ES256");
    return jwtVerify(jws, key, { issuer: document.id, typ: "delegation+jwt", algorithms: ["ES256"] });
  }

  it("checks the signature offline, with jose", async () => {
    const { delegationToken, chainId } = await lend();
    const document = await documentOf(orchestrator.agentId);
    const { payload } = await checkOffline(document, delegationToken);
    expect(payload).toMatchObject({
      iss: document.id,
      sub: (await documentOf(screener.agentId)).id,
      delegator: orchestrator.agentId,
      delegatee: screener.agentId,
      scope: "audit:read",
      jti: chainId,
    });
    await expect(checkOffline(document, `${delegationToken.slice(0, -4)}AAAA`)).rejects.toThrow();
    await expect(checkOffline(await documentOf(screener.agentId), delegationToken)).rejects.toThrow("no such key");
  });

  it("also where the agent keeps its key itself, and after a key was replaced", async () => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const json = agentFields({
      grantedScopes: ["agents:read", "audit:read", "webhooks:read"],
      publicKeyJwk: await exportJWK(publicKey),
    });
    const { agentId } = (await send(worker.issuer, "/api/v1/agents", { token: tenant.token, json })).body;
    const path = `/api/v1/agents/${agentId}`;
    const secret = await send(worker.issuer, `${path}/credentials`, { token: tenant.token, json: {} });
    const bearer = await tokenFor(worker.issuer, secret.body);
    const { delegationToken } = await lend(bearer);
    await checkOffline(await documentOf(agentId), delegationToken);
    const next = { publicKeyJwk: await exportJWK((await generateKeyPair("ES256", { extractable: true })).publicKey) };
    expect((await send(worker.issuer, path, { method: "PATCH", token: tenant.token, json: next })).status).toBe(200);
    await checkOffline(await documentOf(agentId), delegationToken);
  });
});

describe("two instances", () => {
  it("50 verifications and 50 exchanges race one revocation: after its answer nothing is left, at either", async () => {
    const { delegationToken, chainId } = await lend();
    const [first, second] = worker.instances;
    const spread = <T>(ask: (origin: string) => Promise<T>) =>
      Promise.all(Array.from({ length: 50 }, (_, index) => ask(index % 2 === 0 ? first : second)));
    const racing = [
      spread((origin) => verify(origin, delegationToken)),
      spread((origin) => exchange(origin, delegationToken)),
    ] as const;
    const revoked = await send(second, `/api/v1/oauth2/token/delegate/${chainId}`, { method: "DELETE", token });
    expect(revoked.status).toBe(204);

    const after = await spread((origin) => verify(origin, delegationToken));
    expect(after.map(({ body }) => body.valid)).toEqual(Array(50).fill(false));
    const refused = await spread((origin) => exchange(origin, delegationToken));
    expect(refused.map(({ body }) => body.error)).toEqual(Array(50).fill("invalid_grant"));

    const made = (await racing[1]).filter(({ status }) => status === 200).map(({ body }) => body.access_token);
    await racing[0];
    const uses = made.flatMap((accessToken) =>
      [first, second].map((origin) => send(origin, "/agent-info", { token: accessToken })),
    );
    expect((await Promise.all(uses)).map(({ status }) => status)).toEqual(uses.map(() => 401));
  });
});

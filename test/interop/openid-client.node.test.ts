/** Standard clients against the running Worker over real HTTP: openid-client and oauth4webapi for the protocol, jose for the tokens. */
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWTVerifyOptions, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Admin,
  type AgentClient,
  agentFields,
  newClient,
  newResource,
  send,
  setUp,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let operator: Admin;
let agent: AgentClient;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
  agent = await newClient(worker.issuer, operator.token);
});

afterAll(() => worker?.stop());

/** Discovers the issuer as a client that knows nothing but its address and its own credentials. */
function discover(clientId: string, authentication: openid.ClientAuth, algorithm: "oidc" | "oauth2" = "oidc") {
  return openid.discovery(new URL(worker.issuer), clientId, undefined, authentication, {
    algorithm,
    execute: [openid.allowInsecureRequests],
  });
}

/** Verifies with the published keys alone. */
async function verify(token: string, options: JWTVerifyOptions) {
  const metadata = await (await fetch(`${worker.issuer}/.well-known/openid-configuration`)).json();
  const keys = createRemoteJWKSet(new URL((metadata as { jwks_uri: string }).jwks_uri));
  return jwtVerify(token, keys, { issuer: worker.issuer, ...options });
}

const verifyAccessToken = (token: string) =>
  verify(token, { audience: worker.issuer, typ: "at+jwt", algorithms: ["ES256"] });

describe("discovery", () => {
  it.each(["oidc", "oauth2"] as const)("finds the issuer by its %s document", async (algorithm) => {
    const config = await discover(agent.agentId, openid.ClientSecretBasic(agent.clientSecret), algorithm);
    const metadata = config.serverMetadata();
    expect(metadata).toMatchObject({
      issuer: worker.issuer,
      token_endpoint: `${worker.issuer}/api/v1/token`,
      introspection_endpoint: `${worker.issuer}/api/v1/token/introspect`,
      revocation_endpoint: `${worker.issuer}/api/v1/token/revoke`,
      jwks_uri: `${worker.issuer}/.well-known/jwks.json`,
    });
    expect(metadata.authorization_endpoint).toBe(`${worker.issuer}/authorize`);
  });
});

describe.each([
  ["client_secret_basic", openid.ClientSecretBasic],
  ["client_secret_post", openid.ClientSecretPost],
] as const)("%s", (_, authentication) => {
  it("gets a token that verifies with the published keys", async () => {
    const config = await discover(agent.agentId, authentication(agent.clientSecret));
    const tokens = await openid.clientCredentialsGrant(config, { scope: "agents:read delegations:write" });
    expect(tokens).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: "agents:read delegations:write" });
    const { payload, protectedHeader } = await verifyAccessToken(tokens.access_token);
    expect(protectedHeader).toMatchObject({ alg: "ES256", typ: "at+jwt", kid: expect.any(String) });
    expect(payload).toMatchObject({
      sub: agent.agentId,
      client_id: agent.agentId,
      organization_id: operator.organizationId,
      agent_type: "screener",
      scope: "agents:read delegations:write",
    });
  });

  it("introspects and revokes it", async () => {
    const config = await discover(agent.agentId, authentication(agent.clientSecret));
    const { access_token } = await openid.clientCredentialsGrant(config, { scope: "agents:read" });
    expect(await openid.tokenIntrospection(config, access_token)).toMatchObject({
      active: true,
      scope: "agents:read",
      client_id: agent.agentId,
      sub: agent.agentId,
      iss: worker.issuer,
      aud: worker.issuer,
    });
    await openid.tokenRevocation(config, access_token);
    expect(await openid.tokenIntrospection(config, access_token)).toStrictEqual({ active: false });
    const call = await send(worker.issuer, "/api/v1/agents", { token: access_token });
    expect(call).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
  });

  it("is told invalid_client when the secret is wrong", async () => {
    const config = await discover(agent.agentId, authentication(`${agent.clientSecret.slice(0, -1)}!`));
    await expect(openid.clientCredentialsGrant(config)).rejects.toMatchObject({ status: 401 });
  });
});

describe("private_key_jwt", () => {
  it.each(["ES256", "EdDSA", "RS256"] as const)("signs in with an %s key of its own", async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const registered = await send(worker.issuer, "/api/v1/agents", {
      token: operator.token,
      json: agentFields({ publicKeyJwk: await exportJWK(publicKey) }),
    });
    expect(registered.status, registered.text).toBe(201);
    const { agentId } = registered.body;
    const config = await discover(agentId, openid.PrivateKeyJwt(privateKey));

    const { access_token } = await openid.clientCredentialsGrant(config, { scope: "agents:read" });
    const { payload } = await verifyAccessToken(access_token);
    expect(payload).toMatchObject({ sub: agentId, scope: "agents:read" });

    expect(await openid.tokenIntrospection(config, access_token)).toMatchObject({ active: true, client_id: agentId });
    await openid.tokenRevocation(config, access_token);
    expect(await openid.tokenIntrospection(config, access_token)).toStrictEqual({ active: false });
  });
});

describe("openid", () => {
  it("brings an id_token for the agent beside the access token", async () => {
    const config = await discover(agent.agentId, openid.ClientSecretBasic(agent.clientSecret));
    const tokens = await openid.clientCredentialsGrant(config, { scope: "openid agents:read" });
    expect(tokens.claims()).toMatchObject({ iss: worker.issuer, aud: agent.agentId, sub: agent.agentId });
    const { payload } = await verify(tokens.id_token ?? "", { audience: agent.agentId, algorithms: ["RS256"] });
    expect(payload).toMatchObject({
      sub: agent.agentId,
      email: expect.stringContaining("@example.com"),
      agent_type: "screener",
      organization_id: operator.organizationId,
    });
    await verifyAccessToken(tokens.access_token);
  });

  it("brings no id_token when it was not asked for", async () => {
    const config = await discover(agent.agentId, openid.ClientSecretBasic(agent.clientSecret));
    const tokens = await openid.clientCredentialsGrant(config);
    expect(tokens.id_token).toBe(undefined);
  });
});

describe("agent info", () => {
  it("OpenID Connect Core 5.3: is found by discovery, and is about the subject of the id_token", async () => {
    const config = await discover(agent.agentId, openid.ClientSecretBasic(agent.clientSecret));
    const tokens = await openid.clientCredentialsGrant(config, { scope: "openid agents:read" });
    const info = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? "");
    expect(info).toMatchObject({
      sub: agent.agentId,
      agentType: "screener",
      capabilities: ["resume:read"],
      organization_id: operator.organizationId,
    });
  });
});

describe("a resource (RFC 8707)", () => {
  it("becomes the audience that its own API verifies", async () => {
    const config = await discover(agent.agentId, openid.ClientSecretBasic(agent.clientSecret));
    const resource = await newResource(worker.issuer, operator, "resumes");
    const tokens = await openid.clientCredentialsGrant(config, { scope: "resume:read", resource });
    const { payload } = await verify(tokens.access_token, { audience: resource, typ: "at+jwt" });
    expect(payload.aud).toBe(resource);
    const call = await send(worker.issuer, "/api/v1/agents", { token: tokens.access_token });
    expect(call.status).toBe(401);
  });
});

describe.each(["oidc", "oauth2"] as const)("oauth4webapi, by the %s document", (algorithm) => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  let server: oauth.AuthorizationServer;
  beforeAll(async () => {
    const issuer = new URL(worker.issuer);
    server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm, ...insecure }),
    );
  });

  it("RFC 7523 2.2: signs in with a key registered as EdDSA, which it calls Ed25519; the API verifies the token, introspects and revokes it", async () => {
    const resource = await newResource(worker.issuer, operator, `oauth4webapi-${algorithm}`);
    const { publicKey, privateKey } = await generateKeyPair("Ed25519", { extractable: true });
    const { kty, crv, x } = await exportJWK(publicKey);
    const registered = await send(worker.issuer, "/api/v1/agents", {
      token: operator.token,
      json: agentFields({ publicKeyJwk: { kty, crv, x, alg: "EdDSA" } }),
    });
    expect(registered.status, registered.text).toBe(201);
    const client = { client_id: registered.body.agentId };
    const authentication = oauth.PrivateKeyJwt(privateKey);

    const granted = await oauth.clientCredentialsGrantRequest(server, client, authentication, { resource }, insecure);
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, granted);
    const headers = { Authorization: `Bearer ${access_token}` };
    const validate = (audience: string) =>
      oauth.validateJwtAccessToken(server, new Request("https://api.example/", { headers }), audience, insecure);
    expect(await validate(resource)).toMatchObject({ sub: client.client_id, scope: "resume:read" });
    await expect(validate(worker.issuer)).rejects.toThrow();

    const introspect = async () =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, authentication, access_token, insecure),
      );
    expect(await introspect()).toMatchObject({ active: true, aud: resource });
    const revoked = await oauth.revocationRequest(server, client, authentication, access_token, insecure);
    await oauth.processRevocationResponse(revoked);
    expect(await introspect()).toStrictEqual({ active: false });
  });

  it.each(["ES256", "Ed25519"])("RFC 9449 4.2: proves with %s to the token endpoint and to the API", async (alg) => {
    const client: oauth.Client = { client_id: agent.agentId };
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(alg));
    const authentication = oauth.ClientSecretBasic(agent.clientSecret);
    const options = { DPoP, ...insecure };
    const granted = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      { scope: "agents:read" },
      options,
    );
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, granted);
    const url = new URL(`${worker.issuer}/api/v1/agents?limit=1`);
    const answer = await oauth.protectedResourceRequest(access_token, "GET", url, undefined, null, options);
    expect(answer.status).toBe(200);
  });
});

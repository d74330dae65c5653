/** The two servers that are compared: this service, and `oidc-provider` with clients of the same kind. */
import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { errors, Provider } from "oidc-provider";
import { expect } from "vitest";
import { agentFields, newOrganization, send, setUp, tokenFor } from "../../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../../support/worker-process.ts";

/** A client with a secret. */
export interface SecretClient {
  readonly id: string;
  readonly secret: string;
}

/** A client with a key of its own, for ES256. */
export interface KeyClient {
  readonly id: string;
  readonly key: CryptoKey;
}

/** One of the two servers, and the same clients at each. */
export interface Party {
  readonly issuer: string;
  /** Paths of the endpoints. */
  readonly token: string;
  readonly introspection: string;
  readonly revocation: string;
  readonly client: SecretClient;
  /** Another client, whose tokens are none of the first one's business. */
  readonly foreign: SecretClient;
  readonly keyClient: KeyClient;
  /** A new, living access token. */
  liveToken(client: SecretClient): Promise<string>;
}

export interface Parties {
  readonly ours: Party;
  readonly theirs: Party;
  stop(): Promise<void>;
}

/** The one resource server that both know. */
export const resource = "https://api.acme.example/v1";
const scopes = "agents:read audit:read";

async function ourParty(worker: WorkerProcess, publicJwk: JWK, key: CryptoKey): Promise<Party> {
  const { issuer } = worker;
  const operator = await setUp(issuer);
  const [home, abroad] = [await newOrganization(issuer, operator), await newOrganization(issuer, operator)];
  const register = async (token: string, fields: Record<string, unknown> = {}) => {
    const json = agentFields({ grantedScopes: scopes.split(" "), ...fields });
    const { agentId } = (await send(issuer, "/api/v1/agents", { token, json })).body;
    const credential = await send(issuer, `/api/v1/agents/${agentId}/credentials`, { token, json: {} });
    return { id: agentId as string, secret: credential.body.clientSecret as string };
  };
  const { token } = home;
  await send(issuer, `/api/v1/organizations/${home.organizationId}/domains`, {
    token,
    json: { domain: "acme.example" },
  });
  const json = { identifier: resource, name: "The API that both know" };
  expect((await send(issuer, "/api/v1/resources", { token, json })).status).toBe(201);
  return {
    issuer,
    token: "/api/v1/token",
    introspection: "/api/v1/token/introspect",
    revocation: "/api/v1/token/revoke",
    client: await register(home.token),
    foreign: await register(abroad.token),
    keyClient: { id: (await register(home.token, { publicKeyJwk: publicJwk })).id, key },
    liveToken: ({ id, secret }) => tokenFor(issuer, { clientId: id, clientSecret: secret }, { scope: "agents:read" }),
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

async function theirParty(server: Server, publicJwk: JWK, key: CryptoKey): Promise<Party> {
  const issuer = `http://localhost:${await listen(server)}`;
  const [client, foreign] = ["first", "second"].map((id) => ({
    id,
    secret: `${id}-secret-0123456789abcdefghijklmnop`,
  }));
  const common = { grant_types: ["client_credentials"], response_types: [], redirect_uris: [], scope: scopes };
  const provider = new Provider(issuer, {
    clients: [
      ...[client!, foreign!].map(({ id, secret }) => ({ ...common, client_id: id, client_secret: secret })),
      {
        ...common,
        client_id: "with-a-key",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        jwks: { keys: [publicJwk] },
      },
    ],
    scopes: scopes.split(" "),
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_: unknown, indicator: string) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return { scope: scopes, accessTokenFormat: "opaque" };
        },
      },
    },
  });
  server.on("request", provider.callback());
  const at = (path: string) => ({ issuer, token: path });
  return {
    ...at("/token"),
    introspection: "/token/introspection",
    revocation: "/token/revocation",
    client: client!,
    foreign: foreign!,
    keyClient: { id: "with-a-key", key },
    async liveToken({ id, secret }) {
      const body = new URLSearchParams({ grant_type: "client_credentials", scope: "agents:read" });
      const headers = { Authorization: `Basic ${btoa(`${id}:${secret}`)}` };
      const answer = await fetch(`${issuer}/token`, { method: "POST", body, headers });
      return ((await answer.json()) as { access_token: string }).access_token;
    },
  };
}

/** Starts both servers, with clients and keys alike. */
export async function startParties(): Promise<Parties> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "of-the-client" };
  const worker = await newWorkerProcess();
  await worker.start();
  const server = createServer();
  const theirs = await theirParty(server, publicJwk, privateKey);
  return {
    ours: await ourParty(worker, publicJwk, privateKey),
    theirs,
    async stop() {
      server.closeAllConnections();
      server.close();
      await worker.stop();
    },
  };
}

const now = () => Math.floor(Date.now() / 1000);

/** A client assertion in order, but for what is named; `undefined` leaves a claim out. */
export async function assertionOf(
  party: Party,
  claims: JWTPayload & Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: CryptoKey | Uint8Array = party.keyClient.key,
): Promise<string> {
  const { id } = party.keyClient;
  const usual = { iss: id, sub: id, aud: party.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 };
  const payload = JSON.parse(JSON.stringify({ ...usual, ...claims }));
  return new SignJWT(payload).setProtectedHeader({ alg: "ES256", ...header }).sign(key);
}

export const secondsFromNow = (seconds: number) => now() + seconds;

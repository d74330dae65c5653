/** What is presented to an API: its own tokens, and everything that looks like one. */
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { expect } from "vitest";
import { parseKeyRing } from "../../../src/platform/crypto/key-ring.ts";
import { open, sealedPlace } from "../../../src/platform/crypto/sealing.ts";
import {
  type Admin,
  type AgentClient,
  type Body,
  newClient,
  newOrganization,
  newResource,
  requestToken,
  send,
  tokenFor,
} from "../../support/http-client.ts";
import { keyEncryptionKeys, type WorkerProcess } from "../../support/worker-process.ts";
import { type StandInIssuer, startIssuer } from "../_stand-in-issuer.ts";

/** The tokens by what they are. */
export type Tokens = Readonly<Record<string, string>>;

export interface Presented {
  readonly tokens: Tokens;
  /** The DID of the agent that made `what an agent signed`. */
  readonly agentDid: string;
  readonly delegator: AgentClient & { readonly token: string };
  close(): Promise<void>;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** The service's own key for access tokens: what only the service can sign. */
async function serviceKey(worker: WorkerProcess) {
  const [row] = await worker.query<{ id: string; private_sealed: string }>(
    "SELECT id, private_sealed FROM signing_keys WHERE alg = 'ES256' AND state = 'current'",
  );
  const ring = parseKeyRing(keyEncryptionKeys);
  const jwk = await open(ring!, row!.private_sealed, sealedPlace.signingKey(row!.id));
  const key = await importJWK(JSON.parse(jwk!), "ES256");
  return (claims: JWTPayload, header: Record<string, unknown> = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: row!.id, typ: "at+jwt", ...header }).sign(key);
}

async function call(origin: string, path: string, token: string, json: unknown): Promise<Body> {
  const answer = await send(origin, path, { token, json });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
}

/** An agent with its own key, and what it signs with it: see docs/guides/resolve-a-did.md. */
async function newSigner(origin: string, admin: Admin) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const { agentId } = await newClient(origin, admin.token, { publicKeyJwk: await exportJWK(publicKey) });
  const { did }: { did: string } = (await send(origin, `/api/v1/agents/${agentId}`, { token: admin.token })).body;
  const sign = (claims: JWTPayload, header: Record<string, unknown> = {}) =>
    new SignJWT({ iss: did, iat: inSeconds(0), exp: inSeconds(300), ...claims })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: `${did}#key-1`, ...header })
      .sign(privateKey);
  return { agentId, did, sign };
}

/** A partner of the organization, and tokens that it gave to its agents. */
async function newPartner(
  origin: string,
  admin: Admin,
  api: string,
): Promise<{ partner: StandInIssuer; tokens: Tokens }> {
  const partner = await startIssuer("ES256");
  await call(origin, "/api/v1/federation/trust", admin.token, { name: "Partner", issuer: partner.issuer });
  const sign = (aud: string) => {
    const claims = {
      sub: "their-agent",
      client_id: "their-agent",
      aud,
      scope: "resume:read",
      iat: inSeconds(0),
      exp: inSeconds(300),
    };
    return partner.sign(claims, { header: { typ: "at+jwt" } });
  };
  return {
    partner,
    tokens: {
      "a partner's, for this API": await sign(api),
      "a partner's, for another": await sign("https://elsewhere.example"),
    },
  };
}

/**
 * Tokens for the API `api` of the operator's organization, whose scope `resume:read` a request needs, and tokens that are
 * none.
 */
export async function newTokens(worker: WorkerProcess, operator: Admin, api: string): Promise<Presented> {
  const [origin] = worker.instances;
  const scope = "resume:read";
  const capabilities = [scope, "resume:write"];
  const grantedScopes = ["agents:read", "delegations:write"];

  const agent = await newClient(origin, operator.token, { capabilities, grantedScopes });
  const delegatee = await newClient(origin, operator.token, {
    capabilities: ["mail:send"],
    grantedScopes: ["agents:read"],
  });
  const other = await newResource(origin, operator, "other-api");
  const tenant = await newOrganization(origin, operator);
  const tenantAgent = await newClient(origin, tenant.token, { capabilities });
  const tenantApi = await newResource(origin, tenant, "resumes");

  const good = await tokenFor(origin, agent, { scope, resource: api });
  const { body: signedIn } = await requestToken(origin, agent, { scope: "openid" });
  const delegatorToken = await tokenFor(origin, agent, { scope: "delegations:write agents:read" });
  const delegation = { delegateeAgentId: delegatee.agentId, resource: api, scopes: [scope], ttlSeconds: 900 };
  const { delegationToken } = await call(origin, "/api/v1/oauth2/token/delegate", delegatorToken, delegation);
  const exchanged = await send(origin, "/api/v1/token", {
    basic: delegatee,
    form: {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: delegationToken,
      subject_token_type: "urn:sentryagent:token-type:delegation",
    },
  });
  expect(exchanged.status, exchanged.text).toBe(200);
  const badge = await send(origin, `/api/v1/agents/${agent.agentId}/badge`, { token: operator.token });
  expect(badge.status, badge.text).toBe(200);

  const signedByService = await serviceKey(worker);
  const claims = decodeJwt(good);
  const stranger = await generateKeyPair("ES256");
  const forged = new SignJWT(claims).setProtectedHeader({ ...decodeProtectedHeader(good), alg: "ES256" });
  const [signer, anotherSigner] = [await newSigner(origin, operator), await newSigner(origin, operator)];
  const statement = { aud: "did:web:me.example" };
  const { partner, tokens } = await newPartner(origin, operator, api);

  return {
    agentDid: signer.did,
    delegator: { ...agent, token: delegatorToken },
    close: () => partner.close(),
    tokens: {
      "a good token": good,
      "a delegated token": exchanged.body.access_token,
      "without the scope": await tokenFor(origin, agent, { scope: "resume:write", resource: api }),
      "of another tenant": await tokenFor(origin, tenantAgent, { scope, resource: tenantApi }),
      "for another API of the organization": await tokenFor(origin, agent, { scope, resource: other }),
      "for the service": delegatorToken,
      expired: await signedByService({ ...claims, iat: inSeconds(-7200), exp: inSeconds(-3600) }),
      "for a list of APIs": await signedByService({ ...claims, aud: [api, other] }),
      "bound to a key": await signedByService({
        ...claims,
        cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" },
      }),
      "of another type": await signedByService(claims, { typ: "JWT" }),
      "an id_token": signedIn.id_token,
      "a delegation token": delegationToken,
      "the JWS of a delegation token": delegationToken.slice("sa_del_".length),
      "of another issuer": await partner.sign({ ...claims, iss: partner.issuer }, { header: { typ: "at+jwt" } }),
      "signed by the agent itself": await signer.sign(
        { ...claims, sub: signer.agentId, client_id: signer.agentId },
        { typ: "at+jwt", kid: "key-1" },
      ),
      "signed with another key": await forged.sign(stranger.privateKey),
      "a badge": badge.text,
      "what an agent signed": await signer.sign(statement),
      "what another agent signed": await anotherSigner.sign(statement),
      ...tokens,
    },
  };
}

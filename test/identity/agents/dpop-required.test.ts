/**
 * `dpopRequired` (RFC 9449 5.2, `dpop_bound_access_tokens`), `idTokenSignedResponseAlg` and the lines of a description.
 * Attack: a delegation from an agent that demands DPoP, exchanged without a proof: refused.
 */
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  type Client,
  call,
  issuer,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";
import { exchange, lend, newParties } from "../delegation/_parties.ts";

let organization: Organization;
let pair: CryptoKeyPair;

beforeAll(async () => {
  organization = await newOrganization();
  pair = (await generateKeyPair("ES256", { extractable: true })) as CryptoKeyPair;
});

async function proofFor(method: string, path: string, token?: string): Promise<string> {
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const digest = token && new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  const ath = digest
    ? btoa(String.fromCharCode(...digest))
        .replace(/\+/g, "-")
        .replace(/\//g, "_")
        .replace(/=+$/, "")
    : undefined;
  return new SignJWT({ jti: crypto.randomUUID(), htm: method, htu: `${issuer}${path}`, ...(ath ? { ath } : {}) })
    .setIssuedAt()
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } as never })
    .sign(pair.privateKey);
}

const proved = async () => ({ headers: { DPoP: await proofFor("POST", "/api/v1/token") } });
const signIn = (client: Client, init: object = {}) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" }, ...init });
const use = async (token: string) => (await call("/agent-info", { token })).status;
const useBound = async (token: string) => {
  const headers = { Authorization: `DPoP ${token}`, DPoP: await proofFor("GET", "/agent-info", token) };
  return (await call("/agent-info", { headers })).status;
};
const demand = async (agentId: string, dpopRequired: boolean) => {
  const answer = await call(`/api/v1/agents/${agentId}`, {
    method: "PATCH",
    token: organization.token,
    json: { dpopRequired },
  });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.dpopRequired).toBe(dpopRequired);
};
const expectProofDemanded = (answer: Answer) => {
  expect([answer.status, answer.body.error]).toEqual([400, "invalid_dpop_proof"]);
};

describe("dpopRequired", () => {
  it("is false unless it is set, and every token of the agent needs a proof then", async () => {
    expect(await newAgent(organization.token)).toMatchObject({ dpopRequired: false });
    const client = await newClient(organization.token, { dpopRequired: true });
    expectProofDemanded(await signIn(client));
    const bound = await signIn(client, await proved());
    expect(bound.body, bound.text).toMatchObject({ token_type: "DPoP" });
    expect(await useBound(bound.body.access_token)).toBe(200);
    const log = await call(`/api/v1/audit?agentId=${client.agentId}&action=token.refused`, organization);
    expect(log.body.data).toMatchObject([{ details: { reason: "proof_required" } }]);
  });

  it("ends the unbound tokens when it is set, also after it is taken away again; bound ones live on", async () => {
    const client = await newClient(organization.token);
    const unbound = await tokenFor(client);
    const bound = (await signIn(client, await proved())).body.access_token;
    expect([await use(unbound), await useBound(bound)]).toEqual([200, 200]);
    await demand(client.agentId, true);
    expect([await use(unbound), await useBound(bound)]).toEqual([401, 200]);
    expectProofDemanded(await signIn(client));
    await demand(client.agentId, false);
    expect([await use(unbound), await useBound(bound)]).toEqual([401, 200]);
    expect(await use(await tokenFor(client))).toBe(200);
  });

  it("holds for the tokens made from the agent's delegations, those that are out too", async () => {
    const parties = await newParties(organization.token);
    const { delegator, delegatee } = parties;
    const lent = await lend(parties);
    const unbound = (await exchange(delegatee, lent.delegationToken)).body.access_token;
    expect(await use(unbound)).toBe(200);
    await demand(delegator.agentId, true);
    expect(await use(unbound)).toBe(401);
    expectProofDemanded(await exchange(delegatee, lent.delegationToken));
    const bound = await exchange(delegatee, lent.delegationToken, {}, await proved());
    expect(bound.body, bound.text).toMatchObject({ token_type: "DPoP" });
    expect(await useBound(bound.body.access_token)).toBe(200);
    // The delegatee's own tokens need no proof.
    expect(await use(await tokenFor(delegatee))).toBe(200);
  });

  it("400 for what is no boolean, 403 for a delegated caller", async () => {
    const { agentId } = await newAgent(organization.token);
    const init = { method: "PATCH", token: organization.token, json: { dpopRequired: "yes" } };
    const answer = await call(`/api/v1/agents/${agentId}`, init);
    expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "dpopRequired"]);
    const parties = await newParties(organization.token);
    const delegated = (await exchange(parties.delegatee, (await lend(parties)).delegationToken)).body.access_token;
    const refused = await call(`/api/v1/agents/${agentId}`, {
      ...init,
      token: delegated,
      json: { dpopRequired: true },
    });
    expect([refused.status, refused.body.details]).toEqual([403, { delegated: true }]);
  });
});

describe("idTokenSignedResponseAlg", () => {
  const idToken = async (client: Client) => {
    const answer = await signIn(client, { form: { grant_type: "client_credentials", scope: "openid" } });
    return answer.body.id_token as string;
  };

  it("is RS256 unless ES256 is set; the key is in the JWKS", async () => {
    const { body } = await call("/.well-known/jwks.json");
    const client = await newClient(organization.token);
    expect(decodeProtectedHeader(await idToken(client))).toMatchObject({ alg: "RS256", typ: "JWT" });
    const answer = await call(`/api/v1/agents/${client.agentId}`, {
      method: "PATCH",
      token: organization.token,
      json: { idTokenSignedResponseAlg: "ES256" },
    });
    expect(answer.body).toMatchObject({ idTokenSignedResponseAlg: "ES256" });
    const token = await idToken(client);
    const { alg, kid } = decodeProtectedHeader(token);
    expect(alg).toBe("ES256");
    expect(body.keys).toContainEqual(expect.objectContaining({ kid, alg: "ES256" }));
    expect(decodeJwt(token)).toMatchObject({ sub: client.agentId, aud: client.agentId });
    expect(await use(token)).toBe(401);
  });

  it("400 for another algorithm; the metadata names both", async () => {
    const answer = await call("/api/v1/agents", {
      token: organization.token,
      json: { idTokenSignedResponseAlg: "none" },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("must be one of RS256, ES256");
    const { body } = await call("/.well-known/openid-configuration");
    expect(body.id_token_signing_alg_values_supported).toEqual(["RS256", "ES256"]);
  });
});

describe("description", () => {
  it("may have line breaks and tabs, up to 1,000 characters, and no other control characters", async () => {
    const description = `Screens.\r\n\t- resumes\n${"x".repeat(900)}`;
    expect(await newAgent(organization.token, { description })).toMatchObject({ description });
    const { agentId } = await newAgent(organization.token);
    for (const wrong of ["x".repeat(1001), "a\u0007b", "a\u0085b", "a\u0000b"]) {
      const answer = await call(`/api/v1/agents/${agentId}`, {
        method: "PATCH",
        token: organization.token,
        json: { description: wrong },
      });
      expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "description"]);
    }
  });
});

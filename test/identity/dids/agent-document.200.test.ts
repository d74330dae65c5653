/** An agent's DID document: W3C DID Core 1.0 and the did:web method. */
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  call,
  issuer,
  newAgent,
  newClient,
  newOrganization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

const service = "did:web:localhost%3A8787";
const canonical = (agentId: string) => `${service}:agents:${agentId}`;
const alias = (slug: string, agentId: string) => `${service}:orgs:${slug}:agents:${agentId}`;
const patch = async (token: string, agentId: string, json: unknown) => {
  const answer = await call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const documentOf = async (agentId: string) => (await call(`/agents/${agentId}/did.json`)).body;
const fragments = (dids: readonly string[]) => dids.map((did) => did.slice(did.indexOf("#") + 1));
const ownKeys = (document: Body) =>
  document.verificationMethod.filter(({ controller }: Body) => controller === document.id);

afterEach(() => {
  vi.useRealTimers();
});

describe("GET /agents/{agentId}/did.json 200", () => {
  it("is the whole document, and says nothing else", async () => {
    const { token, slug } = await newOrganization();
    const agent = await newAgent(token);
    const { keys } = (await call("/.well-known/jwks.json")).body;
    const did = canonical(agent.agentId);
    expect(agent.did).toBe(did);
    const answer = await call(`/agents/${agent.agentId}/did.json`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toStrictEqual({
      "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
      id: did,
      alsoKnownAs: [alias(slug, agent.agentId)],
      controller: did,
      verificationMethod: [
        { id: `${did}#key-1`, type: "JsonWebKey2020", controller: did, publicKeyJwk: agent.publicKeyJwk },
        ...keys.map((publicKeyJwk: Body) => ({
          id: `${did}#${publicKeyJwk.kid}`,
          type: "JsonWebKey2020",
          controller: service,
          publicKeyJwk,
        })),
      ],
      authentication: [`${did}#key-1`],
      assertionMethod: [`${did}#key-1`],
      service: [
        {
          id: `${did}#agent-card`,
          type: "AgentCard",
          serviceEndpoint: `${issuer}/api/v1/agents/${agent.agentId}/did/card`,
        },
        { id: `${did}#token-endpoint`, type: "OAuth2TokenEndpoint", serviceEndpoint: `${issuer}/api/v1/token` },
      ],
      agntcy: {
        agentId: agent.agentId,
        agentType: "screener",
        capabilities: ["resume:read"],
        deploymentEnv: "production",
        owner: "talent-team",
        version: "1.0.0",
      },
    });
  });

  it("has every key of the key set, after a rotation too", async () => {
    const { token } = await theOperator();
    const { agentId } = await newAgent(token);
    await call("/api/v1/keys/rotate", { token, json: {} });
    const { keys } = (await call("/.well-known/jwks.json")).body;
    expect(keys).toHaveLength(6);
    const listed = (await documentOf(agentId)).verificationMethod.slice(1);
    expect(listed.map(({ publicKeyJwk }: Body) => publicKeyJwk)).toStrictEqual(keys);
  });

  it("changes with the agent at once", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await patch(token, agentId, { version: "2.0.0", owner: "night-shift", capabilities: ["mail:send"] });
    expect((await documentOf(agentId)).agntcy).toMatchObject({
      version: "2.0.0",
      owner: "night-shift",
      capabilities: ["mail:send"],
    });
  });

  it.each(["EdDSA", "RS256"])("holds an agent's own key for %s", async (alg) => {
    const { token } = await newOrganization();
    const publicKeyJwk = await exportJWK((await generateKeyPair(alg, { extractable: true })).publicKey);
    const { agentId } = await newAgent(token, { publicKeyJwk });
    expect((await documentOf(agentId)).verificationMethod[0].publicKeyJwk).toStrictEqual(publicKeyJwk);
  });

  it("does not publish the kid that an agent chose: it could be that of a service key", async () => {
    const { token } = await newOrganization();
    const [{ kid }] = (await call("/.well-known/jwks.json")).body.keys;
    const jwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
    const { agentId } = await newAgent(token, { publicKeyJwk: { ...jwk, kid, alg: "ES256", use: "sig" } });
    const { verificationMethod } = await documentOf(agentId);
    expect(verificationMethod[0].publicKeyJwk).toStrictEqual({ ...jwk, alg: "ES256", use: "sig" });
    expect(verificationMethod.filter(({ publicKeyJwk }: Body) => publicKeyJwk.kid === kid)).toHaveLength(1);
  });
});

describe("the same document elsewhere", () => {
  it("GET /api/v1/agents/{agentId}/did has the same bytes", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const [one, other] = [await call(`/agents/${agentId}/did.json`), await call(`/api/v1/agents/${agentId}/did`)];
    expect(other.status).toBe(200);
    expect(other.text).toBe(one.text);
  });

  it("did:web: under the alias, the document's id is the alias, and each names the other", async () => {
    const { token, slug } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { body, status } = await call(`/orgs/${slug}/agents/${agentId}/did.json`);
    expect(status).toBe(200);
    const did = alias(slug, agentId);
    expect(body).toMatchObject({
      id: did,
      controller: did,
      alsoKnownAs: [canonical(agentId)],
      authentication: [`${did}#key-1`],
      assertionMethod: [`${did}#key-1`],
    });
    const one = await documentOf(agentId);
    expect(one.alsoKnownAs).toStrictEqual([did]);
    expect(JSON.stringify(body.verificationMethod)).toBe(
      JSON.stringify(one.verificationMethod).replaceAll(canonical(agentId), did),
    );
    expect(body.agntcy).toStrictEqual(one.agntcy);
  });
});

describe("the agent's own keys", () => {
  it("a new one becomes #key-2; the old one stays for what it signed, and signs in no more", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
    await patch(token, agent.agentId, { publicKeyJwk });
    const document = await documentOf(agent.agentId);
    expect(ownKeys(document).map((method: Body) => method.publicKeyJwk)).toStrictEqual([
      publicKeyJwk,
      agent.publicKeyJwk,
    ]);
    expect(fragments(document.authentication)).toStrictEqual(["key-2"]);
    expect(fragments(document.assertionMethod)).toStrictEqual(["key-2", "key-1"]);
  });

  it("an old one is gone once nothing that it signed can be alive: a day and five minutes later", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await patch(token, agentId, { publicKeyJwk: await exportJWK((await generateKeyPair("ES256")).publicKey) });
    const replacedAt = Date.now();
    vi.setSystemTime(replacedAt + 86_400_000 + 299_000);
    expect(fragments((await documentOf(agentId)).assertionMethod)).toStrictEqual(["key-2", "key-1"]);
    vi.setSystemTime(replacedAt + 86_400_000 + 301_000);
    const document = await documentOf(agentId);
    expect(fragments(document.assertionMethod)).toStrictEqual(["key-2"]);
    expect(ownKeys(document)).toHaveLength(1);
  });
});

describe("suspension", () => {
  it("of the agent: authentication is empty, the keys stay; reactivated, it is as before", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const before = await documentOf(agentId);
    await patch(token, agentId, { status: "suspended" });
    expect(await documentOf(agentId)).toStrictEqual({ ...before, authentication: [] });
    await patch(token, agentId, { status: "active" });
    expect(await documentOf(agentId)).toStrictEqual(before);
  });

  it("of its organization: the same", async () => {
    const { token, organizationId, slug } = await newOrganization();
    const { agentId } = await newAgent(token);
    const before = await documentOf(agentId);
    const operator = await theOperator();
    const path = `/api/v1/organizations/${organizationId}`;
    const suspended = await call(path, { token: operator.token, method: "PATCH", json: { status: "suspended" } });
    expect(suspended.status, suspended.text).toBe(200);
    expect(await documentOf(agentId)).toStrictEqual({ ...before, authentication: [] });
    expect((await call(`/orgs/${slug}/agents/${agentId}/did.json`)).body.authentication).toStrictEqual([]);
  });
});

describe.each(["/agents/{agentId}/did.json", "/orgs/{slug}/agents/{agentId}/did.json", "/api/v1/agents/{agentId}/did"])(
  "%s",
  (template) => {
    const path = async () => {
      const { token, slug } = await newOrganization();
      const { agentId } = await newClient(token);
      return { path: template.replace("{slug}", slug).replace("{agentId}", agentId), agentId, token };
    };

    it("is public, of its own media type, open to scripts of any origin, and may be kept for a minute", async () => {
      const { headers } = await call((await path()).path, { headers: { Origin: "https://app.example" } });
      expect(headers.get("Content-Type")).toBe("application/did+json");
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(headers.get("Cache-Control")).toBe("public, max-age=60");
      expect(headers.get("ETag")).toMatch(/^"[0-9a-f]{64}"$/);
    });

    it("RFC 9110 13.1.2: answers 304 to who has it, and 200 once the agent has changed", async () => {
      const agent = await path();
      const tag = (await call(agent.path)).headers.get("ETag")!;
      const same = await call(agent.path, { headers: { "If-None-Match": tag } });
      expect([same.status, same.text, same.headers.get("ETag")]).toEqual([304, "", tag]);
      await patch(agent.token, agent.agentId, { status: "suspended" });
      const changed = await call(agent.path, { headers: { "If-None-Match": tag } });
      expect(changed.status).toBe(200);
      expect(changed.headers.get("ETag")).not.toBe(tag);
    });
  },
);

it("an agent that has signed in has the key of its token in its document", async () => {
  const { token } = await newOrganization();
  const client = await newClient(token);
  const [header = ""] = (await tokenFor(client)).split(".");
  const { kid } = JSON.parse(atob(header));
  const { verificationMethod } = await documentOf(client.agentId);
  expect(verificationMethod.find(({ id }: Body) => id.endsWith(`#${kid}`))).toMatchObject({
    controller: service,
    publicKeyJwk: { kid, alg: "ES256" },
  });
});

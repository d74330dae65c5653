/** GET /api/v1/agents/{agentId}/badge. That libraries of others verify it: test/agntcy/interoperability.node.test.ts. */
import { decodeJwt, decodeProtectedHeader } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Body,
  call,
  issuer,
  newAgent,
  newOrganization,
  type Organization,
  theOperator,
} from "../../support/api.ts";

const service = "did:web:localhost%3A8787";
const unknown = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

let organization: Organization;
let shown: Body;
let hidden: Body;
beforeAll(async () => {
  organization = await newOrganization();
  shown = await newAgent(organization.token, { isPublic: true, description: "inner workings" });
  hidden = await newAgent(organization.token);
});

const badge = (agentId: string, token?: string) =>
  call(`/api/v1/agents/${agentId}/badge`, token === undefined ? {} : { token });
const change = (agentId: string, json: unknown) =>
  call(`/api/v1/agents/${agentId}`, { token: organization.token, method: "PATCH", json });

describe("200", () => {
  it("a public agent's badge, for everybody", async () => {
    const { status, headers, text } = await badge(shown.agentId);
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toBe("application/jwt");
    expect(headers.get("Cache-Control")).toBe("public, max-age=60");
    const { body: document } = await call("/.well-known/did.json");
    const { kid, ...header } = decodeProtectedHeader(text);
    expect(header).toStrictEqual({ alg: "ES256", typ: "JWT" });
    expect(document.assertionMethod).toContain(kid);
  });

  it("VC Data Model 1.1, 6.3.1: says who vouches for whom, from when until when", async () => {
    const { iss, sub, jti, iat, nbf, exp, vc, ...others } = decodeJwt<Body>((await badge(shown.agentId)).text);
    expect(others).toStrictEqual({});
    expect([iss, sub]).toEqual([service, shown.did]);
    expect(jti).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(nbf).toBe(iat);
    expect(exp! - nbf!).toBe(86_400);
    const { badge: content, ...subject } = vc.credentialSubject;
    expect(subject).toStrictEqual({ id: shown.did });
    expect(vc).toMatchObject({
      type: ["VerifiableCredential", "AgentBadge"],
      credentialSchema: { id: "https://schema.oasf.outshift.com/schema/1.0.0/objects/record", type: "JsonSchema" },
    });
    expect(vc["@context"][0]).toBe("https://www.w3.org/2018/credentials/v1");
    expect(JSON.parse(content)).toMatchObject({ schema_version: "1.0.0", name: `localhost:8787/${shown.agentId}` });
  });

  it("does not tell the agent's description, which its card does not tell either", async () => {
    const { text } = await badge(shown.agentId);
    expect(JSON.parse(decodeJwt<Body>(text).vc.credentialSubject.badge).description).toBe(
      "An agent of type screener. Its owner is talent-team.",
    );
  });

  it("an agent that is not public, for its organization, and not to be kept", async () => {
    const { status, headers, text } = await badge(hidden.agentId, organization.token);
    expect([status, headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    expect(decodeJwt(text).sub).toBe(hidden.did);
  });

  it("a public agent, for another organization", async () => {
    expect((await badge(shown.agentId, (await theOperator()).token)).status).toBe(200);
  });
});

describe("404, the same for all", () => {
  const told = async (agentId: string, token?: string) => {
    const { status, body } = await badge(agentId, token);
    return { status, body: { ...body, requestId: "" } };
  };
  const refused = {
    status: 404,
    body: {
      code: "AGENT_NOT_FOUND",
      message: "No active agent with this id is visible to you.",
      hint: "Check the id.",
      docs: "http://localhost:8787/errors#AGENT_NOT_FOUND",
      requestId: "",
    },
  };

  it("an id that never was", async () => {
    expect(await told(unknown)).toEqual(refused);
    expect(await told(unknown, organization.token)).toEqual(refused);
  });

  it("an agent that is not public, for anybody and for another organization", async () => {
    expect(await told(hidden.agentId)).toEqual(refused);
    expect(await told(hidden.agentId, (await theOperator()).token)).toEqual(refused);
  });

  it("a suspended agent, for its own organization too; reactivated, it has a badge again", async () => {
    const agent = await newAgent(organization.token, { isPublic: true });
    await change(agent.agentId, { status: "suspended" });
    expect(await told(agent.agentId)).toEqual(refused);
    expect(await told(agent.agentId, organization.token)).toEqual(refused);
    await change(agent.agentId, { status: "active" });
    expect((await badge(agent.agentId)).status).toBe(200);
  });

  it("a decommissioned agent", async () => {
    const agent = await newAgent(organization.token, { isPublic: true });
    await call(`/api/v1/agents/${agent.agentId}`, { token: organization.token, method: "DELETE" });
    expect(await told(agent.agentId, organization.token)).toEqual(refused);
  });

  it("a public agent of a suspended organization", async () => {
    const tenant = await newOrganization();
    const agent = await newAgent(tenant.token, { isPublic: true });
    const { token } = await theOperator();
    await call(`/api/v1/organizations/${tenant.organizationId}`, {
      token,
      method: "PATCH",
      json: { status: "suspended" },
    });
    expect(await told(agent.agentId)).toEqual(refused);
  });
});

it("400 for what is no id", async () => {
  const { status, body } = await badge("no-id");
  expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
});

it("401 with a token that is not valid, even where none is needed", async () => {
  const { status, body } = await badge(shown.agentId, "no.such.token");
  expect([status, body.code]).toEqual([401, "UNAUTHORIZED"]);
});

it("is no access token", async () => {
  const { text } = await badge(hidden.agentId, organization.token);
  expect((await call("/api/v1/agents", { token: text })).status).toBe(401);
  expect(decodeJwt(text).iss).not.toBe(issuer);
});

/** RFC 7523, RFC 8414, RFC 8693 and RFC 9449, in the words of their sections. */
import { calculateJwkThumbprint, decodeJwt, exportJWK } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchange } from "../identity/delegation/_parties.ts";
import {
  assertionOf,
  assertionType,
  leaveWorld,
  lent,
  newWorld,
  proofOf,
  things,
  type World,
  workloadGrant,
} from "../security/_presentable.ts";
import { call, issuer } from "../support/api.ts";

let world: World;

beforeAll(async () => {
  world = await newWorld();
});
afterAll(leaveWorld);

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe("JWT Profile for Client Authentication and Authorization Grants", () => {
  const present = async (claims: Record<string, unknown>, form: Record<string, string> = {}) => {
    const client_assertion = await assertionOf(world, claims);
    return call("/api/v1/token", {
      form: { grant_type: "client_credentials", client_assertion_type: assertionType, client_assertion, ...form },
      headers: { "CF-Connecting-IP": `192.0.2.${++source}` },
    });
  };
  let source = 0;

  it("RFC 7523 2.2: client_assertion_type is the one of JWT bearers", async () => {
    expect((await present({})).status).toBe(200);
    expect((await present({}, { client_assertion_type: "urn:example" })).body.error).toBe("invalid_request");
  });

  it("RFC 7523 3: iss and sub are the client, aud is the server, exp is there: each else is invalid_client", async () => {
    for (const claims of [
      { iss: undefined },
      { iss: "somebody" },
      { sub: undefined },
      { sub: crypto.randomUUID() },
      { aud: undefined },
      { aud: "https://as.example.com" },
      { exp: undefined },
      { exp: nowSeconds() - 120 },
      { nbf: nowSeconds() + 120 },
      { iat: nowSeconds() + 120 },
    ]) {
      const answer = await present(claims);
      expect([answer.status, answer.body.error], JSON.stringify(claims)).toEqual([401, "invalid_client"]);
    }
  });

  it("RFC 7523 3: an unreasonably far end is refused, and a jti counts once", async () => {
    expect((await present({ exp: nowSeconds() + 3600 })).status).toBe(401);
    const jti = crypto.randomUUID();
    expect((await present({ jti })).status).toBe(200);
    expect((await present({ jti })).status).toBe(401);
  });

  it("RFC 7523 2.1: as a grant, the assertion is that of the subject; client authentication is not needed", async () => {
    const assertion = await things["workload's token"](world);
    const answer = await call("/api/v1/token", {
      form: { grant_type: workloadGrant, assertion, client_id: world.workload.agentId },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(decodeJwt(answer.body.access_token).sub).toBe(world.workload.agentId);
  });

  it("RFC 7523 3.1: an assertion that does not hold is invalid_grant", async () => {
    const assertion = await world.other.sign({ aud: "https://as.example.com", sub: "a-workload" }, { typ: "JWT" });
    const form = { grant_type: workloadGrant, assertion, client_id: world.workload.agentId };
    expect((await call("/api/v1/token", { form })).body.error).toBe("invalid_grant");
  });
});

describe("OAuth 2.0 Authorization Server Metadata", () => {
  const read = async () => (await call("/.well-known/oauth-authorization-server")).body;

  it("RFC 8414 2: issuer, token_endpoint, jwks_uri and response_types_supported are there", async () => {
    const body = await read();
    expect(body.issuer).toBe(issuer);
    for (const member of ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"]) {
      expect(new URL(body[member]).origin).toBe(issuer);
    }
    expect(body.response_types_supported).toEqual(["none"]);
  });

  it("RFC 8414 2: the algorithms of assertions are there where private_key_jwt is, and none is not among them", async () => {
    const body = await read();
    for (const endpoint of ["token", "introspection", "revocation"]) {
      expect(body[`${endpoint}_endpoint_auth_methods_supported`]).toContain("private_key_jwt");
      const algs = body[`${endpoint}_endpoint_auth_signing_alg_values_supported`];
      expect(algs.length).toBeGreaterThan(0);
      expect(algs).not.toContain("none");
    }
  });

  it("RFC 8414 3.2: it is JSON, by GET, and has no member without a value", async () => {
    const { status, headers, body } = await call("/.well-known/oauth-authorization-server");
    expect([status, headers.get("Content-Type")]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    const empty = Object.entries(body).filter(([, value]) => value === null || value === "");
    expect(empty).toEqual([]);
  });

  it("RFC 8414 3.3: issuer is the one that the address was made of", async () => {
    expect((await read()).issuer).toBe(issuer);
  });
});

describe("OAuth 2.0 Token Exchange", () => {
  it("RFC 8693 2.1: subject_token and subject_token_type are required", async () => {
    for (const missing of ["subject_token", "subject_token_type"]) {
      expect((await exchange(world.delegatee, await lent(world), { [missing]: "" })).body.error).toBe(
        "invalid_request",
      );
    }
  });

  it("RFC 8693 2.1: actor_token_type must not come without actor_token", async () => {
    const answer = await exchange(world.delegatee, await lent(world), {
      actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
    });
    expect(answer.body.error).toBe("invalid_request");
  });

  it("RFC 8693 2.2.1: the answer has access_token, issued_token_type and token_type", async () => {
    const { status, body, headers } = await exchange(world.delegatee, await lent(world));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      access_token: expect.any(String),
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: expect.any(Number),
    });
    expect(headers.get("Cache-Control")).toBe("no-store");
  });

  it("RFC 8693 2.2.2: a subject_token that is no good is refused with 400", async () => {
    const answer = await exchange(world.delegatee, "nonsense");
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_grant"]);
  });

  it("RFC 8693 4.1: act names who acts, sub for whom", async () => {
    const { access_token } = (await exchange(world.delegatee, await lent(world))).body;
    const { sub, act, client_id } = decodeJwt(access_token);
    expect([sub, act, client_id]).toEqual([
      world.delegator.agentId,
      { sub: world.delegatee.agentId },
      world.delegatee.agentId,
    ]);
  });
});

describe("OAuth 2.0 Demonstrating Proof of Possession", () => {
  const bound = async () =>
    (
      await call("/api/v1/token", {
        basic: world.delegatee,
        form: { grant_type: "client_credentials" },
        headers: { DPoP: await proofOf(world) },
      })
    ).body;

  it("RFC 9449 5: token_type is DPoP, and the token is bound to the key of the proof", async () => {
    const { token_type, access_token } = await bound();
    expect(token_type).toBe("DPoP");
    const jkt = await calculateJwkThumbprint(await exportJWK(world.proofKey.publicKey));
    expect(decodeJwt(access_token).cnf).toEqual({ jkt });
  });

  it("RFC 9449 5.1: the metadata name the algorithms of proofs", async () => {
    const { body } = await call("/.well-known/oauth-authorization-server");
    expect(body.dpop_signing_alg_values_supported).toContain("ES256");
    expect(body.dpop_signing_alg_values_supported).not.toContain("none");
  });

  it("RFC 9449 6.1: a bound token is of no use as a bearer token", async () => {
    expect((await call("/agent-info", { token: (await bound()).access_token })).status).toBe(401);
  });

  it("RFC 9449 7.1: the challenge is DPoP, with the algorithms", async () => {
    const { access_token } = await bound();
    const { status, headers } = await call("/agent-info", { headers: { Authorization: `DPoP ${access_token}` } });
    expect(status).toBe(401);
    expect(headers.get("WWW-Authenticate")).toMatch(/^DPoP error="invalid_dpop_proof".*algs="ES256/);
  });
});

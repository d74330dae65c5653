/** POST /api/v1/keys/rotate, over HTTP. */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adminToken,
  type Body,
  call,
  demotedToken,
  issuer,
  newClient,
  newOrganization,
  theOperator,
  tokenFor,
} from "../support/api.ts";

const path = "/api/v1/keys/rotate";
const jwks = async () => (await call("/.well-known/jwks.json")).body;

const verifies = async (token: string) =>
  jwtVerify(token, createLocalJWKSet(await jwks()), { issuer, typ: "at+jwt" }).then(
    () => true,
    () => false,
  );

beforeAll(() => theOperator());

describe("200", () => {
  it("starts to sign with the next key, and tokens of the old one go on", async () => {
    const operator = await theOperator();
    const before = decodeProtectedHeader(operator.token).kid;
    const { status, body } = await call(path, { token: operator.token, method: "POST" });
    expect(status).toBe(200);
    expect(body.rotated).toBe(true);
    const states = body.keys.map(({ alg, state }: Body) => `${alg} ${state}`).sort();
    expect(states).toEqual([
      "ES256 current",
      "ES256 next",
      "ES256 previous",
      "RS256 current",
      "RS256 next",
      "RS256 previous",
    ]);
    for (const key of body.keys) expect(Object.keys(key).sort()).toEqual(["alg", "createdAt", "kid", "state"]);

    const current = body.keys.find(({ alg, state }: Body) => alg === "ES256" && state === "current").kid;
    const token = await adminToken(operator);
    expect(decodeProtectedHeader(token).kid).toBe(current);
    expect(current).not.toBe(before);
    for (const live of [operator.token, token]) {
      expect(await verifies(live)).toBe(true);
      expect((await call("/api/v1/agents", { token: live })).status).toBe(200);
    }
  });

  it("takes an empty object", async () => {
    const { token } = await theOperator();
    expect((await call(path, { token, json: {} })).status).toBe(200);
  });
});

describe("200 with compromised", () => {
  it("drops the key and every token that it signed, in every organization, at once; clients get new ones", async () => {
    const operator = await theOperator();
    const tenant = await newOrganization();
    const client = await newClient(tenant.token);
    const tokens = await Promise.all([adminToken(operator), adminToken(tenant), tokenFor(client)]);
    const [own = "", ...others] = tokens;
    const { kid } = decodeProtectedHeader(own);

    const { status, body } = await call(path, { token: own, json: { compromised: true } });
    expect(status).toBe(200);
    expect(body.keys.map((key: Body) => key.kid)).not.toContain(kid);
    expect((await jwks()).keys.map((key: Body) => key.kid)).not.toContain(kid);
    for (const token of [own, ...others]) {
      expect(await verifies(token)).toBe(false);
      const answer = await call("/api/v1/agents", { token });
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe("UNAUTHORIZED");
    }

    const fresh = await tokenFor(client);
    expect(decodeProtectedHeader(fresh).kid).not.toBe(kid);
    expect(await verifies(fresh)).toBe(true);
    expect((await call("/api/v1/agents", { token: fresh })).status).toBe(200);

    const audit = await call("/api/v1/audit?action=signing_key.compromised", { token: await adminToken(operator) });
    expect(audit.status).toBe(200);
    expect(audit.body.data.map(({ target }: Body) => target)).toContain(kid);
  });
});

describe("400", () => {
  it.each([
    ["an unknown field", { compromised: true, keys: [] }, "keys"],
    ["no boolean", { compromised: "yes" }, "compromised"],
  ])("%s", async (_, json, field) => {
    const token = await adminToken(await theOperator());
    const { status, body } = await call(path, { token, json });
    expect(status).toBe(400);
    expect(body.code).toBe("VALIDATION_ERROR");
    expect(body.details.issues.map((issue: Body) => issue.path)).toEqual([field]);
  });
});

describe("401 and 403", () => {
  it("401 without a token", async () => {
    const { status, body } = await call(path, { method: "POST" });
    expect(status).toBe(401);
    expect(body.code).toBe("UNAUTHORIZED");
  });

  it("403 without admin:orgs, which it names", async () => {
    const token = await tokenFor(await theOperator(), { scope: "agents:write" });
    const { status, body } = await call(path, { token, method: "POST" });
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: "FORBIDDEN", details: { requiredScope: "admin:orgs" } });
  });

  it("403 for an admin of another organization, and nothing is rotated", async () => {
    const { token } = await newOrganization();
    const before = await jwks();
    const { status, body } = await call(path, { token, json: { compromised: true } });
    expect(status).toBe(403);
    expect(body).toMatchObject({
      code: "FORBIDDEN",
      message: "Only an admin of the operator's organization may rotate the signing keys.",
    });
    expect(await jwks()).toEqual(before);
  });

  it("403 for an agent of the operator's organization that is no admin of it", async () => {
    const operator = await theOperator();
    const token = await demotedToken({ ...operator, token: await adminToken(operator) });
    const { status, body } = await call(path, { token, method: "POST" });
    expect(status).toBe(403);
    expect(body.code).toBe("FORBIDDEN");
  });
});

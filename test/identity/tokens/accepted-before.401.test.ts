/** What is remembered of a token is its signature, and nothing that may change. */
import { decodeJwt } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { adminToken, call, newClient, newOrganization, theOperator, tokenFor } from "../../support/api.ts";

const use = async (token: string) => (await call("/api/v1/agents", { token })).status;

let tenant: Awaited<ReturnType<typeof newOrganization>>;
let token: string;

beforeEach(async () => {
  tenant = await newOrganization();
  token = await tokenFor(await newClient(tenant.token));
  expect(await use(token)).toBe(200);
});

afterEach(() => {
  vi.useRealTimers();
});

it("a token that was accepted is refused from the second of its exp on (RFC 7519 4.1.4)", async () => {
  const { exp = 0 } = decodeJwt(token);
  vi.useFakeTimers({ toFake: ["Date"], now: exp * 1000 - 1 });
  expect(await use(token)).toBe(200);
  vi.setSystemTime(exp * 1000);
  expect(await use(token)).toBe(401);
});

it("a token that was accepted is refused once it is revoked (RFC 7009 2)", async () => {
  const revoked = await call("/api/v1/token/revoke", { token: tenant.token, form: { token } });
  expect(revoked.status).toBe(200);
  expect(await use(token)).toBe(401);
});

it("a token that was accepted is refused once its key is dropped", async () => {
  const operator = await theOperator();
  const own = await adminToken(operator);
  const dropped = await call("/api/v1/keys/rotate", { token: own, json: { compromised: true } });
  expect(dropped.status).toBe(200);
  expect(await use(token)).toBe(401);
  expect(await use(own)).toBe(401);
});

it("another signature under the same header and claims is refused (RFC 7515 5.2)", async () => {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const other = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  expect(await use(`${header}.${claims}.${other}`)).toBe(401);
  expect(await use(token)).toBe(200);
});

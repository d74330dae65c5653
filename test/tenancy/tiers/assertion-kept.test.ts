/** What a client signs in with once is not used up by a request that a limit put off: Retry-After would be no help otherwise. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { call, issuer, newAgent } from "../../support/api.ts";
import { holdClock, limitedOrganization, pass, presetRate, tomorrowAt } from "./_support.ts";

beforeEach(() => holdClock(tomorrowAt("10:00:00.000")));
afterEach(() => {
  vi.useRealTimers();
});

it("an assertion that met a limit is good once the wait is over, and then never again", async () => {
  const organization = await limitedOrganization();
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const { agentId } = await newAgent(organization.token, { publicKeyJwk: { kty, crv, x, y } });
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: agentId, sub: agentId, aud: issuer, jti: "once", iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: "ES256" })
    .sign(privateKey);
  const signIn = () =>
    call("/api/v1/token", {
      form: {
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      },
    });

  await presetRate(organization, 0);
  const putOff = await signIn();
  expect(putOff.status).toBe(429);
  pass(Number(putOff.headers.get("Retry-After")) * 1_000);
  expect((await signIn()).status).toBe(200);
  pass(1_000);
  expect((await signIn()).body.error).toBe("invalid_client");
});

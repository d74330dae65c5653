/** The service's DID document. */
import { expect, it } from "vitest";
import { type Body, call, issuer, theOperator } from "../../support/api.ts";

const did = "did:web:localhost%3A8787";

it("GET /.well-known/did.json: the published keys, which speak for the service, and its endpoints", async () => {
  const { keys } = (await call("/.well-known/jwks.json")).body;
  const { status, body } = await call("/.well-known/did.json");
  expect(status).toBe(200);
  const verificationMethod = keys.map((publicKeyJwk: Body) => ({
    id: `${did}#${publicKeyJwk.kid}`,
    type: "JsonWebKey2020",
    controller: did,
    publicKeyJwk,
  }));
  expect(body).toStrictEqual({
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
    id: did,
    controller: did,
    verificationMethod,
    assertionMethod: verificationMethod.map(({ id }: Body) => id),
    service: [
      { id: `${did}#token-endpoint`, type: "OAuth2TokenEndpoint", serviceEndpoint: `${issuer}/api/v1/token` },
      {
        id: `${did}#openid-configuration`,
        type: "OpenIDConfiguration",
        serviceEndpoint: `${issuer}/.well-known/openid-configuration`,
      },
      { id: `${did}#agentidp`, type: "AgentIdP", serviceEndpoint: `${issuer}/api/v1` },
    ],
  });
});

it("may be kept by anybody for a minute, and read by scripts of any origin", async () => {
  const { headers } = await call("/.well-known/did.json", { headers: { Origin: "https://app.example" } });
  expect(headers.get("Content-Type")).toBe("application/did+json");
  expect(headers.get("Cache-Control")).toBe("public, max-age=60");
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  const again = await call("/.well-known/did.json", { headers: { "If-None-Match": headers.get("ETag")! } });
  expect(again.status).toBe(304);
});

it("loses a compromised key at once, and has another tag", async () => {
  const { token } = await theOperator();
  const before = await call("/.well-known/did.json");
  const rotated = await call("/api/v1/keys/rotate", { token, json: { compromised: true } });
  expect(rotated.status, rotated.text).toBe(200);
  const after = await call("/.well-known/did.json", { headers: { "If-None-Match": before.headers.get("ETag")! } });
  expect(after.status).toBe(200);
  const kids = rotated.body.keys.map(({ kid }: Body) => `${did}#${kid}`);
  expect(after.body.assertionMethod).toStrictEqual(kids);
  expect(before.body.assertionMethod.filter((id: string) => !kids.includes(id))).toHaveLength(2);
});

import { base64url, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type ServiceDidDocument, verifyBadge } from "../src/screens/agent/verify-badge.ts";

const service = "did:web:idp.example.com";
const agent = `${service}:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b0007`;
const kid = `${service}#key-of-today`;
const nowMs = Date.UTC(2026, 10, 30, 12);
const nowSeconds = nowMs / 1000;

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let document: ServiceDidDocument;

beforeAll(async () => {
  keys = await generateKeyPair("ES256", { extractable: true });
  const publicKeyJwk = (await exportJWK(keys.publicKey)) as JsonWebKey;
  document = { id: service, assertionMethod: [kid], verificationMethod: [{ id: kid, publicKeyJwk }] };
});

const claims = (fields: JWTPayload = {}): JWTPayload => ({
  iss: service,
  sub: agent,
  nbf: nowSeconds - 60,
  exp: nowSeconds + 86_340,
  vc: { type: ["VerifiableCredential", "AgentBadge"] },
  ...fields,
});

/** Signed by jose, which shares no code with what is tested. */
const signed = (payload: JWTPayload, header: Record<string, string> = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: "ES256", typ: "JWT", kid, ...header }).sign(keys.privateKey);

const refusedChecks = async (jwt: string, at = document) =>
  (await verifyBadge(jwt, at, agent, nowMs)).checks.filter(({ isMet }) => !isMet).map(({ label }) => label);

describe("a badge", () => {
  it("of this service about this agent is verified", async () => {
    const badge = await verifyBadge(await signed(claims()), document, agent, nowMs);
    expect(badge).toMatchObject({ isVerified: true, expiresAt: "2026-12-01T11:59:00.000Z" });
    expect(badge.checks).toHaveLength(5);
  });

  const signature = "Signed by a key of the service";

  it("is not when a character of its content or signature is another one", async () => {
    const jwt = await signed(claims());
    const [header, payload, mark = ""] = jwt.split(".");
    const other = base64url.encode(JSON.stringify(claims({ jti: "other" })));
    expect(await refusedChecks(`${header}.${other}.${mark}`)).toEqual([signature]);
    const turned = `${mark.startsWith("A") ? "B" : "A"}${mark.slice(1)}`;
    expect(await refusedChecks(`${header}.${payload}.${turned}`)).toEqual([signature]);
    expect(await refusedChecks(`${jwt}.`)).toEqual([signature]);
  });

  it("is not by a key that the document does not have, or has for something else", async () => {
    const jwt = await signed(claims(), { kid: `${service}#another` });
    expect(await refusedChecks(jwt)).toEqual([signature]);
    expect(await refusedChecks(await signed(claims()), { ...document, assertionMethod: [] })).toEqual([signature]);
  });

  it("is not with `alg: none`, whatever its signature is", async () => {
    const [, payload] = (await signed(claims())).split(".");
    const header = base64url.encode(JSON.stringify({ alg: "none", kid }));
    expect(await refusedChecks(`${header}.${payload}.`)).toEqual([signature]);
  });

  it.each([
    ["Issued by the service", { iss: "did:web:evil.example" }],
    ["About this agent", { sub: `${service}:agents:another` }],
    ["An agent badge", { vc: { type: ["VerifiableCredential"] } }],
    ["Valid now", { exp: nowSeconds }],
    ["Valid now", { nbf: nowSeconds + 61 }],
    ["Valid now", { exp: undefined }],
  ] as const)("is not unless: %s", async (label, fields) => {
    expect(await refusedChecks(await signed(claims(fields as unknown as JWTPayload)))).toEqual([label]);
  });

  it("that is no JWT at all is not, and breaks nothing", async () => {
    for (const text of ["", "...", "a.b.c", "%.%.%", "{}"]) {
      expect((await verifyBadge(text, document, agent, nowMs)).isVerified).toBe(false);
    }
  });
});

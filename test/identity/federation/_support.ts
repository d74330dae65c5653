/** Partners, and another identity provider that answers in place of the Internet. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { expect, vi } from "vitest";
import { type Answer, type Body, call, unique } from "../../support/api.ts";

export const partnersPath = "/api/v1/federation/partners";
export const pathOf = ({ partnerId }: { partnerId: string }) => `${partnersPath}/${partnerId}`;

/** The least that makes a partner. */
export const partnerFields = (fields: Record<string, unknown> = {}) => ({
  name: "Acme",
  issuer: `https://${unique("idp")}.acme.example`,
  ...fields,
});

export const trust = (token: string, fields: Record<string, unknown> = {}): Promise<Answer> =>
  call("/api/v1/federation/trust", { token, json: partnerFields(fields) });

/** Makes a partner; answers with its wire form. */
export async function newPartner(token: string, fields: Record<string, unknown> = {}): Promise<Body> {
  const answer = await trust(token, fields);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** The events of one action in the caller's audit log, oldest first. */
export async function eventsOf(token: string, action: string): Promise<Body[]> {
  const answer = await call(`/api/v1/audit?limit=100&action=${action}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.toReversed();
}

/** The audience of the tokens of {@link Issuer}, unless a test names another. */
export const api = "https://api.example";

export const verify = (token: string, presented: string, audience?: string): Promise<Answer> =>
  call("/api/v1/federation/verify", { token, json: { token: presented, audience } });

export interface SigningPair {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

export async function newKey(kid: string, alg = "ES256"): Promise<SigningPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" }, privateKey };
}

/** Claims as a test wants them, wrong types included; one of `undefined` is left out. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Issuer {
  readonly issuer: string;
  readonly key: SigningPair;
  /** What it publishes; null: it is down. */
  keys: JWK[] | null;
  /** How often anything was asked of it. */
  requests: number;
  /** Signs an access token. */
  sign(claims?: Claims, header?: Record<string, unknown>, key?: SigningPair): Promise<string>;
}

const issuers = new Map<string, Issuer>();

/** Puts the issuers of this file in the place of the Internet. Anything else is unreachable. */
export function serveIssuers(): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { origin, pathname } = new URL(String(input));
    const known = issuers.get(origin);
    if (known) known.requests++;
    if (!known?.keys) throw new TypeError("Network connection lost.");
    const documents: Record<string, unknown> = {
      "/.well-known/openid-configuration": { issuer: known.issuer, jwks_uri: `${origin}/keys` },
      "/keys": { keys: known.keys },
    };
    const document = documents[pathname];
    return document === undefined ? new Response("Not found", { status: 404 }) : Response.json(document);
  });
}

/** Another identity provider, with a key of its own. */
export async function newIssuer(issuer = `https://${unique("issuer")}.example`): Promise<Issuer> {
  const key = await newKey("k1");
  const made: Issuer = {
    issuer,
    key,
    keys: [key.jwk],
    requests: 0,
    sign: (claims = {}, header = {}, by = key) => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const all: Claims = {
        iss: issuer,
        sub: "agent-7",
        client_id: "agent-7",
        aud: api,
        organization_id: "their-organization",
        scope: "resume:read resume:write",
        iat: nowSeconds,
        exp: nowSeconds + 600,
        ...claims,
      };
      const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(present)
        .setProtectedHeader({ alg: by.jwk.alg ?? "ES256", typ: "at+jwt", kid: by.jwk.kid ?? "", ...header })
        .sign(by.privateKey);
    },
  };
  issuers.set(issuer, made);
  return made;
}

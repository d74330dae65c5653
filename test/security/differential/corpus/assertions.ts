/** Client assertions (RFC 7523), and what can be wrong with them. */
import { generateKeyPair } from "jose";
import { type Case, formOf, type Pairs, tokenRequest } from "../_case.ts";
import { assertionOf, type Party, secondsFromNow } from "../_parties.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const signIn = (party: Party, assertion: string, form: Pairs = {}) =>
  tokenRequest(party, {
    authorization: null,
    form: { client_assertion_type: assertionType, client_assertion: assertion, ...form },
  });

const wrong = (
  name: string,
  claims: (party: Party) => Record<string, unknown>,
  header: Record<string, unknown> = {},
): Case => ({
  name,
  requests: async (party) => [signIn(party, await assertionOf(party, claims(party), header))],
});

const odd = (name: string, assertion: (party: Party) => Promise<string> | string): Case => ({
  name,
  requests: async (party) => [signIn(party, await assertion(party))],
});

const withForm = (name: string, form: (party: Party) => Pairs): Case => ({
  name,
  requests: async (party) => [signIn(party, await assertionOf(party), form(party))],
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The assertion with its header replaced, signature and all. */
async function underHeader(party: Party, header: Record<string, unknown>, signature?: string): Promise<string> {
  const [, payload, signed] = (await assertionOf(party)).split(".");
  return [part(header), payload, signature ?? signed].join(".");
}

const claims: readonly Case[] = [
  wrong("RFC 7523 2.2: an assertion in order", () => ({})),
  wrong("RFC 7523 3: aud is the token endpoint", ({ issuer, token }) => ({ aud: `${issuer}${token}` })),
  wrong("RFC 7523 3: aud is a list with the issuer alone", ({ issuer }) => ({ aud: [issuer] })),
  wrong("RFC 7523 3: aud is a list with the issuer and another", ({ issuer }) => ({
    aud: [issuer, "https://other.example"],
  })),
  wrong("RFC 7523 3: aud is another server", () => ({ aud: "https://other.example" })),
  wrong("RFC 7523 3: aud is the issuer with a slash", ({ issuer }) => ({ aud: `${issuer}/` })),
  wrong("RFC 7523 3: aud is empty", () => ({ aud: "" })),
  wrong("RFC 7523 3: aud is a number", () => ({ aud: 1 })),
  wrong("RFC 7523 3: no aud", () => ({ aud: undefined })),
  wrong("RFC 7523 3: no iss", () => ({ iss: undefined })),
  wrong("RFC 7523 3: iss is another client", ({ client }) => ({ iss: client.id })),
  wrong("RFC 7523 3: no sub", () => ({ sub: undefined })),
  wrong("RFC 7523 3: sub is another client", ({ client }) => ({ sub: client.id })),
  wrong("RFC 7523 3: sub is an unknown client", () => ({ sub: "nobody" })),
  wrong("RFC 7523 3: sub and iss are an unknown client", () => ({ sub: "nobody", iss: "nobody" })),
  wrong("RFC 7523 3: sub is a list", ({ keyClient }) => ({ sub: [keyClient.id] })),
  wrong("RFC 7523 3: no exp", () => ({ exp: undefined })),
  wrong("RFC 7523 3: exp is a text", () => ({ exp: String(secondsFromNow(60)) })),
  wrong("RFC 7523 3: expired two minutes ago", () => ({ iat: secondsFromNow(-180), exp: secondsFromNow(-120) })),
  wrong("RFC 7523 3: exp in a year", () => ({ exp: secondsFromNow(365 * 86_400) })),
  wrong("RFC 7523 3: exp is 1e300", () => ({ exp: 1e300 })),
  wrong("RFC 7523 3: nbf in an hour", () => ({ nbf: secondsFromNow(3600), exp: secondsFromNow(3660) })),
  wrong("RFC 7523 3: nbf is a text", () => ({ nbf: "now" })),
  wrong("RFC 7523 3: iat in an hour", () => ({ iat: secondsFromNow(3600), exp: secondsFromNow(3660) })),
  wrong("RFC 7523 3: iat is a text", () => ({ iat: "now" })),
  wrong("RFC 7523 3: no iat", () => ({ iat: undefined })),
  wrong("OpenID Connect Core 9: no jti", () => ({ jti: undefined })),
  wrong("OpenID Connect Core 9: an empty jti", () => ({ jti: "" })),
  wrong("OpenID Connect Core 9: jti is a number", () => ({ jti: 7 })),
  {
    name: "RFC 7523 3: the same assertion twice",
    requests: async (party) => {
      const assertion = await assertionOf(party);
      return [signIn(party, assertion), signIn(party, assertion)];
    },
  },
  {
    name: "RFC 7523 3: another assertion with the same jti",
    requests: async (party) => {
      const jti = crypto.randomUUID();
      return [
        signIn(party, await assertionOf(party, { jti })),
        signIn(party, await assertionOf(party, { jti, exp: secondsFromNow(90) })),
      ];
    },
  },
];

const headers: readonly Case[] = [
  wrong("RFC 7515 4.1.4: the kid of the key", () => ({}), { kid: "of-the-client" }),
  wrong("RFC 7515 4.1.4: an unknown kid", () => ({}), { kid: "unknown" }),
  wrong("RFC 7515 4.1.4: a kid with a path", () => ({}), { kid: "../../etc/passwd" }),
  wrong("RFC 8725 3.11: typ JWT", () => ({}), { typ: "JWT" }),
  wrong("RFC 8725 3.11: typ client-authentication+jwt", () => ({}), { typ: "client-authentication+jwt" }),
  wrong("RFC 8725 3.11: typ of an access token", () => ({}), { typ: "at+jwt" }),
  wrong("RFC 8725 3.11: typ of a DPoP proof", () => ({}), { typ: "dpop+jwt" }),
  wrong("RFC 7515 4.1.3: a key in the header", () => ({}), { jwk: { kty: "EC" } }),
  odd("RFC 7515 4.1.11: an unknown critical member", (party) =>
    underHeader(party, { alg: "ES256", crit: ["exp-2"], "exp-2": 1 }),
  ),
  odd("RFC 8725 3.1: alg none", (party) => underHeader(party, { alg: "none" }, "")),
  odd("RFC 8725 3.1: alg NONE", (party) => underHeader(party, { alg: "NONE" }, "")),
  odd("RFC 8725 3.1: alg none, and a signature", (party) => underHeader(party, { alg: "none" })),
  odd("RFC 8725 3.1: alg HS256", (party) => assertionOf(party, {}, { alg: "HS256" }, new Uint8Array(32))),
  odd("RFC 8725 3.1: another key's algorithm", async (party) =>
    assertionOf(party, {}, { alg: "RS256" }, (await generateKeyPair("RS256")).privateKey),
  ),
  odd("RFC 7515 5.2: another key", async (party) =>
    assertionOf(party, {}, {}, (await generateKeyPair("ES256")).privateKey),
  ),
  odd("RFC 7515 4.1.1: no alg", (party) => underHeader(party, { typ: "JWT" })),
  odd("RFC 7515 4.1.1: alg is a number", (party) => underHeader(party, { alg: 256 })),
];

const forms: readonly Case[] = [
  odd("RFC 7515 7.1: an empty assertion", () => ""),
  odd("RFC 7515 7.1: a word", () => "assertion"),
  odd("RFC 7515 7.1: three letters", () => "a.b.c"),
  odd("RFC 7515 7.1: two parts", async (party) => (await assertionOf(party)).split(".").slice(0, 2).join(".")),
  odd("RFC 7515 7.1: four parts", async (party) => `${await assertionOf(party)}.a`),
  odd("RFC 7515 7.1: five parts", async (party) => `${await assertionOf(party)}.a.b`),
  odd("RFC 7515 7.1: a signature cut short", async (party) => (await assertionOf(party)).slice(0, -4)),
  odd("RFC 7515 7.1: padding", async (party) => `${await assertionOf(party)}==`),
  odd("RFC 7519 7.2: claims that are a list", async (party) => {
    const [header, , signature] = (await assertionOf(party)).split(".");
    return [header, part([]), signature].join(".");
  }),
  odd("RFC 7519 7.2: claims that are null", async (party) => {
    const [header, , signature] = (await assertionOf(party)).split(".");
    return [header, part(null), signature].join(".");
  }),
  odd("RFC 7519 7.2: claims that are no JSON", async (party) => {
    const [header, , signature] = (await assertionOf(party)).split(".");
    return [header, Buffer.from("{").toString("base64url"), signature].join(".");
  }),
  withForm("RFC 7521 4.2: an empty client_assertion_type", () => ({ client_assertion_type: "" })),
  withForm("RFC 7521 4.2: another client_assertion_type", () => ({ client_assertion_type: "urn:example" })),
  withForm("RFC 7521 4.2: the SAML client_assertion_type", () => ({
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
  })),
  withForm("RFC 7521 4.2: the same client_id beside", ({ keyClient }) => ({ client_id: keyClient.id })),
  withForm("RFC 7521 4.2: another client_id beside", ({ client }) => ({ client_id: client.id })),
  withForm("RFC 7521 4.2: a client_secret beside", () => ({ client_secret: "x" })),
  {
    name: "RFC 7521 4.2: no client_assertion_type",
    requests: async (party) => {
      const form = { client_assertion: await assertionOf(party) };
      return [tokenRequest(party, { authorization: null, form })];
    },
  },
  {
    name: "RFC 7521 4.2: client_assertion_type alone",
    requests: (party) => [tokenRequest(party, { authorization: null, form: { client_assertion_type: assertionType } })],
  },
  {
    name: "RFC 6749 3.2: client_assertion twice",
    requests: async (party) => {
      const body = formOf({
        grant_type: "client_credentials",
        client_assertion_type: assertionType,
        client_assertion: [await assertionOf(party), await assertionOf(party)],
      });
      return [{ ...tokenRequest(party, { authorization: null }), body }];
    },
  },
];

export const assertionCases: readonly Case[] = [...claims, ...headers, ...forms];

/** DPoP proofs (RFC 9449) at the token endpoint, and what can be wrong with them. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { type Case, formType, tokenRequest } from "../_case.ts";
import { type Party, secondsFromNow } from "../_parties.ts";

interface Made {
  readonly claims?: (party: Party) => Record<string, unknown>;
  readonly header?: (jwk: JWK) => Record<string, unknown>;
  readonly change?: (proof: string) => string;
  readonly alg?: string;
}

async function proofOf(party: Party, { claims, header, change, alg = "ES256" }: Made): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const usual = {
    jti: crypto.randomUUID(),
    htm: "POST",
    htu: `${party.issuer}${party.token}`,
    iat: secondsFromNow(0),
  };
  const payload = JSON.parse(JSON.stringify({ ...usual, ...claims?.(party) }));
  const given = header?.(jwk) ?? {};
  const protectedHeader = JSON.parse(JSON.stringify({ alg, typ: "dpop+jwt", jwk, ...given }));
  const proof = await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(privateKey);
  return change?.(proof) ?? proof;
}

const withProof = (party: Party, ...proofs: readonly string[]) =>
  tokenRequest(party, { headers: [formType, ...proofs.map((proof) => ["DPoP", proof] as const)] });

const one = (name: string, made: Made = {}): Case => ({
  name,
  requests: async (party) => [withProof(party, await proofOf(party, made))],
});

const htu = (name: string, of: (endpoint: string) => unknown): Case =>
  one(name, { claims: ({ issuer, token }) => ({ htu: of(`${issuer}${token}`) }) });

export const proofCases: readonly Case[] = [
  one("RFC 9449 5: a proof in order"),
  one("RFC 9449 5: a proof in order by Ed25519", { alg: "Ed25519" }),
  one("RFC 9449 4.3: htm is GET", { claims: () => ({ htm: "GET" }) }),
  one("RFC 9449 4.3: htm in lower case", { claims: () => ({ htm: "post" }) }),
  one("RFC 9449 4.3: no htm", { claims: () => ({ htm: undefined }) }),
  one("RFC 9449 4.3: no htu", { claims: () => ({ htu: undefined }) }),
  htu("RFC 9449 4.3: htu with a query and a fragment", (endpoint) => `${endpoint}?a=b#c`),
  htu("RFC 9449 4.3: htu is another path", (endpoint) => `${endpoint}/x`),
  htu("RFC 9449 4.3: htu with a slash after", (endpoint) => `${endpoint}/`),
  htu("RFC 9449 4.3: htu is another host", () => "https://other.example/token"),
  htu("RFC 9449 4.3: htu with scheme and host in upper case", (endpoint) =>
    endpoint.replace("http://localhost", "HTTP://LOCALHOST"),
  ),
  htu("RFC 9449 4.3: htu with a dot segment", (endpoint) => endpoint.replace(/\/token$/, "/./a/../token")),
  htu("RFC 9449 4.3: htu with credentials", (endpoint) => endpoint.replace("http://", "http://user:word@")),
  htu("RFC 9449 4.3: htu is a path", (endpoint) => new URL(endpoint).pathname),
  htu("RFC 9449 4.3: htu is a list", (endpoint) => [endpoint]),
  htu("RFC 9449 4.3: htu is empty", () => ""),
  htu("RFC 9449 4.3: htu over https", (endpoint) => endpoint.replace("http:", "https:")),
  one("RFC 9449 4.3: no jti", { claims: () => ({ jti: undefined }) }),
  one("RFC 9449 4.3: an empty jti", { claims: () => ({ jti: "" }) }),
  one("RFC 9449 4.3: jti is a number", { claims: () => ({ jti: 7 }) }),
  one("RFC 9449 4.3: no iat", { claims: () => ({ iat: undefined }) }),
  one("RFC 9449 4.3: iat is a text", { claims: () => ({ iat: "now" }) }),
  one("RFC 9449 4.3: iat ten minutes ago", { claims: () => ({ iat: secondsFromNow(-600) }) }),
  one("RFC 9449 4.3: iat in ten minutes", { claims: () => ({ iat: secondsFromNow(600) }) }),
  one("RFC 9449 4.3: expired", { claims: () => ({ exp: secondsFromNow(-600) }) }),
  one("RFC 9449 4.3: not yet valid", { claims: () => ({ nbf: secondsFromNow(600) }) }),
  one("RFC 9449 8: a nonce that the server never gave", { claims: () => ({ nonce: "made-up" }) }),
  one("RFC 9449 4.2: typ JWT", { header: () => ({ typ: "JWT" }) }),
  one("RFC 9449 4.2: no typ", { header: () => ({ typ: undefined }) }),
  one("RFC 7515 4.1.9: typ with application/", { header: () => ({ typ: "application/dpop+jwt" }) }),
  one("RFC 9449 4.2: no key", { header: () => ({ jwk: undefined }) }),
  one("RFC 9449 4.2: a key of another kind", { header: () => ({ jwk: { kty: "oct", k: "AAAA" } }) }),
  one("RFC 9449 4.3: a private key", { header: (jwk) => ({ jwk: { ...jwk, d: jwk.x } }) }),
  one("RFC 9449 4.3: another key", {
    header: () => ({
      jwk: {
        kty: "EC",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    }),
  }),
  one("RFC 9449 4.3: a point that is not on the curve", { header: (jwk) => ({ jwk: { ...jwk, y: jwk.x } }) }),
  one("RFC 9449 4.3: not a JWT", { change: () => "proof" }),
  one("RFC 9449 4.3: an empty header is none", { change: () => "" }),
  one("RFC 9449 4.3: a signature cut short", { change: (proof) => proof.slice(0, -4) }),
  one("RFC 9449 4.3: two parts", { change: (proof) => proof.split(".").slice(0, 2).join(".") }),
  {
    name: "RFC 9449 4.3: two DPoP headers",
    requests: async (party) => [withProof(party, await proofOf(party, {}), await proofOf(party, {}))],
  },
  {
    name: "RFC 9449 11.1: the same proof twice",
    requests: async (party) => {
      const proof = await proofOf(party, {});
      return [withProof(party, proof), withProof(party, proof)];
    },
  },
];

/** Another identity provider, in place of the Internet. */
import { type JWTPayload, SignJWT } from "jose";
import { newKey } from "../../identity/federation/_support.ts";
import { unique } from "../../support/api.ts";
import { connect, type Internet } from "./faults.ts";

const answers = new Map<string, Internet>();

/** Answers at an origin from now on. */
export function serve(origin: string, answer: Internet): void {
  answers.set(origin, answer);
  connect((url, init) => {
    const known = answers.get(url.origin);
    if (!known) throw new TypeError("Network connection lost.");
    return known(url, init);
  });
}

/** An issuer with one key, which nobody has asked for yet. */
export async function newIssuer() {
  const issuer = `https://${unique("issuer")}.example`;
  const { jwk, privateKey } = await newKey("k1");
  serve(issuer, ({ pathname }) => {
    if (pathname === "/keys") return Response.json({ keys: [jwk] });
    if (pathname !== "/.well-known/openid-configuration") return new Response(null, { status: 404 });
    return Response.json({ issuer, jwks_uri: `${issuer}/keys` });
  });
  const sign = (typ: string, claims: JWTPayload) =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: "ES256", typ, kid: "k1" })
      .setIssuedAt()
      .setExpirationTime("10m")
      .sign(privateKey);
  return { issuer, sign };
}

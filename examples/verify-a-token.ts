/**
 * The checks of an access token in your API, with jose and the published keys. It calls the service only for the keys, and
 * caches them. A revoked token is accepted until it expires. Where that matters, introspect it (RFC 7662).
 *
 * Settings: AGENTIDP_API_URL; AUDIENCE, your API, the `resource` of the token request; SCOPE, required by the call; TOKEN.
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { setting } from "./settings.ts";

const issuer = setting("AGENTIDP_API_URL");
const audience = setting("AUDIENCE");
/** One for the process: it caches the keys and fetches them again for a new `kid`. */
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", issuer));

/** The claims of a token that this API accepts for the scope. Throws a `JOSEError` otherwise. */
export async function verifyAccessToken(token: string, scope: string): Promise<JWTPayload> {
  const { payload } = await jwtVerify<{ scope?: string; cnf?: unknown }>(token, keys, {
    issuer,
    audience, // Your API only.
    typ: "at+jwt", // RFC 9068 4: an id_token is not an access token.
    algorithms: ["ES256"], // RFC 8725 3.1: the verifier decides on the algorithm, not the token.
    requiredClaims: ["sub", "exp", "scope"],
  });
  if (payload.aud !== audience) throw new errors.JOSEError("the token is for several APIs");
  // RFC 9449 7.2: a token that is bound to a key is refused without a proof, which this example does not check.
  if (payload.cnf !== undefined) throw new errors.JOSEError("the token is bound to a key (DPoP)");
  if (!payload.scope?.split(" ").includes(scope)) throw new errors.JOSEError(`the scope ${scope} is missing`);
  return payload;
}

const scope = setting("SCOPE");
try {
  const { sub } = await verifyAccessToken(setting("TOKEN"), scope);
  console.log(`Accepted: agent ${sub} has the scope ${scope}.`);
} catch (error) {
  // Another error is not a fault of the token: the keys could not be fetched, for example.
  if (!(error instanceof errors.JOSEError)) throw error;
  console.log(`Refused: ${error.message}`);
  process.exitCode = 1;
}

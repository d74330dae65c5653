/** The client of SentryAgent AgentIdP. */

export type { AssertionKey, JWK, SignCallback, WebCryptoKey } from "./assertion.ts";
export type { Following, FollowOptions } from "./audit.ts";
export { type Answered, Call, type RateLimit } from "./call.ts";
export { AgentIdPClient, newTokenManager, type RawRequest, setUp } from "./client.ts";
export type { Clock } from "./clock.ts";
export {
  AccessToken,
  type AnyCredentials,
  ClientSecret,
  None,
  type PrivateKey,
  PrivateKeyJwt,
  WorkloadToken,
} from "./credentials.ts";
export { Download } from "./download.ts";
export { AgentIdPError, type ErrorKind, type Issue } from "./errors.ts";
export { ErrorCode } from "./generated/codes.ts";
export type * from "./generated/models.ts";
/** The body of `tokens.exchangeWorkload`. */
export type { WorkloadToken as WorkloadTokenRequest } from "./generated/models.ts";
export { Pages } from "./pages.ts";
export type { Lending, MetricsOptions, TokenOptions, ValidDelegation } from "./parts.ts";
export type { ProofKey, ProofRequest } from "./proof.ts";
export { Secret } from "./secret.ts";
export type { StoredToken, Token, TokenManager, TokenStore, Wanted } from "./token-manager.ts";
export type { CallOptions, ClientOptions, ConditionalOptions, RequestEvent, ResponseEvent, Tagged } from "./types.ts";
export { version } from "./version.ts";

/** Verifies tokens of the service: offline with its published keys, or by asking it. */
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  EmbeddedJWK,
  errors,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { base64url } from "./assertion.ts";
import { unverifiedClaims } from "./claims.ts";
import type { AgentIdPClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DidKeys } from "./did-keys.ts";
import { AgentIdPError, checkedScopes, checkedText } from "./errors.ts";
import type { Introspection } from "./generated/models.ts";
import { fetchDocument, type Key, PublishedKeys } from "./published-keys.ts";
import { exposed, type Secret } from "./secret.ts";
import { baseUrl } from "./url.ts";

/** What a verifier accepts. */
export interface VerifierOptions {
  /** The URL of the service, exactly as it is in `iss`. */
  readonly issuer: string;
  /** Your API: what the token must be for, and for nothing else. */
  readonly audience: string;
  readonly requiredScopes?: readonly string[] | undefined;
  /** Only tokens by which this agent acts for another one. */
  readonly requiredActor?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly clock?: Clock | undefined;
}

/** The request that a token came with, for tokens that are bound to a key. */
export interface ProvenRequest {
  readonly method: string;
  /** As the caller sees it: behind a proxy, the public URL. */
  readonly url: string;
  /** The `DPoP` header. */
  readonly proof: string;
}

/** A verified access token. */
export interface VerifiedToken {
  readonly agentId: string;
  readonly organizationId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
  readonly tokenId: string;
  /** The agent that acts for `agentId`, by a delegation. */
  readonly actor: string | undefined;
  readonly delegationChainId: string | undefined;
  /** The thumbprint of the key that the token is bound to. */
  readonly confirmation: string | undefined;
  readonly claims: JWTPayload;
}

const skewSeconds = 60;
/** Replayed proofs are found among this many. */
const mostProofs = 10_000;

const refuse = (message: string, code = "TOKEN_NOT_VALID", cause?: unknown): AgentIdPError =>
  new AgentIdPError("Auth", message, { code, cause });

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** A request without a token is refused like one with a wrong one. */
function tokenText(token: Secret | string): string {
  try {
    return exposed(token);
  } catch {
    throw refuse("There is no token.");
  }
}

/** A header that names or holds another key is an attack (RFC 8725 3.10). */
function kidOf(token: string): string {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw refuse("The token is no JWT.");
  }
  if ("jwk" in header || "jku" in header || "x5u" in header || "x5c" in header)
    throw refuse("The token brings its own key.");
  if (typeof header.kid !== "string") throw refuse("The token names no key.");
  return header.kid;
}

/**
 * Verifies access tokens of one API. Make one for the whole program: it keeps the keys.
 *
 * @example
 * ```ts
 * const verifier = new TokenVerifier({ issuer: "https://idp.example.com", audience: "https://api.example.com" });
 * const { agentId, scopes } = await verifier.verify(token);
 * ```
 */
export class TokenVerifier {
  readonly #options: VerifierOptions;
  readonly #clock: Clock;
  readonly #fetch: typeof globalThis.fetch;
  readonly #base: string;
  readonly #keys: PublishedKeys;
  readonly #didKeys: DidKeys;
  readonly #proofs = new Map<string, number>();

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#base = baseUrl(options.issuer);
    checkedText("audience", options.audience);
    checkedScopes(options.requiredScopes);
    this.#keys = new PublishedKeys(() => this.#published(), this.#clock);
    this.#didKeys = new DidKeys(this.#base, this.#fetch, this.#clock);
  }

  async #published() {
    const { value: metadata } = await fetchDocument(
      this.#fetch,
      `${this.#base}/.well-known/oauth-authorization-server`,
    );
    if (metadata.issuer !== this.#options.issuer) throw refuse("The metadata is of another issuer.");
    // The same host as the issuer: metadata of another place would bring another's keys.
    const url = new URL(String(metadata.jwks_uri));
    if (url.origin !== new URL(this.#base).origin) throw refuse("The keys are at another host.");
    const { value, lifetimeMs } = await fetchDocument(this.#fetch, url.href);
    return { keys: (value.keys ?? []) as readonly JWK[], lifetimeMs };
  }

  async #checked(token: string, keys: PublishedKeys, options: JWTVerifyOptions): Promise<JWTPayload> {
    const kid = kidOf(token);
    const [alg = ""] = [decodeProtectedHeader(token).alg];
    if (!options.algorithms?.includes(alg)) throw refuse("The algorithm of the token is not accepted.");
    const key: Key | null = await keys.find(kid, alg);
    if (!key) throw refuse("The issuer has no key of this name.");
    try {
      const { payload } = await jwtVerify(token, key, {
        issuer: this.#options.issuer,
        clockTolerance: skewSeconds,
        currentDate: new Date(this.#clock.now()),
        ...options,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refuse("The token has expired.", "TOKEN_EXPIRED", error);
      throw refuse("The token is not valid.", "TOKEN_NOT_VALID", error);
    }
  }

  async #accessToken(token: string, keys: PublishedKeys, request: ProvenRequest | undefined): Promise<VerifiedToken> {
    const { audience, requiredScopes = [], requiredActor } = this.#options;
    const claims = await this.#checked(token, keys, {
      audience,
      // RFC 9068 4: an id_token is no access token.
      typ: "at+jwt",
      algorithms: ["ES256"],
      requiredClaims: ["sub", "exp", "scope"],
    });
    if (claims.aud !== audience) throw refuse("The token is for several APIs.");
    const scopes = (text(claims.scope) ?? "").split(" ").filter((scope) => scope !== "");
    const missing = requiredScopes.filter((scope) => !scopes.includes(scope));
    if (missing.length > 0) throw refuse(`The token lacks ${missing.join(", ")}.`, "SCOPE_MISSING");
    const actor = text((claims.act as { sub?: unknown } | undefined)?.sub);
    if (requiredActor !== undefined && actor !== requiredActor) throw refuse("The token is not of the required actor.");
    const confirmation = text((claims.cnf as { jkt?: unknown } | undefined)?.jkt);
    if (claims.cnf !== undefined) await this.#checkProof(token, confirmation, request);
    return {
      agentId: claims.sub ?? "",
      organizationId: text(claims.organization_id) ?? "",
      scopes,
      expiresAt: new Date((claims.exp ?? 0) * 1000),
      tokenId: claims.jti ?? "",
      actor,
      delegationChainId: text(claims.delegation_chain),
      confirmation,
      claims,
    };
  }

  /** The checks of RFC 9449 4.3. */
  async #checkProof(token: string, thumbprint: string | undefined, request: ProvenRequest | undefined): Promise<void> {
    if (!request) throw refuse("The token is bound to a key, and there is no proof.", "PROOF_MISSING");
    const { origin, pathname } = new URL(request.url);
    const nowMs = this.#clock.now();
    try {
      const { payload, protectedHeader } = await jwtVerify(request.proof, EmbeddedJWK, {
        typ: "dpop+jwt",
        algorithms: ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"],
        maxTokenAge: skewSeconds,
        clockTolerance: skewSeconds,
        currentDate: new Date(nowMs),
        requiredClaims: ["jti", "htm", "htu", "ath"],
      });
      const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
      const claimed = new URL(String(payload.htu));
      const isFit =
        payload.htm === request.method.toUpperCase() &&
        claimed.origin + claimed.pathname === origin + pathname &&
        payload.ath === base64url(new Uint8Array(hash)) &&
        (await calculateJwkThumbprint(protectedHeader.jwk as JWK)) === thumbprint;
      if (!isFit) throw new Error("the proof is of another request, token or key");
      if (this.#isReplayed(`${thumbprint}|${payload.jti}`, nowMs)) throw new Error("the proof was used before");
    } catch (cause) {
      throw refuse("The proof of possession is not valid.", "PROOF_NOT_VALID", cause);
    }
  }

  #isReplayed(proof: string, nowMs: number): boolean {
    for (const [known, untilMs] of this.#proofs) {
      if (untilMs > nowMs && this.#proofs.size < mostProofs) break;
      this.#proofs.delete(known);
    }
    if (this.#proofs.has(proof)) return true;
    this.#proofs.set(proof, nowMs + 3 * skewSeconds * 1000);
    return false;
  }

  /**
   * The facts of an access token, by the published keys. A revoked token is accepted until it expires; `verifyOnline` asks.
   *
   * @param request needed for a token that is bound to a key (RFC 9449), which is refused without
   * @throws {AgentIdPError} `Auth`
   */
  async verify(token: Secret | string, request?: ProvenRequest): Promise<VerifiedToken> {
    return this.#accessToken(tokenText(token), this.#keys, request);
  }

  /**
   * The same by the DID document of the token's subject alone: no metadata, no JWKS. The key must be the service's, under its
   * `kid`.
   */
  async verifyByDid(token: Secret | string, request?: ProvenRequest): Promise<VerifiedToken> {
    const text = tokenText(token);
    const { sub } = unverifiedClaims(text);
    // The id is a part of the URL, so it is nothing but an id.
    if (typeof sub !== "string" || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(sub))
      throw refuse("The token has no subject.");
    const { keys, confirm } = this.#didKeys.of(sub);
    const facts = await this.#accessToken(text, keys, request);
    confirm();
    return facts;
  }

  /** The claims of an id_token for `audience`, which is then the id of the client. */
  async verifyIdToken(token: Secret | string): Promise<JWTPayload> {
    const { audience } = this.#options;
    const text = tokenText(token);
    const claims = await this.#checked(text, this.#keys, {
      audience,
      algorithms: ["RS256", "ES256"],
      requiredClaims: ["sub", "exp", "iat"],
    });
    // RFC 9068 4 the other way: an access token says nothing of a sign-in here.
    if (decodeProtectedHeader(text).typ?.toLowerCase() === "at+jwt") throw refuse("An access token is no id_token.");
    return claims;
  }
}

/** How often `verifyOnline` asks. */
export interface OnlineOptions {
  /** How long an answer is used again, in milliseconds: at most 10,000; 0 unless set. A revocation is seen that much later. */
  readonly cacheMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A function that asks the service about tokens (RFC 7662). It throws `Auth` for one that is not active. */
export function verifyOnline(
  client: AgentIdPClient,
  { cacheMs = 0, clock = systemClock }: OnlineOptions = {},
): (token: Secret | string) => Promise<Introspection> {
  const lifetimeMs = Math.min(cacheMs, 10_000);
  const kept = new Map<string, { readonly facts: Introspection; readonly untilMs: number }>();
  return async (token) => {
    const text = tokenText(token);
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const key = base64url(new Uint8Array(hash));
    const known = kept.get(key);
    const facts = known && known.untilMs > clock.monotonic() ? known.facts : await client.tokens.introspect(text);
    if (lifetimeMs > 0 && facts !== known?.facts) {
      if (kept.size >= 1000) kept.clear();
      kept.set(key, { facts, untilMs: clock.monotonic() + lifetimeMs });
    }
    if (!facts.active) throw refuse("The token is not active.", "TOKEN_NOT_ACTIVE");
    return facts;
  };
}

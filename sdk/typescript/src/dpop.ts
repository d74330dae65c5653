/** Keys that tokens are bound to (RFC 9449). */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { base64url, type SignCallback } from "./assertion.ts";
import { configError } from "./errors.ts";
import type { ProofKey, ProofRequest } from "./proof.ts";

/** A key that is kept elsewhere: its public part, and what signs with it (ES256). */
export interface ProofSigner {
  readonly publicJwk: JWK;
  /** `r` and `s` of the bytes, 32 bytes each. */
  readonly sign: SignCallback;
}

const alg = "ES256";

type SignJws = (
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
) => Promise<string>;

const publicPart = ({ kty, crv, x, y }: JWK) => ({ kty, crv, x, y }) as JWK;

const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));

/**
 * A P-256 key for `dpopKey` of a client. Its tokens are of no use to a thief.
 *
 * @example
 * ```ts
 * const client = new AgentIdPClient(url, credentials, { dpopKey: await DpopKey.generate() });
 * ```
 */
export class DpopKey implements ProofKey {
  readonly thumbprint: string;
  readonly #publicJwk: JWK;
  readonly #sign: SignJws;

  private constructor(publicJwk: JWK, thumbprint: string, sign: SignJws) {
    this.#publicJwk = publicJwk;
    this.thumbprint = thumbprint;
    this.#sign = sign;
  }

  /** A new key, which cannot be read out of this process. Tokens that are bound to it end with it. */
  static async generate(): Promise<DpopKey> {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    return DpopKey.#of(publicPart(await exportJWK(publicKey)), (header, claims) =>
      new SignJWT({ ...claims }).setProtectedHeader({ ...header, alg }).sign(privateKey),
    );
  }

  /**
   * A key that was kept: a private JWK (P-256), or a signer.
   *
   * @throws {AgentIdPError} `Config` for another kind of key
   */
  static async from(key: JWK | ProofSigner): Promise<DpopKey> {
    const jwk = "sign" in key ? (key as ProofSigner).publicJwk : (key as JWK);
    if (jwk.kty !== "EC" || jwk.crv !== "P-256") throw configError("The key of proofs must be P-256.");
    if ("sign" in key) {
      const { sign } = key as ProofSigner;
      return DpopKey.#of(publicPart(jwk), async (header, claims) => {
        const input = `${part({ ...header, alg })}.${part(claims)}`;
        return `${input}.${base64url(await sign(new TextEncoder().encode(input)))}`;
      });
    }
    const { kty, crv, x, y, d } = jwk;
    if (!d) throw configError("The JWK has no private part.");
    const privateKey = await importJWK({ kty, crv, x, y, d } as JWK, alg);
    return DpopKey.#of(publicPart(jwk), (header, claims) =>
      new SignJWT({ ...claims }).setProtectedHeader({ ...header, alg }).sign(privateKey),
    );
  }

  static async #of(publicJwk: JWK, sign: SignJws): Promise<DpopKey> {
    return new DpopKey(publicJwk, await calculateJwkThumbprint(publicJwk), sign);
  }

  /** A new proof. `htu` has neither query nor fragment (RFC 9449 4.2). */
  async proof({ method, url, accessToken, nonce, nowMs }: ProofRequest): Promise<string> {
    const { origin, pathname } = new URL(url);
    const hash = accessToken && (await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken.expose())));
    return this.#sign(
      { typ: "dpop+jwt", jwk: this.#publicJwk },
      {
        jti: crypto.randomUUID(),
        htm: method,
        htu: origin + pathname,
        iat: Math.floor(nowMs / 1000),
        ...(hash ? { ath: base64url(new Uint8Array(hash)) } : {}),
        ...(nonce === undefined ? {} : { nonce }),
      },
    );
  }
}

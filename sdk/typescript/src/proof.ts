/** Proofs of possession (RFC 9449), as the client needs them. `@sentryagent/idp-sdk/dpop` has the key that makes them. */
import type { Secret } from "./secret.ts";

/** The request that a proof is for. */
export interface ProofRequest {
  readonly method: string;
  readonly url: string;
  /** The token that the call carries. */
  readonly accessToken?: Secret | undefined;
  /** The nonce that the server asked for last. */
  readonly nonce?: string | undefined;
  /** The service's time, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A key that tokens are bound to. */
export interface ProofKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly thumbprint: string;
  /** A new proof: each has its own `jti`, so that a repeated request never carries the same one. */
  proof(request: ProofRequest): Promise<string>;
}

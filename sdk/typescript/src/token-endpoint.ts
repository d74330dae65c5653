/** Requests of tokens. */

import { answeredWith } from "./answered.ts";
import type { Answered } from "./call.ts";
import { AccessToken, type AnyCredentials, type Credentials, None } from "./credentials.ts";
import { decode, Mismatch } from "./decode.ts";
import { configError } from "./errors.ts";
import type { TokenResponse } from "./generated/models.ts";
import { type Asked, refusal, unreadable } from "./refusal.ts";
import { Nonces, type Sent, type Transport } from "./transport.ts";
import type { CallOptions, ClientOptions } from "./types.ts";

/** A token with the monotonic time at which its last request was sent, in milliseconds. */
export interface Issued {
  readonly answered: Answered<TokenResponse>;
  readonly sentMs: number;
}

export interface Grant {
  readonly call: string;
  readonly form: Readonly<Record<string, string>>;
  readonly asked: Asked;
}

/** @throws {AgentIdPError} `Config` for what the token endpoint does not take */
export function signingIn(credentials: AnyCredentials): Credentials {
  if (credentials instanceof None || credentials instanceof AccessToken)
    throw configError("This client has no credentials to sign in with.", "NO_CREDENTIALS");
  return credentials;
}

export class TokenEndpoint {
  readonly #transport: Transport;
  readonly #base: string;
  readonly #options: ClientOptions;
  readonly #nonces = new Nonces();

  constructor(transport: Transport, base: string, options: ClientOptions) {
    this.#transport = transport;
    this.#base = base;
    this.#options = options;
  }

  get issuer(): string {
    return this.#options.issuer ?? this.#base;
  }

  /**
   * A token for a grant.
   *
   * @throws {AgentIdPError} `Auth` when it is refused, `Delegation` when the delegation is
   */
  async issue(credentials: Credentials, { call, form, asked }: Grant, options: CallOptions = {}): Promise<Issued> {
    const { clock, serviceTime } = this.#transport;
    const key = this.#options.dpopKey;
    let sentMs = clock.monotonic();
    const url = this.#base + credentials.path;
    const sent: Sent = await this.#transport.send(
      {
        call,
        method: "POST",
        route: credentials.path,
        url,
        retry: credentials.retry,
        asked,
        isTimed: key !== undefined || credentials.isTimed === true,
        outgoing: async () => {
          const nowMs = serviceTime.now();
          const { headers, body } = await credentials.tokenRequest({ issuer: this.issuer, nowMs }, form);
          const proof = key && (await key.proof({ method: "POST", url, nonce: this.#nonces.get(url), nowMs }));
          sentMs = clock.monotonic();
          return { headers: { ...headers, ...(proof ? { dpop: proof } : {}) }, body };
        },
        isRenewed: (reply) => this.#nonces.isAsked(url, reply) && key !== undefined,
      },
      options,
    );
    const { reply, attempts } = sent;
    if (reply.status >= 300) throw refusal(reply, asked, attempts, clock.now());
    try {
      const value = decode("@TokenResponse", JSON.parse(reply.text), this.#options.refuseUnknownFields);
      return { answered: answeredWith(value as TokenResponse, sent), sentMs };
    } catch (error) {
      throw unreadable(reply, error instanceof Mismatch ? error.message : "it is no JSON", attempts);
    }
  }
}

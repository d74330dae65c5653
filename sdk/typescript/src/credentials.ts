/** How a client signs in. No credential shows its secret when it is printed. */
import { type AssertionKey, assertionSigner, type Signer } from "./assertion.ts";
import { callbackError, checkedText, configError } from "./errors.ts";
import { exposed, Secret } from "./secret.ts";

/** What a token is asked for with. */
export interface TokenContext {
  /** `aud` of an assertion. */
  readonly issuer: string;
  /** The service's time, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A request of a token, without its proof. */
export interface TokenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Credentials that the token endpoint takes. The library calls it anew for each attempt. */
export interface Credentials {
  /** The agent's id, or another name that tells clients apart. */
  readonly clientId: string;
  /** Where tokens are requested. */
  readonly path: string;
  /** `never`: the credential is used up by a request, whatever becomes of the answer. */
  readonly retry: "read" | "never";
  /** Whether its requests are signed with a time in them: a refusal can then come from the machine's clock. */
  readonly isTimed?: boolean;
  tokenRequest(context: TokenContext, form: Readonly<Record<string, string>>): Promise<TokenRequest>;
}

const formOf = (entries: Readonly<Record<string, string>>) => new URLSearchParams(entries).toString();
const formType = { "content-type": "application/x-www-form-urlencoded" };
const tokenPath = "/api/v1/token";

/** The `Authorization` of HTTP Basic (RFC 6749 2.3.1). */
const basic = (id: string, secret: Secret): string =>
  `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret.expose())}`)}`;

/** The agent's id and a client secret. */
export class ClientSecret implements Credentials {
  readonly clientId: string;
  readonly path = tokenPath;
  readonly retry = "read";
  #secret: Secret;

  constructor(clientId: string, clientSecret: Secret | string) {
    this.clientId = checkedText("clientId", clientId);
    this.#secret = new Secret(exposed(clientSecret, "clientSecret"));
  }

  /** The header by which an agent rotates its own secret. */
  authorization(): string {
    return basic(this.clientId, this.#secret);
  }

  /** Goes on with another secret, after a rotation. */
  replace(clientSecret: Secret): void {
    this.#secret = clientSecret;
  }

  async tokenRequest(_: TokenContext, form: Readonly<Record<string, string>>): Promise<TokenRequest> {
    return { headers: { ...formType, authorization: this.authorization() }, body: formOf(form) };
  }
}

/** A key that an agent signs in with. */
export interface PrivateKey {
  readonly clientId: string;
  /** A JWK or PKCS#8 PEM of the private key, or what signs in its place. */
  readonly key: AssertionKey;
  /** The `kid` that the agent's key is registered with; that of the JWK unless set. */
  readonly kid?: string | undefined;
  /** `ES256`, `EdDSA`, `RS256` or `PS256`. Follows from a JWK; for a callback `ES256` unless set. */
  readonly alg?: string | undefined;
}

/** A key of the agent's own (RFC 7523): each request has an assertion of its own, which lives 60 seconds. */
export class PrivateKeyJwt implements Credentials {
  readonly clientId: string;
  readonly path = tokenPath;
  readonly retry = "read";
  readonly isTimed = true;
  readonly #signer: Promise<Signer>;

  constructor({ clientId, key, kid, alg }: PrivateKey) {
    this.clientId = checkedText("clientId", clientId);
    this.#signer = assertionSigner(key, alg, kid);
    // The first request of a token gets the error.
    this.#signer.catch(() => undefined);
  }

  async tokenRequest({ issuer, nowMs }: TokenContext, form: Readonly<Record<string, string>>): Promise<TokenRequest> {
    const { clientId } = this;
    const iat = Math.floor(nowMs / 1000);
    const { sign } = await this.#signer;
    const assertion = await sign({
      iss: clientId,
      sub: clientId,
      aud: issuer,
      iat,
      exp: iat + 60,
      jti: crypto.randomUUID(),
    });
    const body = formOf({
      ...form,
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    });
    return { headers: formType, body };
  }
}

/** The token of the workload's own platform. It is used once, so the callback is asked for each exchange. */
export class WorkloadToken implements Credentials {
  readonly clientId: string;
  readonly path = "/api/v1/oidc/token";
  readonly retry = "never";
  readonly #token: () => Promise<Secret | string> | Secret | string;

  constructor(agentId: string, token: () => Promise<Secret | string> | Secret | string) {
    this.clientId = checkedText("agentId", agentId);
    this.#token = token;
  }

  async tokenRequest(_: TokenContext, form: Readonly<Record<string, string>>): Promise<TokenRequest> {
    if (form.grant_type !== "client_credentials") throw configError("A workload token cannot exchange a delegation.");
    const { scope, resource } = form;
    // A file often ends with a line break.
    const token = exposed(await this.#token(), "token").trim();
    const body = { token, agentId: this.clientId, ...(scope ? { scope } : {}), ...(resource ? { resource } : {}) };
    return {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
  }
}

/** A token that the program has already, or a callback that is asked before each request. */
export class AccessToken {
  readonly clientId = "";
  readonly isFixed: boolean;
  readonly #token: () => Promise<Secret | string> | Secret | string;

  constructor(token: Secret | string | (() => Promise<Secret | string> | Secret | string)) {
    this.isFixed = typeof token !== "function";
    const kept = typeof token === "function" ? null : new Secret(exposed(token, "token"));
    this.#token = typeof token === "function" ? token : () => kept as Secret;
  }

  async read(): Promise<Secret> {
    try {
      return new Secret(exposed(await this.#token(), "token").trim());
    } catch (cause) {
      throw callbackError(cause);
    }
  }
}

/** No credentials: public calls only. */
export class None {
  readonly clientId = "";
}

/** Everything that a client takes. */
export type AnyCredentials = Credentials | AccessToken | None;

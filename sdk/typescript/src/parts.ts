/** The methods that are more than one request, or that authenticate in a way of their own. */
import type { Answered } from "./call.ts";
import { Call } from "./call.ts";
import { unverifiedClaims } from "./claims.ts";
import { type AnyCredentials, ClientSecret } from "./credentials.ts";
import { AgentIdPError, checkedScopes } from "./errors.ts";
import * as generated from "./generated/api.ts";
import type * as models from "./generated/models.ts";
import type { Engine } from "./part.ts";
import { exposed, Secret } from "./secret.ts";
import { type Grant, signingIn, type TokenEndpoint } from "./token-endpoint.ts";
import { clientGrant, delegationGrant } from "./token-manager.ts";
import type { CallOptions } from "./types.ts";

/** What a token is requested for. */
export interface TokenOptions extends CallOptions {
  readonly scopes?: readonly string[] | undefined;
  /** The API that the token is for. Unset: the service itself. */
  readonly resource?: string | undefined;
}

const asForm = ({ scopes, resource }: TokenOptions): Record<string, string> => ({
  ...(checkedScopes(scopes)?.length ? { scope: scopes?.join(" ") ?? "" } : {}),
  ...(resource === undefined ? {} : { resource }),
});

const formCall = { method: "POST", form: true } as const;

/** Tokens to hand out. The client gets and keeps those of its own calls by itself. */
export class Tokens extends generated.Tokens {
  readonly #endpoint: TokenEndpoint;
  readonly #credentials: AnyCredentials;

  constructor(engine: Engine, endpoint: TokenEndpoint, credentials: AnyCredentials) {
    super(engine);
    this.#endpoint = endpoint;
    this.#credentials = credentials;
  }

  #issue(grant: Grant, options: CallOptions): Call<models.TokenResponse> {
    const issued = async (): Promise<Answered<models.TokenResponse>> => {
      const { answered } = await this.engine.whileOpen(options.signal, (signal) =>
        this.#endpoint.issue(signingIn(this.#credentials), grant, { ...options, signal }),
      );
      return answered;
    };
    return new Call(issued());
  }

  /** Get a token with the client's credentials (RFC 6749 4.4). Each call gets a new one. */
  issue(options: TokenOptions = {}): Call<models.TokenResponse> {
    return this.#issue(clientGrant(asForm(options)), options);
  }

  /** Exchange a delegation for a token that says who acts for whom (RFC 8693). */
  exchangeDelegation(delegationToken: Secret | string, options: TokenOptions = {}): Call<models.TokenResponse> {
    return this.#issue(delegationGrant(new Secret(exposed(delegationToken)), asForm(options)), options);
  }

  /** Exchange the token of a workload's platform. It is never sent twice, as it can be used once. */
  exchangeWorkload(body: models.WorkloadToken, options?: CallOptions): Call<models.TokenResponse> {
    const operation = {
      call: "tokens.exchangeWorkload",
      method: "POST",
      path: "/api/v1/oidc/token",
      retry: "never",
    } as const;
    return this.send({ ...operation, authentication: "none", answer: "@TokenResponse" }, { body }, options);
  }

  /** Ask the service about a token (RFC 7662): also whether it is revoked. */
  introspect(token: Secret | string, options?: CallOptions): Call<models.Introspection> {
    const operation = {
      ...formCall,
      call: "tokens.introspect",
      path: "/api/v1/token/introspect",
      retry: "read",
    } as const;
    return this.send({ ...operation, answer: "@Introspection" }, { body: { token } }, options);
  }

  /** Revoke a token (RFC 7009). An unknown one is a success too. */
  revoke(token: Secret | string, options?: CallOptions): Call<void> {
    const operation = {
      ...formCall,
      call: "tokens.revoke",
      path: "/api/v1/token/revoke",
      retry: "idempotent",
    } as const;
    return this.send(operation, { body: { token } }, options);
  }
}

/** Credentials of agents, the client's own too. */
export class Credentials extends generated.Credentials {
  readonly #own: AnyCredentials;

  constructor(engine: Engine, own: AnyCredentials) {
    super(engine);
    this.#own = own;
  }

  /**
   * Rotate a credential. The client's own one is rotated by its secret, and the client goes on with the new one.
   * Save the new secret: it is in this answer alone.
   */
  override rotate(
    agentId: string,
    credentialId: string,
    body: models.RotateCredential = {},
    options?: CallOptions,
  ): Call<models.CredentialWithSecret> {
    const own = this.#own;
    if (!(own instanceof ClientSecret) || own.clientId !== agentId)
      return super.rotate(agentId, credentialId, body, options);
    const rotated = async (): Promise<Answered<models.CredentialWithSecret>> => {
      const token = await this.engine.token({ signal: options?.signal });
      if (unverifiedClaims(token.accessToken.expose()).credential_id !== credentialId)
        return super.rotate(agentId, credentialId, body, options).withResponse();
      const operation = {
        call: "credentials.rotate",
        method: "POST",
        path: "/api/v1/agents/{agentId}/credentials/{credentialId}/rotate",
        retry: "keyed",
        answer: "@CredentialWithSecret",
      } as const;
      const input = { path: [agentId, credentialId], body, authorization: own.authorization() };
      const answered = await this.send<models.CredentialWithSecret>(operation, input, options).withResponse();
      own.replace(answered.value.clientSecret);
      // Without an overlap the tokens of the old secret have ended.
      this.engine.tokens.forget();
      return answered;
    };
    return new Call(rotated());
  }
}

/** A public answer that the operator's `METRICS_TOKEN` protects. */
export interface MetricsOptions extends CallOptions {
  readonly metricsToken?: Secret | string | undefined;
}

const bearer = ({ metricsToken }: MetricsOptions) =>
  metricsToken === undefined ? {} : { authorization: `Bearer ${exposed(metricsToken)}` };

/** The service itself. */
export class Service extends generated.Service {
  /** Check the dependencies. A failing dependency is in the answer, and no error. */
  override detailedHealth(options: MetricsOptions = {}): Call<models.DetailedHealth> {
    const operation = {
      call: "service.detailedHealth",
      method: "GET",
      path: "/health/detailed",
      retry: "read",
    } as const;
    const answers = { authentication: "none", answer: "@DetailedHealth", answeringStatuses: [503] } as const;
    return this.send({ ...operation, ...answers }, bearer(options), options);
  }

  /** Read the metrics, in the text format of Prometheus. */
  override metrics(options: MetricsOptions = {}): Call<string> {
    const operation = { call: "service.metrics", method: "GET", path: "/metrics", retry: "read" } as const;
    return this.send({ ...operation, authentication: "none", answer: "text" }, bearer(options), options);
  }
}

/** The facts of a delegation that is valid. */
export type ValidDelegation = Required<Pick<models.DelegationVerification, "chainId" | "scopes" | "expiresAt">> &
  models.DelegationVerification;

export interface Lending {
  /** The id of the agent that gets it. */
  readonly to: string;
  readonly scopes: readonly string[];
  /** From 60 to 86,400. */
  readonly ttlSeconds: number;
  /** The API whose capabilities are lent. Unset: platform scopes. */
  readonly resource?: string | undefined;
}

/** Delegations, and what programs do with them. */
export class Delegations extends generated.Delegations {
  /**
   * Lends scopes for as long as `run` takes: creates the delegation, runs, and revokes it, also after an error.
   *
   * @throws {AgentIdPError} `DELEGATION_NOT_REVOKED` when `run` has ended well and the revocation has failed: `cause` has why, and
   *   `details.chainId` is what to revoke. The value of `run` is lost then; keep it outside where it must not be.
   *
   * @example
   * ```ts
   * await client.delegations.lend({ to: helperId, scopes: ["agents:read"], ttlSeconds: 300 }, async (delegation) => {
   *   await queue.send(delegation.delegationToken.expose());
   * });
   * ```
   */
  async lend<T>(
    { to, scopes, ttlSeconds, resource }: Lending,
    run: (delegation: models.DelegationWithToken) => Promise<T> | T,
    options?: CallOptions,
  ): Promise<T> {
    const body = { delegateeAgentId: to, scopes, ttlSeconds, ...(resource === undefined ? {} : { resource }) };
    const operation = {
      call: "delegations.create",
      method: "POST",
      path: "/api/v1/oauth2/token/delegate",
      retry: "keyed",
      answer: "@DelegationWithToken",
    } as const;
    // Only a token that asks for this scope by name has it.
    const needed = resource === undefined ? undefined : ["delegations:write"];
    const created = await this.send<models.DelegationWithToken>(operation, { body, scopes: needed }, options);
    // Not bound to the caller's signal: a cancelled call must not leave the delegation behind.
    const revoke = () => this.revoke(created.chainId);
    let result: T;
    try {
      result = await run(created);
    } catch (error) {
      // The error of `run` is the one to know. Without the revocation the delegation ends after `ttlSeconds`.
      await revoke().catch(() => undefined);
      throw error;
    }
    try {
      await revoke();
    } catch (cause) {
      const { kind } = cause as AgentIdPError;
      const message = "`run` has ended, but the delegation is not revoked.";
      const details = { chainId: created.chainId };
      throw new AgentIdPError(kind, message, { code: "DELEGATION_NOT_REVOKED", details, cause });
    }
    return result;
  }

  /**
   * The facts of a delegation token that is valid and has the scopes.
   *
   * @throws {AgentIdPError} `Delegation`; `details.reason` is `revoked`, `expired`, `unknown` or `too_narrow`
   */
  async require(
    delegationToken: Secret | string,
    { scopes = [] }: { readonly scopes?: readonly string[] } = {},
    options?: CallOptions,
  ): Promise<ValidDelegation> {
    checkedScopes(scopes);
    const { value, attempts, requestId } = await this.verify({ delegationToken }, options).withResponse();
    const refuse = (reason: string, message: string, details = {}) =>
      new AgentIdPError("Delegation", message, {
        code: "DELEGATION_NOT_VALID",
        details: { reason, ...details },
        attempts,
        requestId,
      });
    const { chainId, expiresAt, scopes: lent } = value;
    if (!value.valid || chainId === undefined || expiresAt === undefined || lent === undefined) {
      if (value.revokedAt) throw refuse("revoked", "The delegation is revoked.");
      const isOver = expiresAt !== undefined && expiresAt.getTime() <= this.engine.clock.now();
      throw isOver
        ? refuse("expired", "The delegation has expired.")
        : refuse("unknown", "The delegation is not valid.");
    }
    const missing = scopes.filter((scope) => !lent.includes(scope));
    if (missing.length > 0) throw refuse("too_narrow", `The delegation lacks ${missing.join(", ")}.`, { missing });
    return { ...value, chainId, expiresAt, scopes: lent };
  }

  /** The claims of a delegation token, **not verified**: for logs and displays. `require` verifies. */
  inspect(delegationToken: Secret | string): Readonly<Record<string, unknown>> {
    return unverifiedClaims(exposed(delegationToken).replace(/^sa_del_/, ""));
  }
}

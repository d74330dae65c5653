/** Gets tokens and keeps them while they live. One for all callers of a client; it can also be used alone. */
import { unverifiedClaims } from "./claims.ts";
import { orAborted } from "./clock.ts";
import { AccessToken, type AnyCredentials, None } from "./credentials.ts";
import { AgentIdPError, checkedScopes, isPassing } from "./errors.ts";
import { Secret } from "./secret.ts";
import { type Grant, signingIn, type TokenEndpoint } from "./token-endpoint.ts";
import type { Transport } from "./transport.ts";
import type { ClientOptions } from "./types.ts";

/** An access token. */
export interface Token {
  readonly accessToken: Secret;
  /** `Bearer`, or `DPoP` for one that is bound to a key. */
  readonly tokenType: string;
  readonly scopes: readonly string[];
}

/** What a `TokenStore` keeps. It holds a secret: encrypt it, or keep it where only this program reads. */
export interface StoredToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly scopes: readonly string[];
  /** By the clock of the machine that got it. */
  readonly expiresAt: Date;
}

/**
 * Keeps tokens for several processes. The key names client, scopes and resource, and holds no secret. A store that fails changes
 * no call: the token is requested, and kept in memory.
 */
export interface TokenStore {
  /** `expiresAt` may be the text that JSON makes of it. */
  load(key: string): Promise<(Omit<StoredToken, "expiresAt"> & { readonly expiresAt: Date | string }) | null>;
  save(key: string, token: StoredToken): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Which token: the same one for the same scopes and resource. */
export interface Wanted {
  readonly scopes?: readonly string[] | undefined;
  /** Unset: a token for the service itself. */
  readonly resource?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Held {
  readonly token: Token;
  /** Monotonic milliseconds. */
  readonly expiresMs: number;
  readonly refreshMs: number;
}

interface Refresh {
  readonly token: Promise<Token>;
  readonly ender: AbortController;
  waiting: number;
}

interface Slot {
  held: Held | null;
  refresh: Refresh | null;
  /** No early refresh before this, because the last one failed. */
  nextTryMs: number;
  /** The token that was refused last: a store can still have it. */
  refused: Secret | null;
}

/** What a token store gives; null when it fails. */
const orNull = <T>(ask: () => Promise<T>): Promise<T | null> => ask().catch(() => null);

/** Of a lifetime: from when on the token is refreshed, in milliseconds after it was requested. */
const freshMs = (lifetimeMs: number): number => lifetimeMs - (lifetimeMs < 240_000 ? lifetimeMs / 4 : 60_000);

export interface TokenSource {
  readonly credentials: AnyCredentials;
  readonly endpoint: TokenEndpoint;
  readonly transport: Transport;
  readonly options: ClientOptions;
  /** A delegation that every token is exchanged for. */
  readonly delegation?: Secret | undefined;
}

/**
 * Tokens of one client, kept while they live. A token is requested again 60 seconds before its end, or after three quarters of its
 * life where that is under 240 seconds. Its age is counted on a clock that a change of the system's time does not change.
 */
export class TokenManager {
  readonly #source: TokenSource;
  readonly #slots = new Map<string, Slot>();

  /** For the library. `newTokenManager` makes one to use alone. */
  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** Whether there can be a token at all. */
  get isAnonymous(): boolean {
    return this.#source.credentials instanceof None;
  }

  #keyOf({ scopes, resource }: Wanted): string {
    const { endpoint, credentials, options, delegation } = this.#source;
    // The id of the delegation, which is no secret.
    const chainId = delegation && unverifiedClaims(delegation.expose()).jti;
    const { thumbprint } = options.dpopKey ?? {};
    const parts = [endpoint.issuer, credentials.clientId, scopes?.join(" "), resource, thumbprint, chainId];
    return parts.map((part) => part ?? "").join("|");
  }

  /**
   * A living token. However many ask at once, one request is sent; all of them get its result, a failure too.
   *
   * @throws {AgentIdPError} `Auth` when the credentials are refused, `Delegation` when the delegation is
   */
  async token({ scopes = this.#source.options.scopes, resource, signal }: Wanted = {}): Promise<Token> {
    const { credentials, transport } = this.#source;
    checkedScopes(scopes);
    if (credentials instanceof AccessToken) {
      return { accessToken: await credentials.read(), tokenType: this.#givenType(), scopes: [] };
    }
    const wanted = { scopes, resource };
    const key = this.#keyOf(wanted);
    const slot = this.#slots.get(key) ?? { held: null, refresh: null, nextTryMs: 0, refused: null };
    this.#slots.set(key, slot);
    const nowMs = transport.clock.monotonic();
    const living = slot.held && nowMs < slot.held.expiresMs ? slot.held : null;
    if (living && (nowMs < living.refreshMs || nowMs < slot.nextTryMs)) return living.token;
    slot.refresh ??= this.#begin(key, slot, wanted, living);
    return this.#wait(slot, slot.refresh, signal);
  }

  #givenType(): string {
    return this.#source.options.dpopKey ? "DPoP" : "Bearer";
  }

  /** Waits with the others. The request is ended only when no caller waits any more. */
  async #wait(slot: Slot, refresh: Refresh, signal: AbortSignal | undefined): Promise<Token> {
    refresh.waiting++;
    try {
      return await orAborted(refresh.token, signal);
    } catch (cause) {
      if (!signal?.aborted) throw cause;
      throw new AgentIdPError("Http", "The call was cancelled.", { code: "CANCELLED", cause });
    } finally {
      refresh.waiting--;
      if (refresh.waiting === 0) {
        if (slot.refresh === refresh) slot.refresh = null;
        refresh.ender.abort();
      }
    }
  }

  #begin(key: string, slot: Slot, wanted: Wanted, living: Held | null): Refresh {
    const ender = new AbortController();
    const run = async () => {
      try {
        const held =
          (living ? null : await this.#loaded(key, slot)) ?? (await this.#requested(key, wanted, living, ender));
        slot.held = held;
        return held.token;
      } catch (error) {
        const nowMs = this.#source.transport.clock.monotonic();
        // Only while it is the one held: a token that was refused meanwhile is not given out again.
        const isUsable = living && slot.held === living && nowMs < living.expiresMs;
        if (!isUsable || !(error instanceof AgentIdPError) || !isPassing(error)) throw error;
        slot.nextTryMs = nowMs + 5000;
        return living.token;
      } finally {
        if (slot.refresh?.ender === ender) slot.refresh = null;
      }
    };
    const token = run();
    // Each waiter gets the failure. Without a waiter it would be an unhandled rejection.
    token.catch(() => undefined);
    return { token, ender, waiting: 0 };
  }

  async #requested(
    key: string,
    { scopes, resource }: Wanted,
    living: Held | null,
    ender: AbortController,
  ): Promise<Held> {
    const { credentials, endpoint, delegation, transport, options } = this.#source;
    const asked = {
      ...(scopes && scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
      ...(resource === undefined ? {} : { resource }),
    };
    const grant = delegation ? delegationGrant(delegation, asked) : clientGrant(asked);
    // The living token is there for those who wait: no repetition keeps them.
    const retries = living ? { maxRetries: 0 } : {};
    const { answered, sentMs } = await endpoint.issue(signingIn(credentials), grant, {
      signal: ender.signal,
      ...retries,
    });
    const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn, scope } = answered.value;
    const lifetimeMs = 1000 * Math.min(expiresIn, delegation ? leftOf(delegation, accessToken) : expiresIn);
    const token: Token = { accessToken, tokenType, scopes: scope === "" ? [] : scope.split(" ") };
    const expiresAt = new Date(transport.clock.now() + lifetimeMs);
    const stored = { ...token, accessToken: accessToken.expose(), expiresAt };
    await orNull(async () => options.tokenStore?.save(key, stored));
    return { token, expiresMs: sentMs + lifetimeMs, refreshMs: sentMs + freshMs(lifetimeMs) };
  }

  /** Null for what is no token: it was written by another program, or by hand. */
  async #loaded(key: string, { refused }: Slot): Promise<Held | null> {
    const { options, transport } = this.#source;
    const stored = await orNull(async () => options.tokenStore?.load(key));
    const { accessToken, tokenType, scopes, expiresAt } = stored ?? {};
    const isToken =
      accessToken && typeof accessToken === "string" && typeof tokenType === "string" && Array.isArray(scopes);
    if (!isToken || accessToken === refused?.expose()) return null;
    // A number is no time: it could be seconds.
    const expires = typeof expiresAt === "number" ? Number.NaN : new Date(expiresAt ?? "").getTime();
    const leftMs = expires - transport.clock.now();
    if (!(leftMs >= 60_000)) return null;
    const expiresMs = transport.clock.monotonic() + leftMs;
    const token = { accessToken: new Secret(accessToken), tokenType, scopes };
    return { token, expiresMs, refreshMs: expiresMs - 60_000 };
  }

  /** Forgets a token that was refused, if it is still the one held: others may have replaced it. */
  async drop(refused: Token): Promise<void> {
    const { options } = this.#source;
    for (const [key, slot] of this.#slots) {
      if (slot.held?.token.accessToken !== refused.accessToken) continue;
      slot.held = null;
      slot.refused = refused.accessToken;
      await orNull(async () => options.tokenStore?.remove(key));
    }
  }

  /** Whether another token can be had after one was refused. */
  get canRenew(): boolean {
    const { credentials } = this.#source;
    return !(credentials instanceof AccessToken) || !credentials.isFixed;
  }

  /** Forgets all tokens. Requests that are running go on, because others wait for them. */
  forget(): void {
    this.#slots.clear();
  }

  /** Forgets all tokens and ends what is running. */
  clear(): void {
    for (const { refresh } of this.#slots.values()) refresh?.ender.abort();
    this.#slots.clear();
  }
}

export const clientGrant = (form: Readonly<Record<string, string>>): Grant => ({
  call: "tokens.issue",
  form: { grant_type: "client_credentials", ...form },
  asked: "token",
});

export const delegationGrant = (delegation: Secret, form: Readonly<Record<string, string>>): Grant => ({
  call: "tokens.exchangeDelegation",
  form: {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: delegation.expose(),
    subject_token_type: "urn:sentryagent:token-type:delegation",
    ...form,
  },
  asked: "delegation",
});

/** Seconds from the issuance of a token to the end of the delegation, both by the service's clock. */
function leftOf(delegation: Secret, accessToken: Secret): number {
  const { exp } = unverifiedClaims(delegation.expose());
  const { iat } = unverifiedClaims(accessToken.expose());
  return typeof exp === "number" && typeof iat === "number" ? exp - iat : Number.POSITIVE_INFINITY;
}

/** Keys of an issuer, fetched and kept: bounded in how often, and in what a failure costs. */
import { importJWK, type JWK } from "jose";
import { longestAnswerBytes } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import { AgentIdPError } from "./errors.ts";

/** A document of keys lives this long unless `Cache-Control` says otherwise. */
const defaultLifetimeMs = 300_000;
/** An unknown `kid` makes the keys be fetched at most this often. */
const refetchMs = 30_000;

/** A JSON document of the issuer, with how long it may be kept. */
export interface Fetched {
  readonly value: Readonly<Record<string, unknown>>;
  readonly lifetimeMs: number;
}

/** @throws {AgentIdPError} `Http`, `Api` or `Serde` */
export async function fetchDocument(fetcher: typeof globalThis.fetch, url: string): Promise<Fetched> {
  let response: Response;
  let text: string;
  try {
    response = await fetcher(url, {
      headers: { accept: "application/json, application/did+json" },
      redirect: "manual",
      signal: AbortSignal.timeout(10_000),
    });
    text = await response.text();
  } catch (cause) {
    throw new AgentIdPError("Http", "The keys of the issuer could not be fetched.", {
      code: "KEYS_NOT_FETCHED",
      cause,
    });
  }
  const facts = { code: "KEYS_NOT_FETCHED", httpStatus: response.status };
  if (response.status === 404 || response.status === 410)
    throw new AgentIdPError("NotFound", "The issuer has no such document.", facts);
  if (!response.ok || text.length > longestAnswerBytes)
    throw new AgentIdPError("Api", `The issuer answered ${response.status} for its keys.`, facts);
  const [, seconds] = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "") ?? [];
  try {
    return { value: JSON.parse(text), lifetimeMs: seconds === undefined ? defaultLifetimeMs : Number(seconds) * 1000 };
  } catch {
    throw new AgentIdPError("Serde", "The document of the issuer is no JSON.", facts);
  }
}

export type Key = CryptoKey | Uint8Array;

/** The keys of one document, by `kid`. */
export class PublishedKeys {
  readonly #read: () => Promise<{ readonly keys: readonly JWK[]; readonly lifetimeMs: number }>;
  readonly #clock: Clock;
  #byKid: ReadonlyMap<string, JWK> = new Map();
  #imported = new Map<string, Key>();
  #staleMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(read: () => Promise<{ readonly keys: readonly JWK[]; readonly lifetimeMs: number }>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** One fetch at a time, for all callers. The old keys stay when it fails. */
  #refresh(): Promise<void> {
    this.#running ??= (async () => {
      this.#triedMs = this.#clock.monotonic();
      try {
        const { keys, lifetimeMs } = await this.#read();
        this.#byKid = new Map(keys.flatMap((jwk) => (typeof jwk.kid === "string" ? [[jwk.kid, jwk] as const] : [])));
        this.#imported = new Map();
        this.#staleMs = this.#clock.monotonic() + lifetimeMs;
      } finally {
        this.#running = null;
      }
    })();
    return this.#running;
  }

  /** The key; null for a `kid` that the issuer does not have. */
  async find(kid: string, alg: string): Promise<Key | null> {
    const nowMs = this.#clock.monotonic();
    const isStale = nowMs >= this.#staleMs;
    const mayFetch = nowMs >= this.#triedMs + refetchMs;
    if (this.#running || (isStale && (mayFetch || this.#byKid.size === 0)) || (!this.#byKid.has(kid) && mayFetch)) {
      await this.#refresh().catch((error: unknown) => {
        if (!this.#byKid.has(kid)) throw error;
      });
    }
    const jwk = this.#byKid.get(kid);
    if (!jwk) return null;
    const known = this.#imported.get(kid) ?? (await importJWK(jwk, alg));
    this.#imported.set(kid, known);
    return known;
  }
}

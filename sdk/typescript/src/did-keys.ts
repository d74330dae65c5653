/** The service's keys by the DID documents of agents. */
import type { JWK } from "jose";
import type { Clock } from "./clock.ts";
import { AgentIdPError } from "./errors.ts";
import { type Fetched, fetchDocument, PublishedKeys } from "./published-keys.ts";

/** Documents that are kept, and those that are kept of subjects without a valid token. */
const mostDocuments = 1000;
/** An agent that does not exist is looked for again after this. */
const missingLifetimeMs = 30_000;

const isMissing = (error: unknown) => error instanceof AgentIdPError && error.kind === "NotFound";

/** The keys of each agent's document, fetched once and kept. */
export class DidKeys {
  readonly #base: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #clock: Clock;
  readonly #confirmed = new Map<string, PublishedKeys>();
  /** Apart from the others, so that a flood of made-up subjects does not push real agents out. */
  readonly #unconfirmed = new Map<string, PublishedKeys>();

  constructor(base: string, fetch: typeof globalThis.fetch, clock: Clock) {
    this.#base = base;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The keys for an agent; `confirm` keeps them, after a token with this subject was valid. */
  of(agentId: string): { readonly keys: PublishedKeys; readonly confirm: () => void } {
    const known = this.#confirmed.get(agentId) ?? this.#unconfirmed.get(agentId);
    const keys = known ?? new PublishedKeys(() => this.#read(agentId), this.#clock);
    if (!known) keep(this.#unconfirmed, agentId, keys);
    const confirm = () => {
      this.#unconfirmed.delete(agentId);
      if (!this.#confirmed.has(agentId)) keep(this.#confirmed, agentId, keys);
    };
    return { keys, confirm };
  }

  async #read(agentId: string) {
    const { host, pathname } = new URL(this.#base);
    const service = `did:web:${[host, ...pathname.split("/").filter(Boolean)].map(encodeURIComponent).join(":")}`;
    const did = `${service}:agents:${agentId}`;
    let fetched: Fetched;
    try {
      fetched = await fetchDocument(this.#fetch, `${this.#base}/agents/${agentId}/did.json`);
    } catch (error) {
      // Then no key fits, and the token is refused.
      if (isMissing(error)) return { keys: [], lifetimeMs: missingLifetimeMs };
      throw error;
    }
    const { value, lifetimeMs } = fetched;
    if (value.id !== did)
      throw new AgentIdPError("Auth", "The DID document is of another subject.", { code: "TOKEN_NOT_VALID" });
    const methods = (value.verificationMethod ?? []) as readonly {
      id: string;
      controller: string;
      publicKeyJwk: JWK;
    }[];
    // The agent's own keys are in the document too; only the service signs tokens.
    const own = methods.filter(({ id, controller }) => controller === service && id.startsWith(`${did}#`));
    return {
      keys: own.map(({ id, publicKeyJwk }) => ({ ...publicKeyJwk, kid: id.slice(did.length + 1) })),
      lifetimeMs,
    };
  }
}

function keep(kept: Map<string, PublishedKeys>, agentId: string, keys: PublishedKeys): void {
  if (kept.size >= mostDocuments) kept.clear();
  kept.set(agentId, keys);
}

/**
 * One Durable Object per delegation, named by its chain id: whether the delegation was revoked. A revocation that has been
 * answered is in storage, so everybody who asks afterwards, anywhere, learns of it. The object clears itself.
 */
import { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../../platform/env.ts";
import { dayMs } from "../../platform/time.ts";
import type { Chain, ChainState } from "./chain.ts";

/** How long after its end a delegation is remembered; the row in D1 stays. */
const keptAfterExpiryMs = dayMs;

const stateKey = "state";

/** The chain of one delegation. Its methods are its RPC surface; see {@link Chain} for what each promises. */
export class DelegationChain extends DurableObject<Bindings> implements Chain {
  async begin(issuedAtMs: number, expiresAtMs: number): Promise<void> {
    if (this.#read()) return;
    this.#write({ issuedAtMs, expiresAtMs, revokedAtMs: null });
    await this.ctx.storage.setAlarm(expiresAtMs + keptAfterExpiryMs);
  }

  async revoke(nowMs: number): Promise<ChainState | null> {
    const state = this.#read();
    if (!state || state.revokedAtMs !== null || nowMs >= state.expiresAtMs) return state;
    const revoked = { ...state, revokedAtMs: nowMs };
    this.#write(revoked);
    return revoked;
  }

  async state(): Promise<ChainState | null> {
    return this.#read();
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #read(): ChainState | null {
    return this.ctx.storage.kv.get<ChainState>(stateKey) ?? null;
  }

  #write(state: ChainState): void {
    this.ctx.storage.kv.put(stateKey, state);
  }
}

/**
 * One Durable Object per delegation, named by its chain id: whether the delegation was revoked. A revocation is in storage before
 * its answer, so every later read in every region sees it. The object deletes its own storage.
 */
import { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../../platform/env.ts";
import { dayMs } from "../../platform/time.ts";
import type { DelegationChainRpc, DelegationState } from "./chain.ts";

/** How long after its expiry the object keeps a delegation. The row in D1 stays. */
const keptAfterExpiryMs = dayMs;

const stateKey = "state";

/** The object of one delegation. {@link DelegationChainRpc} documents its methods. */
export class DelegationChain extends DurableObject<Bindings> implements DelegationChainRpc {
  async begin(issuedAtMs: number, expiresAtMs: number): Promise<void> {
    if (this.#read()) return;
    this.#write({ issuedAtMs, expiresAtMs, revokedAtMs: null });
    await this.ctx.storage.setAlarm(expiresAtMs + keptAfterExpiryMs);
  }

  async revoke(nowMs: number): Promise<DelegationState | null> {
    const state = this.#read();
    if (!state || state.revokedAtMs !== null || nowMs >= state.expiresAtMs) return state;
    const revoked = { ...state, revokedAtMs: nowMs };
    this.#write(revoked);
    return revoked;
  }

  async state(): Promise<DelegationState | null> {
    return this.#read();
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #read(): DelegationState | null {
    return this.ctx.storage.kv.get<DelegationState>(stateKey) ?? null;
  }

  #write(state: DelegationState): void {
    this.ctx.storage.kv.put(stateKey, state);
  }
}

/** The client of the object that stores whether a delegation was revoked. */
import type { Context } from "../../platform/context.ts";
import type { DelegationId } from "../../platform/ids.ts";

/** What the object stores of a delegation. Times are milliseconds since the epoch. */
export interface DelegationState {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** When it was revoked; null while it is not. */
  readonly revokedAtMs: number | null;
}

/** The RPC methods of the object. Each call may be repeated. */
export interface DelegationChainRpc {
  /** Stores a new delegation. A repeated call changes nothing, also after a revocation. */
  begin(issuedAtMs: number, expiresAtMs: number): Promise<void>;
  /** Revokes it. A repeated call, or one after the expiry, changes nothing. null: there is no such delegation. */
  revoke(nowMs: number): Promise<DelegationState | null>;
  /** null for an unknown delegation, and for one that expired more than a day ago. */
  state(): Promise<DelegationState | null>;
}

/**
 * The object of a delegation. Each call is one round trip. The id must be one that this service made, because a call creates the
 * object.
 *
 * @throws {DependencyDown} when the object does not answer
 */
export function chainOf({ env }: Pick<Context, "env">, chainId: DelegationId): DelegationChainRpc {
  const namespace = env.DELEGATION_CHAIN;
  return namespace.get(namespace.idFromName(chainId)) as unknown as DelegationChainRpc;
}

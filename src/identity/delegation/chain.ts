/** The way to the object that knows whether a delegation was revoked. */
import type { Context } from "../../platform/context.ts";
import type { DelegationId } from "../../platform/ids.ts";

/** A delegation's life. Times are milliseconds since the epoch. */
export interface ChainState {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** When its delegator, or somebody with `agents:write`, took it back; null while nobody has. */
  readonly revokedAtMs: number | null;
}

/** The RPC surface of a chain. Each call may be repeated. */
export interface Chain {
  /** Begins the delegation. A chain that has begun stays as it is, revoked if it was. */
  begin(issuedAtMs: number, expiresAtMs: number): Promise<void>;
  /** Revokes it, for good; the first time counts. One that has expired stays as it is. null: there is no such delegation. */
  revoke(nowMs: number): Promise<ChainState | null>;
  /** null when it never began, or ended more than a day ago. */
  state(): Promise<ChainState | null>;
}

/**
 * The chain of a delegation. Each call is one round trip. Only ids that this service made come here: an object is made by
 * being asked.
 *
 * @throws {DependencyDown} when the object does not answer
 */
export function chainOf({ env }: Pick<Context, "env">, chainId: DelegationId): Chain {
  const namespace = env.DELEGATION_CHAIN;
  return namespace.get(namespace.idFromName(chainId)) as unknown as Chain;
}

/** The outcome of a rule: a value, or a problem to tell the caller. Exceptions are for bugs and for dependencies that are down. */
import type { Problem } from "./problems.ts";

/** The good half of a {@link Result}. */
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

/** What a rule returns: either its value or the one problem that stopped it. */
export type Result<T> = Ok<T> | Problem;

/**
 * Wraps a value as the good outcome.
 *
 * @example
 * ```ts
 * return ok({ agentId });
 * ```
 */
export function ok<T>(value: T): Ok<T>;
export function ok(): Ok<undefined>;
export function ok<T>(value?: T): Ok<T | undefined> {
  return { ok: true, value };
}

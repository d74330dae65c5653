/** The result of a service function: a value, or a problem for the caller. Exceptions are for bugs and unreachable dependencies. */
import type { Problem } from "./problems.ts";

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export type Result<T> = Ok<T> | Problem;

export function ok<T>(value: T): Ok<T>;
export function ok(): Ok<undefined>;
export function ok<T>(value?: T): Ok<T | undefined> {
  return { ok: true, value };
}

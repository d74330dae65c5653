/**
 * What a log may say of an error: what it was and what it came from, without the parameters of a failed query, which are
 * somebody's records.
 *
 * @example
 * ```ts
 * throw new AggregateError(failures, failures.map(reasonOf).join("; "));
 * ```
 */
export function reasonOf(error: unknown): string {
  const [reason = ""] = String(error).split("\nparams:");
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? reason : `${reason} (${reasonOf(cause)})`;
}

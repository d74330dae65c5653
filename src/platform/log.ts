/** What the operator may have to know, one line of JSON each, with the id of the request or of the run that it happened in. */
import { reasonOf } from "./reason.ts";

/** A context, or the part of it that a line needs. */
export interface LogContext {
  readonly requestId: string | null;
}

/** In a Durable Object, which does the work of many requests at once. */
export const noRequest: LogContext = { requestId: null };

/** `error` is whatever was thrown; the line gets its reason, without anybody's records. */
type Facts = Readonly<Record<string, unknown>>;

const write =
  (level: "warn" | "error") =>
  ({ requestId }: LogContext, message: string, { error, ...facts }: Facts = {}): void => {
    const reason = error === undefined ? {} : { error: reasonOf(error) };
    console[level](JSON.stringify({ message, requestId, ...facts, ...reason }));
  };

/**
 * Writes a line: `warn` for what mends itself, `error` for what somebody has to look at.
 *
 * @example
 * ```ts
 * log.warn(context, "put off to the next sweep", { organizationId, error });
 * ```
 */
export const log = { warn: write("warn"), error: write("error") };

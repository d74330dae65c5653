/** The operator's log: one line of JSON for each entry, with the id of the request or of the scheduled run. */
import { reasonOf } from "./reason.ts";

/** The part of a context that a log line needs. */
export interface LogContext {
  readonly requestId: string | null;
}

/** For a Durable Object, which works for many requests at once. */
export const noRequest: LogContext = { requestId: null };

/** `error` is the thrown value; the line gets its reason without the data of customers. */
type Facts = Readonly<Record<string, unknown>>;

const write =
  (level: "warn" | "error") =>
  ({ requestId }: LogContext, message: string, { error, ...facts }: Facts = {}): void => {
    const reason = error === undefined ? {} : { error: reasonOf(error) };
    console[level](JSON.stringify({ message, requestId, ...facts, ...reason }));
  };

/**
 * Writes a line. `warn`: the service recovers by itself. `error`: the operator must act.
 *
 * @example
 * ```ts
 * log.warn(context, "relay deferred to the Cron Trigger", { organizationId, error });
 * ```
 */
export const log = { warn: write("warn"), error: write("error") };

/** The operator's log: one line of JSON for each entry, with the id of the request or of the scheduled run. */

/** The part of a context that a log line needs. */
export interface LogContext {
  readonly requestId: string | null;
}

/** For a Durable Object, which serves many requests concurrently. */
export const noRequest: LogContext = { requestId: null };

/** An error and its causes as text for the log, without the parameters of a failed query, which are records of customers. */
export function reasonOf(error: unknown): string {
  const [reason = ""] = String(error).split("\nparams:");
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? reason : `${reason} (${reasonOf(cause)})`;
}

/** `error` is the thrown value; the line gets its {@link reasonOf}. */
type Facts = Readonly<Record<string, unknown>>;

const write =
  (level: "warn" | "error") =>
  ({ requestId }: LogContext, message: string, { error, ...facts }: Facts = {}): void => {
    const reason = error === undefined ? {} : { error: reasonOf(error) };
    console[level](JSON.stringify({ message, requestId, ...facts, ...reason }));
  };

/** Writes a line. `warn`: the service recovers without help. `error`: the operator must act. */
export const log = { warn: write("warn"), error: write("error") };

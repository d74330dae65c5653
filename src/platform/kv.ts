/** KV is a convenience. What it cannot do is logged, and the caller goes on without it. */
import { type LogContext, log } from "./log.ts";

/**
 * What KV answers, or null when it does not.
 *
 * @param subject what is read or written, for the log
 */
export function orNull<T>(context: LogContext, subject: string, work: Promise<T>): Promise<T | null> {
  return work.catch((error: unknown) => {
    log.warn(context, "KV is unusable for now", { subject, error });
    return null;
  });
}

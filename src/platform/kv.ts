/** KV is only a cache. A failure of KV is logged, and the caller continues without it. */
import { type LogContext, log } from "./log.ts";

/**
 * The result of a KV call, or null when the call fails.
 *
 * @param subject what is read or written, for the log
 */
export function orNull<T>(context: LogContext, subject: string, work: Promise<T>): Promise<T | null> {
  return work.catch((error: unknown) => {
    log.warn(context, "KV is unusable for now", { subject, error });
    return null;
  });
}

/** The audit log, and how to follow it. */
import { AgentIdPError } from "./errors.ts";
import * as generated from "./generated/api.ts";
import type * as models from "./generated/models.ts";

/** Where to begin, and how often to look. */
export interface FollowOptions {
  /** The first event, included. Unset: the oldest one that is kept. */
  readonly fromSequence?: number | undefined;
  /** How long to wait when there is nothing new, in milliseconds; 5,000. */
  readonly intervalMs?: number | undefined;
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
}

/** What passes by itself: the log is read on from the same place. */
const isPassing = ({ kind, httpStatus = 0 }: AgentIdPError) =>
  kind === "Http" || kind === "RateLimited" || httpStatus >= 500;

/** The audit log of the organization. */
export class Audit extends generated.Audit {
  /**
   * Every event, in the order of the chain, each once, and new ones as they come. Limits and failures of the service that pass
   * only make it late. It ends when the signal aborts.
   *
   * @example
   * ```ts
   * for await (const event of client.audit.follow({ fromSequence: lastSeen + 1 })) await store(event);
   * ```
   */
  async *follow({
    fromSequence = 1,
    intervalMs = 5000,
    signal,
  }: FollowOptions = {}): AsyncGenerator<models.AuditEvent, void, undefined> {
    const { clock } = this.engine;
    let afterSequence = Math.max(0, fromSequence - 1);
    while (!signal?.aborted) {
      let waitMs = intervalMs;
      try {
        const { data, nextCursor } = await this.list({ order: "asc", afterSequence, limit: 100 }, { signal });
        for (const event of data) {
          yield event;
          if (signal?.aborted) return;
          afterSequence = event.sequence;
        }
        if (nextCursor !== null) continue;
      } catch (error) {
        if (signal?.aborted) return;
        if (!(error instanceof AgentIdPError) || !isPassing(error)) throw error;
        waitMs = Math.max(intervalMs, (error.retryAfter ?? 0) * 1000);
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }
}

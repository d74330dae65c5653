/** The audit log, and how to follow it. */
import { AgentIdPError, checkedNumber, isPassing } from "./errors.ts";
import * as generated from "./generated/api.ts";
import type * as models from "./generated/models.ts";

type ListQuery = NonNullable<Parameters<generated.Audit["list"]>[0]>;

/** Where to begin, how often to look, and which events to give. */
export interface FollowOptions extends Pick<ListQuery, "agentId" | "action" | "outcome" | "target"> {
  /** The first event, included. Unset, or 1: the oldest one that is kept. */
  readonly fromSequence?: number | undefined;
  /** How long to wait when there is nothing new, in milliseconds; 5,000. */
  readonly intervalMs?: number | undefined;
  /**
   * Called with the first and the last sequence of events that the log has lost, before the events after them. Unset: the
   * following ends there with `AUDIT_EVENTS_MISSING`. With a filter the service knows only of accepted gaps.
   */
  readonly onMissing?: ((missing: models.MissingEvents) => void | Promise<void>) | undefined;
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
}

function refuseMissing({ fromSequence, toSequence }: models.MissingEvents): never {
  const message = `The audit log has lost the events ${fromSequence} to ${toSequence}. \`onMissing\` goes on after them.`;
  throw new AgentIdPError("Api", message, { code: "AUDIT_EVENTS_MISSING", details: { fromSequence, toSequence } });
}

type Item = models.AuditEvent | models.MissingEvents;

const isEvent = (item: Item): item is models.AuditEvent => "eventId" in item;

/** What a page has and lacks, in the order of the chain. */
function inOrder({ data, missing = [] }: models.AuditEventPage): readonly Item[] {
  const sequenceOf = (item: Item) => (isEvent(item) ? item.sequence : item.fromSequence);
  return [...data, ...missing].sort((one, other) => sequenceOf(one) - sequenceOf(other));
}

type ReadPage = (query: ListQuery) => PromiseLike<models.AuditEventPage>;

/** The events of a log, as they come. A second `for await` goes on where the first one ended. */
export class Following implements AsyncIterable<models.AuditEvent> {
  readonly #read: ReadPage;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #options: FollowOptions;
  #after: number;

  /** `client.audit.follow` makes it. */
  constructor(read: ReadPage, sleep: (milliseconds: number) => Promise<void>, options: FollowOptions) {
    this.#read = read;
    this.#sleep = sleep;
    this.#options = options;
    this.#after = Math.max(0, (options.fromSequence ?? 1) - 1);
  }

  /**
   * The `fromSequence` for a program that goes on later: the one after all events that were given or that `onMissing` got.
   * With a filter it also passes the events that do not match.
   */
  get nextSequence(): number {
    return this.#after + 1;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<models.AuditEvent, void, undefined> {
    const { intervalMs = 5000, onMissing = refuseMissing, signal, fromSequence: _, ...filter } = this.#options;
    while (!signal?.aborted) {
      let waitMs = intervalMs;
      let page: models.AuditEventPage | null = null;
      try {
        page = await this.#read({ ...filter, order: "asc", afterSequence: this.#after, limit: 100 });
      } catch (error) {
        if (signal?.aborted) return;
        if (!(error instanceof AgentIdPError) || !isPassing(error)) throw error;
        waitMs = Math.max(intervalMs, (error.retryAfter ?? 0) * 1000);
      }
      for (const item of page ? inOrder(page) : []) {
        if (signal?.aborted) return;
        if (isEvent(item)) {
          this.#after = item.sequence;
          yield item;
        } else {
          await onMissing(item);
          this.#after = item.toSequence;
        }
      }
      if (signal?.aborted) return;
      this.#after = Math.max(this.#after, page?.nextAfterSequence ?? 0);
      if (page && page.nextCursor !== null) continue;
      await this.#sleep(waitMs).catch(() => undefined);
    }
  }
}

/** The audit log of the organization. */
export class Audit extends generated.Audit {
  /**
   * Every event, in the order of the chain, each once, and new ones as they come. Limits and failures of the service that pass
   * only make it late. It ends when the signal aborts.
   *
   * @throws {AgentIdPError} while it is read: `AUDIT_EVENTS_REMOVED` (`NotFound`) when the retention of events after
   *   `fromSequence` has ended, `details.firstSequence` is the first one that is kept; `VALIDATION_ERROR` (`Api`) for a
   *   `fromSequence` after the next event, which only a log can get that has lost its end; `AUDIT_EVENTS_MISSING` (`Api`) for
   *   lost events without `onMissing`, `details` has them
   *
   * @example
   * ```ts
   * const events = client.audit.follow({ fromSequence: await savedPosition(), onMissing: (gap) => alarm(gap) });
   * for await (const event of events) {
   *   await store(event);
   *   await savePosition(events.nextSequence);
   * }
   * ```
   */
  follow(options: FollowOptions = {}): Following {
    const { signal, intervalMs = 0 } = options;
    checkedNumber("intervalMs", intervalMs);
    const { clock } = this.engine;
    const sleep = (milliseconds: number) => clock.sleep(milliseconds, signal);
    return new Following((query) => this.list(query, { signal }), sleep, options);
  }
}

/** The context of a rule: bindings, settings, time and the facts of the request. It does not depend on Hono or on Request. */
import { type Database, openDatabase } from "./db/client.ts";
import { type Bindings, type Settings, settingsOf } from "./env.ts";
import type { OrganizationId } from "./ids.ts";

/** The network source of the request, for audit events and throttles. */
export interface Source {
  readonly ip: string;
  readonly userAgent: string;
}

export interface Context {
  readonly env: Bindings;
  readonly settings: Settings;
  readonly db: Database;
  readonly requestId: string;
  readonly source: Source;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Continues work after the response. The work must tolerate that the runtime ends it early. */
  defer(work: Promise<unknown>): void;
  /** Delivers the organization's pending events to all subscribers; see `events/relay.ts`. */
  relay(organizationId: OrganizationId, which?: RelayedEvents): Promise<void>;
}

/** What a query needs of a context. */
export type WithDb = Pick<Context, "db">;

/**
 * `changes`: the events of changes in D1; a request waits for these. `all`: also the events that the ledger itself writes.
 * There may be as many of them as tokens, so no request waits for them.
 */
export type RelayedEvents = "changes" | "all";

/** The part of a context that `worker.ts` provides. */
export type Relay = (context: Context, organizationId: OrganizationId, which: RelayedEvents) => Promise<void>;

/** The context of one request or one scheduled run. */
export function contextOf(
  env: Bindings,
  request: { readonly requestId: string; readonly source: Source },
  defer: (work: Promise<unknown>) => void,
  relay: Relay,
): Context {
  const context: Context = {
    env,
    settings: settingsOf(env),
    db: openDatabase(env.DB),
    requestId: request.requestId,
    source: request.source,
    now: () => Date.now(),
    defer,
    relay: (organizationId, which = "changes") => relay(context, organizationId, which),
  };
  return context;
}

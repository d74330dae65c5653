/** The context of a service function: bindings, settings, time and facts of the request, without Hono and `Request`. */
import type { Claim } from "./claim.ts";
import { type Database, openDatabase } from "./db/client.ts";
import { type Bindings, type Settings, settingsOf } from "./env.ts";
import type { OrganizationId } from "./ids.ts";

/** The sender of the request, for audit events and throttles. */
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
  /** Set while the rule of a request with an `Idempotency-Key` runs; see `access/idempotency/`. */
  readonly claim?: Claim;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Continues work after the response. The runtime can end it early. */
  defer(work: Promise<unknown>): void;
  /** Delivers the organization's pending events to all subscribers; see `events/relay.ts`. */
  relay(organizationId: OrganizationId, which?: RelayedEvents): Promise<void>;
}

/** What a query needs of a context. */
export type WithDb = Pick<Context, "db">;

/** `changes`: the events of changes in D1, for which a request waits. `all`: also the ledger's own events, as many as tokens. */
export type RelayedEvents = "changes" | "all";

/** `worker.ts` provides it. */
export type Relay = (context: Context, organizationId: OrganizationId, which: RelayedEvents) => Promise<void>;

/**
 * The context of one request or of one part of a scheduled run.
 *
 * @param database in place of the bound one
 */
export function contextOf(
  env: Bindings,
  request: Pick<Context, "requestId" | "source">,
  defer: (work: Promise<unknown>) => void,
  relay: Relay,
  database = env.DB,
): Context {
  const context: Context = {
    ...request,
    env: database === env.DB ? env : { ...env, DB: database },
    settings: settingsOf(env),
    db: openDatabase(database),
    now: () => Date.now(),
    defer,
    relay: (organizationId, which = "changes") => relay(context, organizationId, which),
  };
  return context;
}

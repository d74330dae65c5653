/** What a rule gets to work with: bindings, settings, time and the facts of the request. It knows no Hono and no Request. */
import { type Database, openDatabase } from "./db/client.ts";
import { type Bindings, type Settings, settingsOf } from "./env.ts";
import type { OrganizationId } from "./ids.ts";

/** Who sent the request, as far as the network says; it goes into audit events and throttles. */
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
  /** Lets work go on after the answer; it must survive being cut off. */
  defer(work: Promise<unknown>): void;
  /** Hands the organization's waiting events to everybody who listens; see `events/relay.ts`. */
  relay(organizationId: OrganizationId, which?: RelayedEvents): Promise<void>;
}

/**
 * The events of the changes in D1, which is what a request waits for; or all, with those that the ledger tells of. Of these
 * there may be as many as tokens, and a request waits for none of them.
 */
export type RelayedEvents = "changes" | "all";

/** The part of a context that the house puts together, see `worker.ts`. */
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

/** What a wing gives to the service. `app.ts` and `worker.ts` collect it and know nothing else of the wing. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./access/app-env.ts";
import type { Subscriber } from "./events/relay.ts";
import type { Context } from "./platform/context.ts";
import type { Tag } from "./platform/http/openapi.ts";
import type { MessageKind } from "./platform/messages.ts";

/** Calls the service from within: the whole way of a request, without a network. */
export type CallApp = (context: Context, request: Request) => Promise<Response>;

/** A part of the scheduled run. It may be cut off at any point, and the next run must go on from there. */
export type Scheduled = (context: Context, callApp: CallApp) => Promise<void>;

export interface Wing {
  /** The routers of the rooms, by the path that they are mounted at. */
  readonly routes: Readonly<Record<"/" | "/api/v1", readonly OpenAPIHono<AppEnv>[]>>;
  /** The headings of the API reference. */
  readonly tags: readonly Tag[];
  /** Each gets the events of every organization. */
  readonly subscribers: readonly Subscriber[];
  /** The parts of the scheduled run work side by side; one that fails holds up no other. */
  readonly scheduled: readonly Scheduled[];
  /** The same, after all of `scheduled`: for what measures how those have left things. */
  readonly scheduledLast?: readonly Scheduled[];
  /** The messages of the queue that this wing sends and handles. */
  readonly messages: readonly MessageKind<unknown>[];
}

/** The interface of a wing: all that `app.ts` and `worker.ts` know of it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./access/app-env.ts";
import type { Subscriber } from "./events/relay.ts";
import type { BaseEnv } from "./platform/http/app-env.ts";
import type { Tag } from "./platform/http/openapi.ts";
import type { MessageKind } from "./platform/messages.ts";
import type { ScheduledPart } from "./platform/scheduled.ts";

export interface Wing {
  /** The routers of the rooms, by their mount path. */
  readonly routes: Readonly<Record<"/" | "/api/v1", readonly OpenAPIHono<AppEnv>[]>>;
  /** The answer to a request while a setting of the service is broken; null for a path that has none. */
  readonly withoutSettings?: (request: Request) => Response | null;
  /** The headings of the API reference. */
  readonly tags: readonly Tag[];
  /** Adds to the OpenAPI document what is no route. */
  readonly describe?: (app: OpenAPIHono<BaseEnv>) => void;
  /** Each gets the events of every organization. */
  readonly subscribers: readonly Subscriber[];
  /** They run concurrently; the failure of one does not stop the others. */
  readonly scheduled: readonly ScheduledPart[];
  /** They run after all of `scheduled`, to measure its results. */
  readonly scheduledLast?: readonly ScheduledPart[];
  /** The queue messages that this wing sends and handles. */
  readonly messages: readonly MessageKind<unknown>[];
}

/** The columns that `deliveries/` works with, in whichever tables it is given. */
import { integer, text } from "drizzle-orm/sqlite-core";

export const deliveryStatuses = ["pending", "delivered", "failed", "dead_letter"] as const;

/** Of a table of deliveries; beside them it has an `id`, an `endpointId` and what is sent. */
export const deliveryColumns = () => ({
  status: text({ enum: deliveryStatuses }).notNull(),
  attemptCount: integer("attempt_count").notNull(),
  /** When the next attempt may be made; while one is under way, when it counts as lost. null when none is to come. */
  dueAt: integer("due_at"),
  /** While an attempt is under way: when it counts as lost. */
  claimedUntil: integer("claimed_until"),
  httpStatusCode: integer("http_status_code"),
  /** The beginning of what the endpoint answered last. */
  responseBody: text("response_body"),
  /** Why the last attempt failed. */
  error: text(),
  deliveredAt: integer("delivered_at"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

/** Of a table of endpoints; beside them it has an `id` and the URL. */
export const endpointColumns = () => ({
  active: integer({ mode: "boolean" }).notNull(),
  /** Deliveries in a row that were given up. */
  failureCount: integer("failure_count").notNull(),
  /** Until then the endpoint counts as slow and gets few requests at once; 0 for one that is not. */
  slowUntil: integer("slow_until").notNull(),
  /** Grows with every change that callers see. */
  updatedAt: integer("updated_at").notNull(),
});

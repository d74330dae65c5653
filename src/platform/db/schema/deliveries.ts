import { integer, text } from "drizzle-orm/sqlite-core";

export const deliveryStatuses = ["pending", "delivered", "failed", "dead_letter"] as const;

/** The columns that `deliveries/` needs in a table of deliveries, with `id`, `endpointId` and the message. */
export const deliveryColumns = () => ({
  status: text({ enum: deliveryStatuses }).notNull(),
  attemptCount: integer("attempt_count").notNull(),
  /** When the next attempt may begin; during an attempt, when it counts as lost. null when no attempt follows. */
  dueAt: integer("due_at"),
  /** During an attempt: when it counts as lost. */
  claimedUntil: integer("claimed_until"),
  httpStatusCode: integer("http_status_code"),
  /** The beginning of the endpoint's last response. */
  responseBody: text("response_body"),
  /** Why the last attempt failed. */
  error: text(),
  /** What was wrong with the endpoint's last response and did not decide. */
  note: text(),
  deliveredAt: integer("delivered_at"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

/**
 * The columns that `deliveries/` needs in a table of attempts, with `endpointId` and `deliveryId`. These two and `slot` must be its
 * primary key: an attempt replaces the one with its slot.
 */
export const attemptColumns = () => ({
  /** The remainder of `number`, by which a delivery keeps only its last attempts. */
  slot: integer().notNull(),
  /** From 1. It counts all attempts of the delivery, also those before it was repeated on request. */
  number: integer().notNull(),
  startedAt: integer("started_at").notNull(),
  /** null when there was no answer. */
  httpStatusCode: integer("http_status_code"),
  /** Why the attempt failed; null when it succeeded. */
  error: text(),
  durationMs: integer("duration_ms").notNull(),
});

/** The columns that `deliveries/` needs in a table of endpoints, with `id` and the URL. */
export const endpointColumns = () => ({
  active: integer({ mode: "boolean" }).notNull(),
  /** Consecutive deliveries that were given up. */
  failureCount: integer("failure_count").notNull(),
  /** Until then the endpoint counts as slow and gets few concurrent requests; 0 when it is not slow. */
  slowUntil: integer("slow_until").notNull(),
  /** Grows with every change that is visible to callers. */
  updatedAt: integer("updated_at").notNull(),
});

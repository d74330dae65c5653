import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The last result of each public control, from the scheduled task. */
export const controlResults = sqliteTable("control_results", {
  /** Such as `CC6.1`. */
  id: text().primaryKey(),
  status: text({ enum: ["pass", "fail", "unknown"] }).notNull(),
  /** The measurement. It is public. */
  evidence: text().notNull(),
  checkedAt: integer("checked_at").notNull(),
  /** The public `lastChecked`, where it is not the time of the measurement. */
  lastCheckedAt: integer("last_checked_at"),
  /** The progress of a measurement that takes more than one run. */
  progress: text({ mode: "json" }).$type<unknown>(),
});

/** What is measured of the service. */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** What the scheduled run last found out about each of the public controls. */
export const controlResults = sqliteTable("control_results", {
  /** Such as `CC6.1`. */
  id: text().primaryKey(),
  status: text({ enum: ["pass", "fail", "unknown"] }).notNull(),
  /** What was measured, for everybody to read. */
  evidence: text().notNull(),
  checkedAt: integer("checked_at").notNull(),
  /** How far a measurement has come that takes more than one run. */
  progress: text({ mode: "json" }).$type<unknown>(),
});

/** The D1 schema. Times are milliseconds since the epoch, ids are UUID v7 text. Migrations are generated from it. */
export * from "./schema/audit.ts";
export * from "./schema/deliveries.ts";
export * from "./schema/events.ts";
export * from "./schema/identity.ts";
export * from "./schema/trust.ts";
export * from "./schema/usage.ts";
export * from "./schema/values.ts";

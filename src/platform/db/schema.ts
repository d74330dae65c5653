/**
 * The D1 schema, one file a wing in `schema/`. Times are milliseconds since the epoch, ids are UUID v7 text. Migrations are
 * generated from it. Beside the tables are the closed sets of values that their columns hold, and the wire with them.
 */
export * from "./schema/assurance.ts";
export * from "./schema/deliveries.ts";
export * from "./schema/events.ts";
export * from "./schema/identity.ts";
export * from "./schema/keys.ts";
export * from "./schema/tenancy.ts";

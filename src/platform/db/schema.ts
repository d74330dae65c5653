/**
 * The D1 schema, one file for each wing in `schema/`. Times are milliseconds since the epoch, ids are UUID v7 text. Migrations
 * are generated from it. The closed sets of values are also those of the wire.
 */
export * from "./schema/access.ts";
export * from "./schema/assurance.ts";
export * from "./schema/deliveries.ts";
export * from "./schema/events.ts";
export * from "./schema/identity.ts";
export * from "./schema/keys.ts";
export * from "./schema/tenancy.ts";

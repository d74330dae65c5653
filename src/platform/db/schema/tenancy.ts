/** The tables of the wing `tenancy/`, in files by their rooms. */
export * from "./tenancy/audit.ts";
export * from "./tenancy/domains.ts";
export * from "./tenancy/organizations.ts";
export * from "./tenancy/usage.ts";
export * from "./tenancy/webhooks.ts";

import { sql } from "drizzle-orm";
import { integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { OrganizationId } from "../../ids.ts";

export const signingKeyStates = ["next", "current", "previous", "retired"] as const;
export const signingAlgs = ["ES256", "RS256"] as const;

/** The service's own signing keys. A retired or compromised key has no private part. */
export const signingKeys = sqliteTable(
  "signing_keys",
  {
    /** The `kid`. */
    id: text().primaryKey(),
    alg: text({ enum: signingAlgs }).notNull(),
    state: text({ enum: signingKeyStates }).notNull(),
    publicJwk: text("public_jwk", { mode: "json" }).$type<JsonWebKey>().notNull(),
    privateSealed: text("private_sealed"),
    createdAt: integer("created_at").notNull(),
    activatedAt: integer("activated_at"),
    replacedAt: integer("replaced_at"),
    retiredAt: integer("retired_at"),
    compromisedAt: integer("compromised_at"),
    /** A compromised key that is not retired yet: the last organization, in the order of ids, whose ledger has dropped it. */
    droppedThrough: text("dropped_through").$type<OrganizationId>(),
  },
  (table) => [
    uniqueIndex("signing_keys_one_current").on(table.alg).where(sql`state = 'current'`),
    uniqueIndex("signing_keys_one_next").on(table.alg).where(sql`state = 'next'`),
  ],
);

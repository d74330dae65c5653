/** What `wrangler.toml` and `migrations/` say, for Miniflare. It loads Wrangler, which takes more than a second. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, V4DurableObject } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import type { Migration } from "./built-worker.ts";
import { root } from "./wrangler.ts";

/** The bindings and settings of `wrangler.toml`, for Miniflare. */
export function configuredBindings(settings: Readonly<Record<string, string>>) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
  const { modulesRules: _, ...bindings } = workerOptions;
  return {
    ...bindings,
    durableObjects: (bindings.durableObjects ?? {}) as Record<string, string | V4DurableObject>,
    bindings: { ...(bindings.bindings as Record<string, Json>), ...settings },
  };
}

/** The files of `migrations/`, in their order. */
export function migrations(): Migration[] {
  const folder = join(root, "migrations");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => ({
    name,
    statements: unstable_splitSqlQuery(readFileSync(join(folder, name), "utf8")),
  }));
}

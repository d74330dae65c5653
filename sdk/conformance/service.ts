/** The built Worker with a data directory of its own, for the suite. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { applyMigrations, builtModules, dist } from "../../scripts/built-worker.ts";
import { configuredBindings, migrations } from "../../scripts/configured.ts";

export interface Service {
  readonly stop: () => Promise<void>;
}

/**
 * @param issuer the URL of the proxy: tokens and proofs are for what a client calls
 * @param pageOrigin whose pages may call the service from a browser
 */
export async function startService(
  port: number,
  issuer: string,
  setupToken: string,
  pageOrigin: string,
): Promise<Service> {
  const directory = await mkdtemp(join(tmpdir(), "agentidp-sdk-"));
  const key = () => `0:${randomBytes(32).toString("base64url")}`;
  const settings = {
    ENVIRONMENT: "development",
    KEY_ENCRYPTION_KEYS: key(),
    SECRET_HASH_KEYS: key(),
    ALLOWED_ORIGINS: pageOrigin,
  };
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      ...configuredBindings({ ...settings, ISSUER: issuer, SETUP_TOKEN: setupToken }),
      modules: builtModules(),
      modulesRoot: dist,
      log: new Log(LogLevel.ERROR),
      cf: false,
      host: "127.0.0.1",
      port,
      resourcePersistencePath: directory,
    }),
  );
  await worker.ready;
  await applyMigrations(await worker.getD1Database("DB"), migrations());
  return {
    stop: async () => {
      await worker.dispose();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The bindings from Cloudflare, and the settings among them, parsed once. */
import { parseSettings, type Settings, type SettingTexts } from "./settings.ts";

export { type Settings, SettingsError } from "./settings.ts";

/** What `wrangler.toml`, `.dev.vars` and `wrangler secret` bind. Every setting is text until {@link settingsOf} parses it. */
export interface Bindings extends SettingTexts {
  readonly DB: D1Database;
  readonly CACHE: KVNamespace;
  readonly ORG_LEDGER: DurableObjectNamespace;
  readonly DELEGATION_CHAIN: DurableObjectNamespace;
  readonly METRICS: DurableObjectNamespace;
  readonly WEBHOOK_QUEUE: Queue;
  /** The files of `web/dist`. */
  readonly ASSETS: Fetcher;
  readonly ISSUER: string;
  readonly KEY_ENCRYPTION_KEYS: string;
  readonly SECRET_HASH_KEYS: string;
}

const parsed = new WeakMap<object, Settings>();

/**
 * The settings of this Worker, parsed on the first call.
 *
 * @throws {SettingsError} with every setting that is missing or malformed
 */
export function settingsOf(env: Bindings): Settings {
  const present = parsed.get(env);
  if (present) return present;
  const settings = parseSettings(env);
  parsed.set(env, settings);
  return settings;
}

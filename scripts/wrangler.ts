/** Runs the installed Wrangler without prompts, banner and telemetry. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The root of the checkout. */
export const root = join(import.meta.dirname, "..");

const binary = join(root, "node_modules", "wrangler", "bin", "wrangler.js");

/** What Wrangler would write to the home directory, which is read-only in some containers. */
const home = join(root, ".wrangler", "home");

/** The environment that keeps Wrangler quiet, offline and in the checkout. */
export const quietEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  XDG_CONFIG_HOME: home,
  XDG_CACHE_HOME: home,
  // By name, because an old `~/.wrangler` comes before XDG_CONFIG_HOME.
  WRANGLER_REGISTRY_PATH: join(home, "registry"),
};

/** The command line of a Wrangler command, program first. */
export function wranglerCommand(...parameters: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, binary, ...parameters];
}

/**
 * Runs a Wrangler command and returns its standard output.
 *
 * @throws {Error} with all of its output, when it fails
 */
export function runWrangler(...parameters: readonly string[]): string {
  const [program, ...rest] = wranglerCommand(...parameters);
  const { status, stdout, stderr } = spawnSync(program, rest, {
    cwd: root,
    env: quietEnvironment,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  throw new Error(`\`wrangler ${parameters.join(" ")}\` failed:\n${stdout}${stderr}`);
}

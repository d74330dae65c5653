/**
 * The pages for browsers: `web/dist`, which the Worker serves (`[assets]` in wrangler.toml). It is built when its sources have
 * changed; only then are the packages of `web/` needed, and installed. `AGENTIDP_WEB=off` leaves the folder empty.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { dist, isBuilt } from "../web/build/sources.ts";
import { root } from "./wrangler.ts";

function run(...command: readonly string[]): void {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`\`node ${command.join(" ")}\` failed; what it said is above.`);
}

/**
 * Makes `web/dist` what the sources say.
 *
 * @throws {Error} when an installation or the build fails
 */
export function buildWebIfChanged(): void {
  if (process.env.AGENTIDP_WEB === "off") {
    rmSync(dist, { recursive: true, force: true });
    // Wrangler does not start without the folder.
    mkdirSync(dist, { recursive: true });
    return;
  }
  if (isBuilt()) return;
  console.log("Building the pages for browsers (web/dist).");
  run("scripts/install.mjs", "web");
  run(join("web", "build", "build.ts"));
}

if (import.meta.main) buildWebIfChanged();

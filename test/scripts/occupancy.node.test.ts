/** `npm start` in a directory that is served already. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const quiet = "--disable-warning=ExperimentalWarning";
let directory: string;
let holder: ChildProcess | null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "occupancy-"));
  holder = null;
});

afterEach(() => {
  holder?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** A process that holds the directory, as a running `npm start` does. */
async function hold(url: string): Promise<ChildProcess> {
  const module = JSON.stringify(join(root, "scripts", "occupancy.ts"));
  const place = JSON.stringify(join(directory, ".wrangler"));
  const text = `import { occupy } from ${module};
    globalThis.held = occupy(${place}, ${JSON.stringify(url)});
    console.log("held");
    setInterval(() => undefined, 1000);`;
  holder = spawn(process.execPath, [quiet, "--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (holder.stdout) await once(holder.stdout, "data");
  return holder;
}

/** `npm start` in a copy of the programs. */
function start(port: number) {
  for (const folder of ["scripts", "web/build"])
    cpSync(join(root, folder), join(directory, folder), { recursive: true });
  cpSync(join(root, "package.json"), join(directory, "package.json"));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  const env = { ...process.env, PORT: `${port}` };
  const parameters = [quiet, join(directory, "scripts", "start.ts")];
  return spawnSync(process.execPath, parameters, { cwd: directory, env, encoding: "utf8" });
}

it("names the one that runs, also for its own port, and changes nothing", async () => {
  await hold("http://localhost:8813");
  const { status, stdout, stderr } = start(8813);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("This directory already runs at http://localhost:8813. Use that one, or stop it first.");
  expect(existsSync(join(directory, ".dev.vars"))).toBe(false);
});

it("takes the place of one that was killed, and of one that has ended its Worker", async () => {
  const { occupy } = await import("../../scripts/occupancy.ts");
  const killed = await hold("http://localhost:8813");
  killed.kill("SIGKILL");
  await once(killed, "exit");
  const place = join(directory, ".wrangler");
  occupy(place, "http://localhost:8814").release();
  const again = occupy(place, "http://localhost:8815");
  expect(() => occupy(place, "http://localhost:8816")).toThrow("already runs at http://localhost:8815");
  again.release();
});

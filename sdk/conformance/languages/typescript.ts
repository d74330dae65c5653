/** Packs `@sentryagent/idp-sdk`, installs the packed file into a project of its own, and runs its tests there. */
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SuiteSettings } from "../run.ts";

const root = join(import.meta.dirname, "../../..");
const library = join(root, "sdk/typescript");
const run = promisify(execFile);

/** The last lines of a report in TAP: `# pass 12`. */
const counted = (report: string, name: string): number =>
  Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(report)?.[1] ?? 0);

export async function testTypescript(
  settings: SuiteSettings,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const npm = (cwd: string, ...options: string[]) => run("npm", options, { cwd, maxBuffer: 1e8 });
  for (const folder of ["sdk/typescript", "sdk/conformance/judge"])
    await run(process.execPath, [join(root, "scripts/install.mjs"), folder]);
  const project = await mkdtemp(join(tmpdir(), "agentidp-sdk-typescript-"));
  try {
    await npm(library, "pack", "--pack-destination", project);
    const { version } = JSON.parse(await readFile(join(library, "package.json"), "utf8"));
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    const packed = `./sentryagent-idp-sdk-${version}.tgz`;
    await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", packed);
    await cp(join(library, "test"), join(project, "test"), { recursive: true });
    const report = await new Promise<string>((resolve, reject) => {
      const options = ["--test", "--test-reporter=tap", "--test-concurrency=1", "test/*.test.ts"];
      const env = { ...process.env, ...settings, AGENTIDP_SDK_FOLDER: library };
      const child = spawn(process.execPath, options, { cwd: project, env, stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => {
        text += chunk;
        process.stdout.write(chunk);
      });
      child.on("error", reject);
      child.on("exit", () => resolve(text));
    });
    const [passed, failed] = [counted(report, "pass"), counted(report, "fail")];
    // A file that does not start has no counts.
    return passed + failed === 0 ? { passed: 0, failed: 1 } : { passed, failed };
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

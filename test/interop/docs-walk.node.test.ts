/** `npm run docs:walk` in a fresh clone: every command of README.md, the quick start and the guides, in one shell. */
import { execFile, spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blocksOf, followedPages } from "../../scripts/docs/pages.ts";
import { freePort } from "../../scripts/port.ts";
import { root } from "../house/_source.ts";

let clone: string;

/** What a clone has: the files of git, as they are here. */
function filesOfClone(): string[] {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return stdout.split("\n").filter((path) => path !== "" && !path.startsWith("test/"));
}

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), "agentidp-clone-"));
  for (const path of filesOfClone()) await cp(join(root, path), join(clone, path));
  await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  // The pages for browsers are built already; without the tests, which documents link to, they cannot be built.
  await cp(join(root, "web/dist"), join(clone, "web/dist"), { recursive: true });
});
afterAll(() => rm(clone, { recursive: true, force: true, maxRetries: 5 }));

it("follows every page, and says how long it took", async () => {
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    PORT: String(await freePort()),
    NODE_OPTIONS: "",
  };
  const { stdout } = await promisify(execFile)(process.execPath, ["scripts/docs-walk.ts"], { cwd: clone, env });
  const lines = stdout.trim().split("\n");
  expect(lines.slice(1, -1).map((line) => line.split(":")[0])).toEqual(
    followedPages().filter((page) => page !== "README.md" && blocksOf(page).some(({ language }) => language === "sh")),
  );
  expect(lines.at(-1)).toMatch(/^All \d+ blocks of \d+ pages ran, in \d+\.\d s\.$/);
}, 600_000);

/** Where the tests have their databases. workerd waits for the disk after each write, and that takes longer than most tests do. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Linux has a file system in memory here. A container can have a small one. */
const inMemory = "/dev/shm";
const enoughBytes = 2 ** 30;

/** Some tests build programs there and run them, and a container can forbid that. */
const mountOptions = (directory: string) =>
  readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, place]) => place === directory)
    .flatMap(([, , , options = ""]) => options.split(","));

function isUsable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    if (mountOptions(directory).includes("noexec")) return false;
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= enoughBytes;
  } catch {
    return false;
  }
}

/** Lets this process and those that it starts have their temporary files in memory, where that is possible. */
export function keepTemporaryFilesInMemory(): void {
  // Vitest evaluates its configuration several times.
  if (process.env.TMPDIR?.startsWith(inMemory) || !isUsable(inMemory)) return;
  const directory = mkdtempSync(join(inMemory, "agentidp-tests-"));
  process.env.TMPDIR = directory;
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  process.once("SIGTERM", () => process.exit(143));
}

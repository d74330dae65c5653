/** Where the tests have their databases. workerd waits for the disk after each write, and that takes longer than most tests do. */
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Linux has a file system in memory here. A container can have a small one. */
const inMemory = "/dev/shm";
const enoughBytes = 2 ** 30;

function isUsable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
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

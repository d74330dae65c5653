/** One local Worker a checkout. Two on one database refuse each other's writes and tokens, and each moves `ISSUER` to its own port. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Advice } from "./advice.ts";

/** SQLITE_BUSY (https://sqlite.org/rescode.html#busy). */
const busy = 5;

/** The hold of this process on a directory. */
export interface Occupancy {
  /** Lets the next program in. The end of the process does it too. */
  release(): void;
}

/** The URL that the holder wrote; null in the moment before it has. */
function holderOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch {
    return null;
  }
}

/**
 * Occupies a directory until the process ends. The lock is one of the operating system, through SQLite: a process that is killed
 * leaves none, and no id of a process has to be judged.
 *
 * @param directory is made when it is missing
 * @param url where this process will serve, for the message to the next one
 * @throws {Advice} when another process holds the directory; it names that one's URL
 */
export function occupy(directory: string, url: string): Occupancy {
  mkdirSync(directory, { recursive: true });
  const holderPath = join(directory, "running-at");
  const lock = new DatabaseSync(join(directory, "running.lock"));
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    const holder = holderOf(holderPath);
    throw new Advice(
      `This directory already runs${holder ? ` at ${holder}` : ""}. Use that one, or stop it first.\n` +
        "For a second service beside it, make another clone, and start it there with another port: PORT=8788 npm start",
    );
  }
  writeFileSync(holderPath, `${url}\n`);
  return {
    release: () => {
      if (!lock.isOpen) return;
      rmSync(holderPath, { force: true });
      lock.close();
    },
  };
}
